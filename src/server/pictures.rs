//! Pictures that programs leave in files or shared memory (kitty's graphics protocol): read beside
//! the loop while the pane is held; and files for the next server.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

use nix::fcntl::OFlag;
use nix::sys::mman::{shm_open, shm_unlink};
use nix::sys::stat::Mode;

use crate::base::PaneId;
use crate::model::Cx;
use crate::model::host::{Hold, Work};
use crate::terminal::graphics::{Failure, MAX_PANE_BYTES, Picture, Request, Source};
use crate::transcript::picture_name;

use super::runtime::Runtime;
use super::world::World;

/// Pictures with fewer bytes are only in the pane's checkpoint.
const LEAST_STORED: usize = 16 << 10;
/// Directories whose files are not ordinary ones, except for those in `SHARED`.
const UNREAL: [&str; 3] = ["/proc", "/sys", "/dev"];
const SHARED: &str = "/dev/shm";

impl Runtime {
    /// Reads the file that a pane's program asks for, if any. True if there is one; the pane is
    /// then held.
    pub(super) fn read_picture(&mut self, pane: PaneId) -> bool {
        let Some(terminal) = self.server.panes.get(&pane).map(|p| p.terminal.clone()) else { return false };
        let Some(request) = terminal.lock().picture_request() else { return false };
        self.world.pump.set_held(&self.world.poller, pane, Hold::Picture, true);
        if !self.world.work.has_room_apart() {
            picture_read(&mut self.cx(), pane, Err(Failure::new("EAGAIN", "too many files are being read")));
            return true;
        }
        let work: Work = Box::new(move || {
            let result = read(&request);
            Box::new(move |cx| picture_read(cx, pane, result))
        });
        self.world.work.begin_apart(work);
        true
    }

    /// Stops waiting for a file, since the pane's program has ended.
    pub(super) fn give_up_picture(&mut self, pane: PaneId) {
        let Some(terminal) = self.server.panes.get(&pane).map(|p| p.terminal.clone()) else { return };
        if terminal.lock().picture_request().is_some() {
            picture_read(&mut self.cx(), pane, Err(Failure::new("EIO", "the program has ended")));
        }
    }
}

/// Passes a file's contents or the error to the program, and resumes its pane.
fn picture_read(cx: &mut Cx<'_>, pane: PaneId, result: Result<Vec<u8>, Failure>) {
    let Some(terminal) = cx.server.panes.get(&pane).map(|p| p.terminal.clone()) else { return };
    let mut terminal = terminal.lock();
    terminal.picture_read(result.map(Into::into));
    let replies = terminal.take_replies();
    drop(terminal);
    cx.host.pane_reply(pane, &replies);
    cx.host.pane_resume(pane, Hold::Picture);
    cx.server.mark_pane_changed(pane);
}

fn failed(error: &std::io::Error) -> Failure {
    let code = match error.raw_os_error() {
        Some(libc::ENOENT) => "ENOENT",
        Some(libc::EACCES | libc::EPERM) => "EPERM",
        _ => "EBADF",
    };
    Failure::new(code, "the file cannot be read")
}

/// Reads the requested data. Anything but a regular file is refused unopened, so that reading
/// cannot block or have side effects.
fn read(request: &Request) -> Result<Vec<u8>, Failure> {
    match request.source {
        Source::Shared => read_shared(request),
        Source::File | Source::Temporary => read_file(request),
    }
}

fn read_file(request: &Request) -> Result<Vec<u8>, Failure> {
    let path = Path::new(std::ffi::OsStr::from_bytes(&request.name));
    if !path.is_absolute() {
        return Err(Failure::new("EINVAL", "the path is not absolute"));
    }
    let path = fs::canonicalize(path).map_err(|error| failed(&error))?;
    if UNREAL.iter().any(|dir| path.starts_with(dir)) && !path.starts_with(SHARED) {
        return Err(Failure::new("EPERM", "files there are not read"));
    }
    // Checked before opening, since opening some files has side effects.
    let is_file = fs::metadata(&path).map_err(|error| failed(&error))?.is_file();
    if !is_file {
        return Err(Failure::new("EBADF", "this is no regular file"));
    }
    let flags = libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = File::options().read(true).custom_flags(flags).open(&path).map_err(|error| failed(&error))?;
    let data = read_part(file, request)?;
    if request.source == Source::Temporary && may_be_removed(&path) {
        // The file is the program's own; an error leaves it there.
        let _ = fs::remove_file(&path);
    }
    Ok(data)
}

/// Reports whether a file was made for this purpose, by its directory and path.
fn may_be_removed(path: &Path) -> bool {
    let own = std::env::var_os("TMPDIR").map(PathBuf::from).and_then(|dir| fs::canonicalize(dir).ok());
    let dirs = ["/tmp", SHARED].map(PathBuf::from).into_iter().chain(own);
    let marked = path.as_os_str().as_bytes().windows(21).any(|part| part == b"tty-graphics-protocol");
    marked && dirs.into_iter().any(|dir| path.starts_with(dir))
}

fn read_shared(request: &Request) -> Result<Vec<u8>, Failure> {
    let name = Path::new(std::ffi::OsStr::from_bytes(&request.name));
    let flags = OFlag::O_RDONLY | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let opened = shm_open(name, flags, Mode::empty()).map_err(std::io::Error::from);
    let data = read_part(opened.map_err(|error| failed(&error))?.into(), request);
    // Unlink in any case: nobody else will.
    let _ = shm_unlink(name);
    data
}

/// Reads the requested part of a file.
fn read_part(mut file: File, request: &Request) -> Result<Vec<u8>, Failure> {
    let found = file.metadata().map_err(|error| failed(&error))?;
    if !found.is_file() {
        return Err(Failure::new("EBADF", "this is no regular file"));
    }
    file.seek(SeekFrom::Start(request.offset.into())).map_err(|error| failed(&error))?;
    let most = MAX_PANE_BYTES as u64 + 1;
    let wanted = if request.size == 0 { most } else { most.min(request.size.into()) };
    let mut data = Vec::new();
    file.take(wanted).read_to_end(&mut data).map_err(|error| failed(&error))?;
    if data.len() > MAX_PANE_BYTES {
        return Err(Failure::new("EFBIG", "too much data"));
    }
    Ok(data)
}

/// Writes the current pictures of a pane to disk.
pub(super) fn keep(cx: &mut Cx<'_>, pane: PaneId) {
    let Some(p) = cx.server.panes.get(&pane) else { return };
    let terminal = p.terminal.lock();
    let pictures: Vec<_> = terminal.pictures().entries().iter().map(|entry| entry.picture.clone()).collect();
    drop(terminal);
    let fresh = pictures.iter().any(|picture| is_due(picture));
    let terminal = p.terminal.clone();
    cx.host.keep_pictures(pane, pictures);
    if fresh {
        terminal.lock().picture_stored();
    }
}

/// Reports whether a picture needs a file that no one has begun to write.
fn is_due(picture: &Picture) -> bool {
    picture.data.bytes().len() >= LEAST_STORED && !picture.is_taken.load(Ordering::Relaxed)
}

/// Starts to write pictures without a file, to read those that are only in a file, and to remove
/// files of dropped pictures. All of it runs beside the loop, in that order.
pub(super) fn store(world: &mut World, pane: PaneId, pictures: Vec<Arc<Picture>>) {
    let Some(handle) = world.histories.handle(pane) else { return };
    let held: BTreeSet<String> = pictures.iter().filter_map(|picture| picture.file.get().cloned()).collect();
    if !world.picture_files.contains_key(&pane) {
        // An earlier server may have left files of which its last checkpoint did not know.
        let (handle, held) = (handle.clone(), held.clone());
        world.work.begin(Box::new(move || {
            // A file that cannot be removed goes with the transcript.
            let _ = handle.remove_pictures_but(&held);
            Box::new(|_| {})
        }));
    }
    let files = world.picture_files.entry(pane).or_default();
    let gone: Vec<String> = files.difference(&held).cloned().collect();
    *files = held;
    for picture in pictures {
        let handle = handle.clone();
        if picture.is_missing() && !picture.is_taken.swap(true, Ordering::Relaxed) {
            world.work.begin(Box::new(move || {
                let name = picture.file.get().cloned().unwrap_or_default();
                let found = handle.read_picture(&name);
                Box::new(move |cx| found.into_iter().for_each(|data| show_found(cx, pane, &name, data)))
            }));
        } else if is_due(&picture) {
            picture.is_taken.store(true, Ordering::Relaxed);
            let name = picture.file.get_or_init(|| picture_name(picture.data.bytes())).clone();
            files.insert(name.clone());
            world.work.begin(Box::new(move || {
                // Without the file the picture is in the checkpoint, if there is room.
                let written = handle.write_picture(&name, picture.data.bytes()).is_ok();
                picture.in_file.store(written, Ordering::Relaxed);
                if Arc::strong_count(&picture) == 1 {
                    // The pane has dropped the picture meanwhile. A file that cannot be removed
                    // goes with the transcript.
                    let _ = handle.remove_picture(&name);
                }
                Box::new(|_| {})
            }));
        }
    }
    if !gone.is_empty() {
        world.work.begin(Box::new(move || {
            // A file that cannot be removed goes with the transcript.
            gone.iter().for_each(|name| _ = handle.remove_picture(name).is_ok());
            Box::new(|_| {})
        }));
    }
}

/// Handles a picture of an earlier server that was read.
fn show_found(cx: &mut Cx<'_>, pane: PaneId, name: &str, data: Vec<u8>) {
    let Some(p) = cx.server.panes.get(&pane) else { return };
    p.terminal.lock().picture_found(name, &data.into());
    cx.server.mark_pane_changed(pane);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn request(source: Source, name: &Path) -> Request {
        Request { source, name: name.as_os_str().as_bytes().to_vec(), offset: 0, size: 0 }
    }

    fn code(result: Result<Vec<u8>, Failure>) -> &'static str {
        result.map_or_else(|failure| failure.code, |_| "OK")
    }

    #[test]
    fn files_are_read_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("picture");
        fs::write(&path, b"0123456789").unwrap();
        assert_eq!(read(&request(Source::File, &path)), Ok(b"0123456789".to_vec()));
        let part = Request { offset: 2, size: 3, ..request(Source::File, &path) };
        assert_eq!(read(&part), Ok(b"234".to_vec()));
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert_eq!(code(read(&request(Source::File, &link))), "OK");
        let around = dir.path().join("around");
        std::os::unix::fs::symlink(&around, &around).unwrap();
        let pipe = dir.path().join("pipe");
        nix::unistd::mkfifo(&pipe, Mode::S_IRWXU).unwrap();
        for (path, expect) in [
            (around.as_path(), "EBADF"),
            (&pipe, "EBADF"),
            (dir.path(), "EBADF"),
            (&dir.path().join("none"), "ENOENT"),
            (Path::new("/dev/zero"), "EPERM"),
            (Path::new("/proc/self/environ"), "EPERM"),
            (Path::new("picture"), "EINVAL"),
        ] {
            assert_eq!(code(read(&request(Source::File, path))), expect, "{}", path.display());
        }
    }

    #[test]
    fn only_temporary_files_for_this_are_removed() {
        let dir = tempfile::Builder::new().prefix("tty-graphics-protocol").tempdir_in("/tmp").unwrap();
        let other = tempfile::Builder::new().prefix("other").tempdir_in("/tmp").unwrap();
        for (dir, source, stays) in
            [(&dir, Source::File, true), (&dir, Source::Temporary, false), (&other, Source::Temporary, true)]
        {
            let path = dir.path().join("picture");
            fs::write(&path, b"data").unwrap();
            assert_eq!(code(read(&request(source, &path))), "OK");
            assert_eq!(path.exists(), stays, "{}", path.display());
        }
    }

    #[test]
    fn shared_memory_goes_once_it_is_read() {
        let name = format!("/scopemux-test-{}", std::process::id());
        let flags = OFlag::O_RDWR | OFlag::O_CREAT | OFlag::O_EXCL;
        let mut file = File::from(shm_open(name.as_str(), flags, Mode::S_IRUSR | Mode::S_IWUSR).unwrap());
        std::io::Write::write_all(&mut file, b"abc").unwrap();
        assert_eq!(read(&request(Source::Shared, Path::new(&name))), Ok(b"abc".to_vec()));
        assert_eq!(code(read(&request(Source::Shared, Path::new(&name)))), "ENOENT");
    }
}
