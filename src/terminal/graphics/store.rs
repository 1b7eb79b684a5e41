//! The pictures that a pane's program transmitted, their placements, and the limits of both.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use bytes::Bytes;

use super::control::Control;
use super::frames::Change;
use super::pixels::{Clip, Inset, Pixels, Region, deflate};
use crate::base::placeholder::FIRST_PLACED;

/// Bytes of pictures kept for one pane, as transmitted. A new picture evicts those that were unused
/// for longest, those without a placement first; a single picture above the limit is refused
/// (`EFBIG`).
pub(crate) const MAX_PANE_BYTES: usize = 64 << 20;
/// The same limit for all panes of a server; if a pane has no picture of its own left to evict, a
/// new picture is refused (`ENOSPC`).
const MAX_SERVER_BYTES: usize = 256 << 20;
/// Pictures kept for one pane; beyond it, the one that was unused for longest is dropped.
const MAX_PICTURES: usize = 1024;
/// Placements of one picture; one more is refused (`ENOSPC`).
const MAX_PLACEMENTS: usize = 1024;
/// Frames and commands of animations kept for one picture; one more is refused (`ENOSPC`).
const MAX_STEPS: usize = 4096;
/// Longest side of a picture in pixels; a larger one is refused (`EINVAL`).
pub(super) const MAX_PIXELS: u32 = 10_000;

/// Encoding of a picture's data.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum Format {
    Rgb,
    Rgba,
    Png,
}

impl Format {
    /// The protocol's number for the format.
    pub fn number(self) -> u32 {
        match self {
            Self::Rgb => 24,
            Self::Rgba => 32,
            Self::Png => 100,
        }
    }

    /// Bytes of a pixel, if the format is not compressed.
    pub fn depth(self) -> Option<usize> {
        match self {
            Self::Rgb => Some(3),
            Self::Rgba => Some(4),
            Self::Png => None,
        }
    }
}

/// Format and size of a picture's or a frame's data, as transmitted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Shape {
    pub format: Format,
    /// Width and height in pixels.
    pub width: u32,
    pub height: u32,
    /// True if compressed with zlib.
    pub compressed: bool,
    /// Size of the data before compression, if the program sent it (`S`).
    pub unpacked: u32,
}

/// Bytes that count against the server's limit until they are dropped.
#[derive(Debug)]
pub struct Data(Bytes);

static TAKEN: AtomicUsize = AtomicUsize::new(0);

impl Data {
    /// `None` if the server has no room for them.
    pub fn new(bytes: Bytes) -> Option<Self> {
        let len = bytes.len();
        let taken = TAKEN.fetch_add(len, Ordering::Relaxed);
        let data = Self(bytes);
        (taken + len <= MAX_SERVER_BYTES).then_some(data)
    }

    pub fn bytes(&self) -> &Bytes {
        &self.0
    }
}

impl Drop for Data {
    fn drop(&mut self) {
        TAKEN.fetch_sub(self.0.len(), Ordering::Relaxed);
    }
}

/// A picture as transmitted. A later picture with the same id has another serial.
#[derive(Debug)]
pub struct Picture {
    pub serial: u64,
    pub shape: Shape,
    /// Empty until it was read from `file`.
    pub data: Data,
    /// Name of the file that has the data, or will have it.
    pub file: OnceLock<String>,
    /// True once the file exists.
    pub in_file: AtomicBool,
    /// True if a reader or writer of that file was started.
    pub is_taken: AtomicBool,
}

impl Picture {
    pub fn new(shape: Shape, data: Data) -> Self {
        static SERIALS: AtomicU64 = AtomicU64::new(1);
        let serial = SERIALS.fetch_add(1, Ordering::Relaxed);
        let (in_file, is_taken) = Default::default();
        Self { serial, shape, data, file: OnceLock::new(), in_file, is_taken }
    }

    /// A picture whose data is in a file that an earlier server wrote.
    pub fn in_file(shape: Shape, file: String) -> Self {
        let data = Data(Bytes::new());
        Self { file: file.into(), in_file: AtomicBool::new(true), ..Self::new(shape, data) }
    }

    /// What a placement shows of it as a picture of its own; `None` if it cannot be decoded, or without
    /// room.
    pub fn clip(&self, clip: Clip) -> Option<Self> {
        let part = Pixels::decode(&self.shape, self.data.bytes())?.clip(clip);
        packed(&part).map(|(shape, data)| Self::new(shape, data))
    }

    /// Reports whether the data has not been read yet.
    pub fn is_missing(&self) -> bool {
        self.data.bytes().is_empty()
    }
}

/// Pixels as a terminal gets them; `None` if there are none, or without room.
fn packed(pixels: &Pixels) -> Option<(Shape, Data)> {
    let (width, height) = (pixels.width, pixels.height);
    if width == 0 || height == 0 {
        return None;
    }
    let data = Data::new(deflate(&pixels.rgba)?.into())?;
    Some((Shape { format: Format::Rgba, width, height, compressed: true, unpacked: 0 }, data))
}

/// A frame of an animation, or a command about one, in the order of arrival.
#[derive(Clone, Debug)]
pub struct Step {
    /// Counts all steps of its picture, including dropped ones.
    pub number: u64,
    /// `a` (control), `c` (compose) or `f` (frame).
    pub action: u8,
    pub control: Control,
    /// Data of a frame.
    pub data: Option<Arc<Data>>,
}

impl Step {
    fn len(&self) -> usize {
        self.data.as_ref().map_or(0, |data| data.bytes().len())
    }

    /// A step that does the same to a part of the picture: `frame` is what the part shows after it, if it is
    /// one about pixels. `None` without room.
    pub(crate) fn of_part(&self, change: Change, frame: Option<Pixels>) -> Option<Self> {
        let Some(frame) = frame else { return Some(self.clone()) };
        let (shape, data) = packed(&frame)?;
        let mut control = Control::default();
        let numbers = [(b'f', shape.format.number()), (b's', shape.width), (b'v', shape.height)];
        numbers.into_iter().for_each(|(key, number)| control.set(key, number));
        control.set(b'o', u32::from(b'z'));
        control.set(b'X', 1);
        if let Change::Changed(number) = change {
            control.set(b'r', number);
        }
        if self.action == b'f' {
            control.set(b'z', self.control.get(b'z'));
        }
        Some(Self { number: self.number, action: b'f', control, data: Some(Arc::new(data)) })
    }

    /// Reports whether this step copies from the frame that an earlier one changed.
    fn reads(&self, changed: &Self) -> bool {
        let frame = changed.control.get(b'r');
        changed.action == b'f'
            && match self.action {
                b'c' => self.control.get(b'r') == frame,
                b'f' => self.control.get(b'c') == frame,
                _ => false,
            }
    }

    /// Reports whether this step undoes everything that an earlier one did.
    fn replaces(&self, other: &Self) -> bool {
        let same = |keys: &[u8]| keys.iter().all(|key| self.control.get(*key) == other.control.get(*key));
        let given = |step: &Self| b"srzcv".map(|key| step.control.has(key));
        self.action == other.action
            && match self.action {
                b'a' => same(b"r") && given(self) == given(other),
                b'f' => self.control.has(b'r') && self.control.get(b'X') == 1 && same(b"rxysv"),
                _ => false,
            }
    }
}

/// Position and size at which to show a picture.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Placement {
    /// Number of the placement, which cells carry as their underline colour.
    pub number: u32,
    /// The id that the program gave it; 0 for none.
    pub id: u32,
    /// True if the program itself prints the cells.
    pub is_virtual: bool,
    pub cols: u32,
    pub rows: u32,
    pub z: i32,
    /// Logical line of its last row; `None` on the alternate screen, and if the program prints the
    /// cells.
    pub line: Option<u64>,
    /// Column of its first cell, which may be beside the screen.
    #[serde(default)]
    pub col: i64,
    /// The placement that it is relative to, with which it moves and goes.
    #[serde(default)]
    pub parent: Option<Parent>,
    /// The part of the picture that it shows; `None` for all of it.
    #[serde(default)]
    pub region: Option<Region>,
    /// The canvas on which the picture has its offset in the first cell.
    #[serde(default)]
    pub inset: Option<Inset>,
}

impl Placement {
    /// What the placement shows of its picture. An animation of all of it has no offset: its frames go to
    /// terminals as they came.
    pub fn clip(&self, entry: &Entry) -> Clip {
        let inset = self.inset.filter(|_| self.region.is_some() || entry.steps.is_empty());
        Clip { region: self.region, inset }
    }
}

/// A placement to which another is relative.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Parent {
    pub picture: u32,
    pub number: u32,
    /// Columns and rows from its first cell.
    pub offset: (i32, i32),
}

impl Parent {
    /// Picture and number.
    pub fn key(self) -> (u32, u32) {
        (self.picture, self.number)
    }
}

/// A picture, with the id that cells name.
#[derive(Debug)]
pub struct Entry {
    pub id: u32,
    /// The number that the program gave it; 0 for none.
    pub number: u32,
    pub picture: Arc<Picture>,
    pub placements: Vec<Placement>,
    pub steps: Vec<Step>,
    next_step: u64,
    used: u64,
}

impl Entry {
    pub fn len(&self) -> usize {
        self.picture.data.bytes().len() + self.steps.iter().map(Step::len).sum::<usize>()
    }

    /// The placement that a cell with `number` refers to.
    pub fn placement(&self, number: u32) -> Option<&Placement> {
        match number {
            0 => self.placements.iter().find(|place| place.is_virtual),
            _ => self.placements.iter().find(|place| place.number == number),
        }
    }
}

/// First id for pictures to which the program gave none.
const UNNAMED: u32 = 0xf000_0000;

/// See the module comment. Entries are in order of arrival.
#[derive(Debug, Default)]
pub struct Pictures {
    entries: Vec<Entry>,
    clock: u64,
    last_number: u32,
    last_unnamed: u32,
}

impl Pictures {
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn entries_mut(&mut self) -> impl Iterator<Item = &mut Entry> {
        self.entries.iter_mut()
    }

    pub fn get(&self, id: u32) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.id == id)
    }

    /// The picture that a command refers to, by id, or the newest with a number.
    pub fn of_command(&mut self, control: &Control) -> Option<&mut Entry> {
        self.clock += 1;
        let clock = self.clock;
        let (id, number) = (control.get(b'i'), control.get(b'I'));
        let entry = match (id, number) {
            (0, 0) => None,
            (0, number) => self.entries.iter_mut().rev().find(|entry| entry.number == number),
            (id, _) => self.entries.iter_mut().find(|entry| entry.id == id),
        }?;
        entry.used = clock;
        Some(entry)
    }

    /// Stores a picture under an id, a number or neither, replacing the entry with the id. Returns
    /// the picture's id; `None` without room.
    pub fn insert(&mut self, id: u32, number: u32, shape: Shape, data: Bytes) -> Option<u32> {
        self.entries.retain(|entry| id == 0 || entry.id != id);
        let data = self.make_room(data, None)?;
        let id = match (id, number) {
            (0, 0) => self.free_id(UNNAMED + self.last_unnamed % 0x0fff_ffff),
            (0, _) => self.free_id(1),
            (id, _) => id,
        };
        if id >= UNNAMED {
            self.last_unnamed = id - UNNAMED + 1;
        }
        if self.entries.len() >= MAX_PICTURES {
            self.evict(None);
        }
        self.clock += 1;
        self.entries.push(Entry {
            id,
            number,
            picture: Arc::new(Picture::new(shape, data)),
            placements: Vec::new(),
            steps: Vec::new(),
            next_step: 1,
            used: self.clock,
        });
        Some(id)
    }

    /// Restores an entry of an earlier server.
    pub fn restore(&mut self, (id, number): (u32, u32), picture: Arc<Picture>, placements: Vec<Placement>) {
        if id != 0 && self.entries.len() < MAX_PICTURES && self.get(id).is_none() {
            self.last_number = placements.iter().map(|place| place.number).fold(self.last_number, u32::max);
            let (steps, next_step, used) = (Vec::new(), 1, 0);
            self.entries.push(Entry { id, number, picture, placements, steps, next_step, used });
        }
    }

    /// Provides data that was in a file, to the pictures that need it.
    pub fn found(&mut self, file: &str, bytes: &Bytes) {
        let missed = |entry: &&Entry| {
            entry.picture.is_missing() && entry.picture.file.get().is_some_and(|name| name == file)
        };
        let missing: Vec<u32> = self.entries.iter().filter(missed).map(|entry| entry.id).collect();
        for id in missing {
            let Some(data) = self.make_room(bytes.clone(), Some(id)) else { return };
            if let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) {
                let mut picture = Picture::new(entry.picture.shape, data);
                (picture.file, picture.in_file) = (file.to_owned().into(), AtomicBool::new(true));
                picture.is_taken = AtomicBool::new(true);
                entry.picture = Arc::new(picture);
            }
        }
    }

    fn free_id(&self, first: u32) -> u32 {
        (first..=u32::MAX).find(|id| self.get(*id).is_none()).unwrap_or(first)
    }

    /// Bytes of the pane.
    pub fn len(&self) -> usize {
        self.entries.iter().map(Entry::len).sum()
    }

    /// Makes room for more data by evicting pictures that were unused for long, except `but`.
    fn make_room(&mut self, bytes: Bytes, but: Option<u32>) -> Option<Data> {
        if bytes.len() > MAX_PANE_BYTES {
            return None;
        }
        while self.len() + bytes.len() > MAX_PANE_BYTES {
            self.evict(but).then_some(())?;
        }
        loop {
            if let Some(data) = Data::new(bytes.clone()) {
                return Some(data);
            }
            self.evict(but).then_some(())?;
        }
    }

    /// Evicts the picture that was unused for longest, preferably one without placements. False if
    /// there is none.
    fn evict(&mut self, but: Option<u32>) -> bool {
        let candidates = self.entries.iter().enumerate().filter(|(_, entry)| Some(entry.id) != but);
        let oldest = candidates.min_by_key(|(_, entry)| (!entry.placements.is_empty(), entry.used));
        let Some((at, _)) = oldest else { return false };
        self.entries.remove(at);
        true
    }

    /// Adds a step to an animation; false without room.
    pub fn add_step(&mut self, id: u32, action: u8, control: &Control, data: Option<Bytes>) -> bool {
        let data = match data.map(|bytes| self.make_room(bytes, Some(id))) {
            Some(Some(data)) => Some(Arc::new(data)),
            Some(None) => return false,
            None => None,
        };
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) else { return false };
        let step = Step { number: entry.next_step, action, control: control.clone(), data };
        let steps = &entry.steps;
        let is_read = |at: usize| steps[at + 1..].iter().any(|later| later.reads(&steps[at]));
        let undone = (0..steps.len()).filter(|at| step.replaces(&steps[*at]) && !is_read(*at));
        let undone: Vec<u64> = undone.map(|at| steps[at].number).collect();
        entry.steps.retain(|old| !undone.contains(&old.number));
        if entry.steps.len() >= MAX_STEPS {
            return false;
        }
        entry.next_step += 1;
        entry.steps.push(step);
        true
    }

    /// Removes the animation of a picture: it becomes a new picture, which no client has received.
    pub fn drop_steps(&mut self, id: u32) {
        let Some(entry) = self.entries.iter_mut().find(|entry| entry.id == id) else { return };
        entry.steps.clear();
        let (shape, bytes) = (entry.picture.shape, entry.picture.data.bytes().clone());
        if let Some(data) = Data::new(bytes) {
            entry.picture = Arc::new(Picture::new(shape, data));
        }
    }

    /// Adds a placement, replacing one with the same id. Returns its number, and that of the
    /// replaced one. `None` without room.
    pub fn place(&mut self, id: u32, mut place: Placement) -> Option<(u32, Option<u32>)> {
        let taken = |entry: &Entry, number: u32| entry.placements.iter().any(|p| p.number == number);
        let last = &mut self.last_number;
        let entry = self.entries.iter_mut().find(|entry| entry.id == id)?;
        let same = entry.placements.iter().position(|old| place.id != 0 && old.id == place.id);
        let old = same.map(|at| entry.placements.remove(at).number);
        if entry.placements.len() >= MAX_PLACEMENTS {
            return None;
        }
        place.number = match place.id {
            id @ 1..=0xff_ffff if place.is_virtual => id,
            _ => loop {
                *last = (*last + 1).clamp(FIRST_PLACED, 0xff_fffe);
                if !taken(entry, *last) {
                    break *last;
                }
                if *last == 0xff_fffe {
                    *last = FIRST_PLACED - 1;
                }
            },
        };
        entry.placements.push(place);
        Some((place.number, old))
    }

    /// The first logical line in which a placement ends.
    pub fn first_line(&self) -> Option<u64> {
        self.entries.iter().flat_map(|entry| &entry.placements).filter_map(|place| place.line).min()
    }

    /// Reports whether there are placements whose cells the program did not print itself.
    pub fn has_placed(&self) -> bool {
        self.entries.iter().any(|entry| real(&entry.placements).next().is_some())
    }

    /// Removes placements for which `gone` is true and those relative to them, and with `free` the
    /// pictures that lose their last one. Returns picture and number of the removed placements, except
    /// virtual ones.
    pub fn remove(&mut self, free: bool, gone: impl FnMut(&Entry, &Placement) -> bool) -> Vec<(u32, u32)> {
        let mut removed = self.remove_these(free, gone);
        // Placements below those that were removed, level by level.
        while self.has_orphans() {
            let there: Vec<(u32, u32)> = self.all_placements().collect();
            let orphan = |_: &Entry, place: &Placement| {
                place.parent.is_some_and(|parent| !there.contains(&parent.key()))
            };
            removed.extend(self.remove_these(free, orphan));
        }
        removed
    }

    fn all_placements(&self) -> impl Iterator<Item = (u32, u32)> {
        self.entries.iter().flat_map(|entry| entry.placements.iter().map(|place| (entry.id, place.number)))
    }

    /// The placements that others are relative to.
    pub fn parents(&self) -> Vec<(u32, u32)> {
        let places = self.entries.iter().flat_map(|entry| &entry.placements);
        places.filter_map(|place| place.parent.map(Parent::key)).collect()
    }

    /// Gives the placements relative to `old` to `new`; returns them and their pictures.
    pub fn adopt_children(&mut self, old: (u32, u32), new: (u32, u32)) -> Vec<(u32, Placement)> {
        let mut found = Vec::new();
        for entry in &mut self.entries {
            for place in &mut entry.placements {
                if let Some(parent) = place.parent.as_mut().filter(|parent| parent.key() == old) {
                    (parent.picture, parent.number) = new;
                    found.push((entry.id, *place));
                }
            }
        }
        found
    }

    /// Notes the new place of a placement.
    pub fn moved(&mut self, picture: u32, number: u32, col: i64, line: Option<u64>) {
        let entry = self.entries.iter_mut().find(|entry| entry.id == picture);
        let places = entry.into_iter().flat_map(|entry| &mut entry.placements);
        places.filter(|place| place.number == number).for_each(|place| (place.col, place.line) = (col, line));
    }

    /// Reports whether there are relative placements whose parent is gone.
    fn has_orphans(&self) -> bool {
        let is_there = |(picture, number): (u32, u32)| {
            self.get(picture).is_some_and(|entry| entry.placement(number).is_some())
        };
        self.parents().into_iter().any(|parent| !is_there(parent))
    }

    fn remove_these(
        &mut self,
        free: bool,
        mut gone: impl FnMut(&Entry, &Placement) -> bool,
    ) -> Vec<(u32, u32)> {
        let mut removed = Vec::new();
        self.entries.retain_mut(|entry| {
            let places = std::mem::take(&mut entry.placements);
            let (out, kept): (Vec<_>, Vec<_>) = places.into_iter().partition(|place| gone(entry, place));
            entry.placements = kept;
            removed.extend(real(&out).map(|place| (entry.id, place.number)));
            let unnamed = entry.id >= UNNAMED;
            out.is_empty() || !entry.placements.is_empty() || !(free || unnamed)
        });
        removed
    }

    /// Removes pictures and their placements; returns the same as `remove`.
    pub fn forget(&mut self, mut gone: impl FnMut(&Entry) -> bool) -> Vec<(u32, u32)> {
        let mut removed = Vec::new();
        self.entries.retain(|entry| {
            let goes = gone(entry);
            if goes {
                removed.extend(real(&entry.placements).map(|place| (entry.id, place.number)));
            }
            !goes
        });
        removed.extend(self.remove(false, |_, _| false));
        removed
    }

    pub fn clear(&mut self) {
        self.entries.clear();
    }
}

/// Placements whose cells were not printed by the program.
fn real(places: &[Placement]) -> impl Iterator<Item = &Placement> {
    places.iter().filter(|place| !place.is_virtual)
}
