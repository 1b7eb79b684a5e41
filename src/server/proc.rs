//! Queries about processes and files of this machine (the program in a terminal, its directory),
//! and small system calls.

use std::fs;
use std::os::fd::BorrowedFd;
use std::path::Path;

use nix::pty::Winsize;

use crate::base::Size;
use crate::base::text;
use crate::sys::tty;

/// Longest command line that is read, in bytes.
const MAX_CMDLINE: usize = 4096;

/// Processes that `ancestry` looks at.
const MAX_ANCESTORS: usize = 16;

/// A process's command line as the base of `#{pane_current_command}`: arguments joined by spaces.
pub(super) fn command_line_name(pid: i32) -> Option<String> {
    let raw = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let first = raw[..raw.len().min(MAX_CMDLINE)].split(|b| *b == 0).next()?;
    Some(text::from_bytes(first)).filter(|name| !name.is_empty())
}

/// The whole command line of a process, its arguments joined by spaces.
pub(super) fn command_line(pid: i32) -> Option<String> {
    let raw = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
    let raw = raw.strip_suffix(b"\0").unwrap_or(&raw);
    let line: Vec<u8> =
        raw[..raw.len().min(MAX_CMDLINE)].iter().map(|b| if *b == 0 { b' ' } else { *b }).collect();
    Some(text::from_bytes(&line))
}

/// The arguments of a process.
pub(super) fn arguments(pid: i32) -> Vec<String> {
    let raw = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let raw = raw.strip_suffix(b"\0").unwrap_or(&raw);
    let none = raw.len() > MAX_CMDLINE || raw.is_empty();
    if none { Vec::new() } else { raw.split(|b| *b == 0).map(text::from_bytes).collect() }
}

/// The process group in the foreground of the terminal of a process.
pub(super) fn foreground(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // Fields behind the name, which may contain anything: state, parent, group, session, terminal,
    // group.
    stat.rsplit(')').next()?.split_whitespace().nth(5)?.parse().ok().filter(|group| *group > 0)
}

/// Arguments of a process and of its ancestors up to `last`, or up to as many as are looked at.
pub(super) fn ancestry(first: i32, last: i32) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    let mut pid = first;
    while all.len() < MAX_ANCESTORS {
        all.push(arguments(pid));
        match parent(pid) {
            Some(above) if pid != last && above > 1 => pid = above,
            _ => break,
        }
    }
    all
}

fn parent(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()
}

/// The working directory of a process; `None` if it cannot be read.
pub(super) fn cwd(pid: i32) -> Option<String> {
    use std::os::unix::ffi::OsStrExt;
    let path = fs::read_link(format!("/proc/{pid}/cwd")).ok()?;
    Some(text::from_bytes(path.as_os_str().as_bytes()))
}

/// Moves a process and its descendants to a cgroup. True if the process itself is there.
pub(super) fn move_to_group(group: &Path, pid: i32) -> bool {
    let path = group.join("cgroup.procs");
    let moved = fs::write(&path, pid.to_string()).is_ok();
    let mut below = children(pid);
    while let Some(child) = below.pop() {
        fs::write(&path, child.to_string()).ok();
        below.extend(children(child));
    }
    moved
}

fn children(pid: i32) -> Vec<i32> {
    let list = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    list.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}

/// Sets the kernel's preference for killing a process when memory runs out.
pub(super) fn set_oom_score(pid: i32, score: i32) {
    fs::write(format!("/proc/{pid}/oom_score_adj"), score.to_string()).ok();
}

/// Sets the size of a terminal; its foreground programs get SIGWINCH.
pub(super) fn set_window_size(fd: BorrowedFd<'_>, size: Size, cell_pixels: (u32, u32)) {
    let clamp = |n: u32| u16::try_from(n).unwrap_or(u16::MAX);
    let ws = Winsize {
        ws_row: clamp(size.rows),
        ws_col: clamp(size.cols),
        ws_xpixel: clamp(size.cols.saturating_mul(cell_pixels.0)),
        ws_ypixel: clamp(size.rows.saturating_mul(cell_pixels.1)),
    };
    // A terminal that is gone needs no size.
    let _ = tty::set_window_size(fd, &ws);
}

/// Size of a terminal: cells, and pixels of one cell (0 when unknown).
pub(super) fn window_size(fd: BorrowedFd<'_>) -> Option<(Size, (u32, u32))> {
    let ws = tty::window_size(fd).ok()?;
    let (cols, rows) = (u32::from(ws.ws_col), u32::from(ws.ws_row));
    let pixels = (
        u32::from(ws.ws_xpixel).checked_div(cols).unwrap_or(0),
        u32::from(ws.ws_ypixel).checked_div(rows).unwrap_or(0),
    );
    Some((Size::new(cols, rows), pixels))
}

/// Makes a listening socket at a path, which must not exist or be an old one.
pub(super) fn listen(path: &str) -> std::io::Result<std::os::fd::OwnedFd> {
    fs::remove_file(path).ok();
    let listener = std::os::unix::net::UnixListener::bind(path)?;
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o660))?;
    // The loop accepts connections until there are no more.
    listener.set_nonblocking(true)?;
    Ok(listener.into())
}

/// The home directory of the user.
pub(super) fn home() -> String {
    match std::env::var("HOME") {
        Ok(home) if !home.is_empty() => home,
        _ => nix::unistd::User::from_uid(nix::unistd::getuid())
            .ok()
            .flatten()
            .map(|user| user.dir.to_string_lossy().into_owned())
            .unwrap_or_default(),
    }
}

/// Reports whether a path is an executable that can be a shell, and not this program.
pub(super) fn is_shell(path: &str) -> bool {
    path.starts_with('/')
        && !path.ends_with("/tmux")
        && nix::unistd::access(path, nix::unistd::AccessFlags::X_OK).is_ok()
}

/// The user's shell in the password file.
pub(super) fn login_shell() -> Option<String> {
    let user = nix::unistd::User::from_uid(nix::unistd::getuid()).ok()??;
    user.shell.to_str().filter(|shell| is_shell(shell)).map(str::to_owned)
}

/// Resident memory of this process, in bytes.
pub(super) fn resident_bytes() -> Option<u64> {
    let text = fs::read_to_string("/proc/self/statm").ok()?;
    let pages: u64 = text.split(' ').nth(1)?.parse().ok()?;
    Some(pages * 4096)
}
