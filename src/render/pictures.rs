//! Pictures of panes on a client's terminal that knows kitty's graphics protocol.
//!
//! Panes name their pictures by ids of their own. Here each picture that comes into view gets an id
//! of the client's terminal, is transmitted once, in pieces between frames, and is placed there as
//! a virtual placement of the same size. Its cells are drawn when the terminal has all of the
//! picture; until then they are blank. A picture that no pane has any more is freed on the
//! terminal.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;

use super::crops::{Crops, Making};
use super::sixels::Sixels;
use crate::base::placeholder::Part;
use crate::terminal::graphics::{Data, Entry, Picture, Placement, Shape, Step};

/// Bytes of data in one command: 4096 in base64, which is the protocol's limit.
const CHUNK: usize = 3072;
/// Bytes of unpacked pictures that a client's terminal is expected to hold. Beyond it, the pictures
/// that were out of view for longest are freed, and transmitted again when they come into view.
const MAX_SHOWN_BYTES: u64 = 200 << 20;
/// Most pictures on a client's terminal; beyond it, pictures are freed as above.
const MAX_SHOWN: usize = 512;

/// Commands queued for a terminal; further steps of animations are queued with a later frame.
const MAX_JOBS: usize = 8192;

/// A picture that the terminal has, or that is being transmitted.
#[derive(Debug)]
struct Sent {
    /// The picture's id on the terminal.
    id: u32,
    picture: Weak<Picture>,
    serial: u64,
    places: Vec<Place>,
    /// Number of the last queued step of its animation.
    steps: u64,
    /// Number of the last frame that showed it.
    frame: u64,
    bytes: u64,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    /// Number of the picture in the pane.
    number: u32,
    size: (u32, u32),
    /// True if the terminal has all of it.
    ready: bool,
}

/// Output for the terminal.
#[derive(Debug)]
enum Job {
    Transmit { id: u32, picture: Weak<Picture> },
    Place { id: u32, number: u32 },
    Step { id: u32, control: String, data: Option<Weak<Data>> },
    Free { id: u32 },
}

/// Data in transmission, chunk by chunk.
#[derive(Debug)]
struct Sending {
    id: u32,
    data: Bytes,
    at: usize,
    /// Control data of the first chunk, and of all others.
    first: String,
    rest: &'static str,
}

/// See the module comment.
#[derive(Default)]
pub struct FramePictures {
    /// True if the terminal knows the protocol.
    pub enabled: bool,
    /// The pictures as sixel, for a terminal that knows only that.
    pub sixels: Sixels,
    crops: Crops,
    /// Upper half of all ids on the terminal, so that several servers in one terminal have
    /// different ids.
    space: u16,
    last: u16,
    sent: Vec<Sent>,
    jobs: VecDeque<Job>,
    sending: Option<Sending>,
    frame: u64,
    /// True if pictures can be shown that could not when the last frame was made.
    news: bool,
}

impl FramePictures {
    pub fn new(space: u16) -> Self {
        Self { space, ..Self::default() }
    }

    /// Frees pictures that no pane has any more; called before a frame is composed.
    pub fn begin_frame(&mut self) {
        self.frame += 1;
        self.news = false;
        self.crops.begin_frame();
        let gone = self.sent.extract_if(.., |sent| sent.picture.strong_count() == 0);
        let gone: Vec<u32> = gone.map(|sent| sent.id).collect();
        gone.into_iter().for_each(|id| self.free(id));
    }

    fn free(&mut self, id: u32) {
        if self.sending.as_ref().is_some_and(|sending| sending.id == id) {
            // The command that frees it also ends its transmission.
            self.sending = None;
        }
        let of_it = |job: &Job| match job {
            Job::Transmit { id, .. } | Job::Place { id, .. } | Job::Step { id, .. } | Job::Free { id } => *id,
        };
        self.jobs.retain(|job| of_it(job) != id);
        self.jobs.push_back(Job::Free { id });
    }

    /// Translates a part of a picture for the terminal, with its id there. `None` while the
    /// terminal does not have all of the picture.
    pub fn show(&mut self, part: Part, entry: &Entry, place: &Placement) -> Option<Part> {
        let clip = place.clip(entry);
        let picture = match clip.is_whole() {
            false => self.crops.get(&entry.picture, clip)?,
            true => entry.picture.clone(),
        };
        let serial = picture.serial;
        let at = match self.sent.iter().position(|sent| sent.serial == serial) {
            Some(at) => at,
            None => self.begin(&picture)?,
        };
        let frame = self.frame;
        let sent = &mut self.sent[at];
        sent.frame = frame;
        let id = sent.id;
        let size = (place.cols, place.rows);
        let known = sent.places.iter_mut().find(|known| known.number == place.number);
        let ready = match known {
            Some(known) if known.size == size => known.ready,
            other => {
                let new = Place { number: place.number, size, ready: false };
                match other {
                    Some(known) => *known = new,
                    None => sent.places.push(new),
                }
                self.jobs.push_back(Job::Place { id, number: place.number });
                false
            }
        };
        let queued = sent.steps;
        let of_part;
        let steps = match clip.is_whole() {
            true => &entry.steps[..],
            false => {
                of_part = self.crops.steps(&entry.picture, clip, &entry.steps);
                &of_part[..]
            }
        };
        let new = steps.iter().filter(|step| step.number > queued);
        for step in new.take(MAX_JOBS.saturating_sub(self.jobs.len())) {
            sent.steps = step.number;
            self.jobs.push_back(step_job(id, step));
        }
        ready.then_some(Part { picture: id, placement: place.number, ..part })
    }

    /// Queues a picture for the terminal; returns its index in `sent`.
    fn begin(&mut self, picture: &Arc<Picture>) -> Option<usize> {
        let bytes = unpacked_bytes(picture);
        while !self.sent.is_empty()
            && (self.sent.len() >= MAX_SHOWN || self.shown_bytes() + bytes > MAX_SHOWN_BYTES)
        {
            let oldest = self.sent.iter().enumerate().min_by_key(|(_, sent)| sent.frame)?;
            // All pictures are in view, so exceed the limit.
            let (at, frame) = (oldest.0, oldest.1.frame);
            if frame >= self.frame {
                if self.sent.len() >= MAX_SHOWN {
                    return None;
                }
                break;
            }
            let id = self.sent.remove(at).id;
            self.free(id);
        }
        if self.sent.is_empty() {
            // End a transmission that a previous server may have left unfinished.
            self.jobs.push_back(Job::Free { id: u32::from(self.space) << 16 });
        }
        let id = self.new_id();
        let (serial, steps, frame) = (picture.serial, 0, self.frame);
        let weak = Arc::downgrade(picture);
        self.jobs.push_back(Job::Transmit { id, picture: weak.clone() });
        self.sent.push(Sent { id, picture: weak, serial, places: Vec::new(), steps, frame, bytes });
        Some(self.sent.len() - 1)
    }

    /// Work to be done beside the loop, after which the client is drawn.
    pub fn take_wanted(&mut self) -> Vec<Making> {
        self.sixels.take_wanted().chain(self.crops.take_wanted()).collect()
    }

    fn shown_bytes(&self) -> u64 {
        self.sent.iter().map(|sent| sent.bytes).sum()
    }

    fn new_id(&mut self) -> u32 {
        loop {
            self.last = self.last.wrapping_add(1).max(1);
            let id = u32::from(self.space) << 16 | u32::from(self.last);
            if self.sent.iter().all(|sent| sent.id != id) {
                return id;
            }
        }
    }

    /// Reports whether output is queued.
    pub fn is_waiting(&self) -> bool {
        self.sending.is_some() || !self.jobs.is_empty()
    }

    /// Reports whether a frame composed now would show more than the last one.
    pub fn has_news(&self) -> bool {
        self.news
    }

    /// Appends queued commands up to about `budget` bytes.
    pub fn write(&mut self, budget: usize, out: &mut Vec<u8>) {
        let end = out.len() + budget;
        while out.len() < end {
            if self.sending.is_some() {
                self.write_chunk(out);
            } else if let Some(job) = self.jobs.pop_front() {
                self.begin_job(job, out);
            } else {
                return;
            }
        }
    }

    /// Appends the rest of the picture in transmission: no other command of the protocol may come
    /// before its end.
    pub fn finish_sending(&mut self, out: &mut Vec<u8>) {
        while self.sending.is_some() {
            self.write_chunk(out);
        }
    }

    fn begin_job(&mut self, job: Job, out: &mut Vec<u8>) {
        match job {
            Job::Transmit { id, picture } => {
                let Some(picture) = picture.upgrade() else { return };
                let first = format!("a=t,i={id},q=2{}", shape_text(&picture.shape));
                let data = picture.data.bytes().clone();
                self.sending = Some(Sending { id, data, at: 0, first, rest: "" });
            }
            Job::Place { id, number } => {
                let sent = self.sent.iter_mut().find(|sent| sent.id == id);
                let place = sent.and_then(|sent| sent.places.iter_mut().find(|place| place.number == number));
                let Some(place) = place else { return };
                place.ready = true;
                self.news = true;
                let (cols, rows) = place.size;
                command(&format!("a=p,U=1,i={id},p={number},c={cols},r={rows},q=2"), &[], out);
            }
            Job::Step { id, control, data: None } => command(&format!("i={id},q=2{control}"), &[], out),
            Job::Step { id, control, data: Some(data) } => {
                let Some(data) = data.upgrade() else { return };
                let (first, data) = (format!("i={id},q=2{control}"), data.bytes().clone());
                self.sending = Some(Sending { id, data, at: 0, first, rest: "a=f," });
            }
            Job::Free { id } => command(&format!("a=d,d=I,i={id},q=2"), &[], out),
        }
    }

    fn write_chunk(&mut self, out: &mut Vec<u8>) {
        let Some(sending) = &mut self.sending else { return };
        let end = sending.data.len().min(sending.at + CHUNK);
        let more = u8::from(end < sending.data.len());
        let control = match sending.at {
            0 => format!("{},m={more}", sending.first),
            _ => format!("{}m={more}", sending.rest),
        };
        command(&control, &sending.data[sending.at..end], out);
        sending.at = end;
        if more == 0 {
            self.sending = None;
        }
    }

    /// Frees all pictures on the terminal before the client leaves it.
    pub fn stop(&mut self, out: &mut Vec<u8>) {
        for sent in &self.sent {
            command(&format!("a=d,d=I,i={},q=2", sent.id), &[], out);
        }
        self.forget();
    }

    /// Forgets all pictures: the terminal lost them, or is another one.
    pub fn forget(&mut self) {
        let sixels = std::mem::take(&mut self.sixels);
        *self = Self { enabled: self.enabled, sixels, space: self.space, last: self.last, ..Self::default() };
    }
}

/// Appends one command.
fn command(control: &str, data: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(b"\x1b_G");
    out.extend_from_slice(control.as_bytes());
    if !data.is_empty() {
        out.push(b';');
        out.extend_from_slice(STANDARD.encode(data).as_bytes());
    }
    out.extend_from_slice(b"\x1b\\");
}

/// Describes the format of data, as keys and values.
fn shape_text(shape: &Shape) -> String {
    let mut text = format!(",f={}", shape.format.number());
    if shape.format.depth().is_some() {
        text.push_str(&format!(",s={},v={}", shape.width, shape.height));
    }
    if shape.compressed {
        text.push_str(",o=z");
    }
    if shape.compressed && shape.unpacked != 0 {
        text.push_str(&format!(",S={}", shape.unpacked));
    }
    text
}

fn step_job(id: u32, step: &Step) -> Job {
    let action = char::from(step.action);
    let keys: &[u8] = match step.action {
        b'a' => b"srzcv",
        b'c' => b"rcxywhXYC",
        _ => b"fsvSoxycrzXY",
    };
    let control = format!(",a={action}{}", step.control.text(keys));
    Job::Step { id, control, data: step.data.as_ref().map(Arc::downgrade) }
}

/// Memory of a picture in a terminal that has unpacked it, in bytes.
fn unpacked_bytes(picture: &Picture) -> u64 {
    let pixels = u64::from(picture.shape.width) * u64::from(picture.shape.height);
    (pixels * 4).max(picture.data.bytes().len() as u64)
}

#[cfg(test)]
mod tests;
