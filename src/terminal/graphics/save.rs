//! Pictures in a checkpoint: a record that describes them, and their data behind it.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::control::Control;
use super::load::Loading;
use super::store::{Data, Entry, MAX_PANE_BYTES, Picture, Placement, Shape};
use super::{Failure, Graphics};
use crate::base::codec::{Malformed, Reader};

/// Graphics state of a terminal, with lengths in place of the data.
#[derive(Default, Serialize, Deserialize)]
pub(crate) struct GraphicsRecord {
    used: bool,
    entries: Vec<EntryRecord>,
    loading: Option<LoadingRecord>,
}

#[derive(Serialize, Deserialize)]
struct EntryRecord {
    id: u32,
    number: u32,
    shape: Shape,
    /// Length of the data in the checkpoint; other data is in `file`.
    len: usize,
    file: Option<String>,
    placements: Vec<Placement>,
    steps: Vec<StepRecord>,
}

#[derive(Serialize, Deserialize)]
struct StepRecord {
    action: u8,
    control: Control,
    len: Option<usize>,
}

#[derive(Serialize, Deserialize)]
struct LoadingRecord {
    control: Control,
    len: usize,
    failed: bool,
}

impl Graphics {
    /// Makes the record and appends at most `left` bytes of data to `data`, those of the newest
    /// pictures. `known`: the program may use the protocol now.
    pub(crate) fn save(&self, known: bool, mut left: usize, data: &mut Vec<u8>) -> GraphicsRecord {
        // Keep pictures with data here or in a file: a file that is being written now may exist
        // when it is needed.
        let mut kept = Vec::new();
        for entry in self.pictures.entries().iter().rev() {
            let data = entry.picture.data.bytes().len();
            let steps = entry.len() - data;
            let here = !entry.picture.in_file.load(Ordering::Relaxed) && data + steps <= left;
            let len = steps + if here { data } else { 0 };
            if len <= left && (here || entry.picture.file.get().is_some()) {
                left -= len;
                kept.push((entry, here));
            }
        }
        kept.reverse();
        let entries = kept.into_iter().map(|(entry, here)| EntryRecord::of(entry, here, data)).collect();
        let loading = self.loading.as_ref().map(|loading| {
            let fits = loading.data.len() <= left;
            let bytes = if fits { &loading.data[..] } else { &[] };
            data.extend_from_slice(bytes);
            LoadingRecord {
                control: loading.control.clone(),
                len: bytes.len(),
                failed: loading.failed.is_some() || !fits,
            }
        });
        GraphicsRecord { used: self.used || known, entries, loading }
    }

    /// Reads the output of `save`.
    pub(crate) fn load(record: GraphicsRecord, input: &mut Reader) -> Result<Self, Malformed> {
        let mut graphics = Self { used: record.used, ..Self::default() };
        let mut take = |len: usize| {
            let len = Some(len).filter(|len| *len <= MAX_PANE_BYTES).ok_or(Malformed)?;
            Ok::<_, Malformed>(Bytes::copy_from_slice(input.bytes(len)?))
        };
        for entry in record.entries {
            let picture = match entry.file {
                Some(file) => Picture::in_file(entry.shape, file),
                None => Picture::new(entry.shape, Data::new(take(entry.len)?).ok_or(Malformed)?),
            };
            let picture = Arc::new(picture);
            graphics.pictures.restore((entry.id, entry.number), picture, entry.placements);
            for step in entry.steps {
                let data = step.len.map(&mut take).transpose()?;
                graphics.pictures.add_step(entry.id, step.action, &step.control, data);
            }
        }
        graphics.loading = match record.loading {
            Some(LoadingRecord { control, len, failed }) => {
                let failed = failed.then(|| Failure::new("EIO", "the data was lost"));
                Some(Box::new(Loading { control, data: take(len)?.to_vec(), failed }))
            }
            None => None,
        };
        Ok(graphics)
    }
}

impl EntryRecord {
    fn of(entry: &Entry, here: bool, data: &mut Vec<u8>) -> Self {
        let file = entry.picture.file.get().filter(|_| !here).cloned();
        let own = if file.is_some() { &[][..] } else { entry.picture.data.bytes() };
        data.extend_from_slice(own);
        let steps = entry.steps.iter().map(|step| {
            let bytes = step.data.as_ref().map(|data| data.bytes());
            bytes.iter().for_each(|bytes| data.extend_from_slice(bytes));
            let len = bytes.map(Bytes::len);
            StepRecord { action: step.action, control: step.control.clone(), len }
        });
        Self {
            id: entry.id,
            number: entry.number,
            shape: entry.picture.shape,
            len: own.len(),
            file,
            placements: entry.placements.clone(),
            steps: steps.collect(),
        }
    }
}
