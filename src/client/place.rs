//! Paths and environment: home, working directory, socket, configuration files, and settings from
//! environment variables.

use crate::base::text::from_bytes;
use crate::sys::error::error_text;
use nix::unistd::{Uid, User, getuid};
use std::env;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

/// Candidates for the parent of the socket directory, in order.
const SOCKET_PLACES: [&str; 2] = ["$TMUX_TMPDIR", "/tmp/"];
/// Configuration files that are read without `-f`.
const CONFIG_PLACES: [&str; 4] =
    ["/etc/tmux.conf", "~/.tmux.conf", "$XDG_CONFIG_HOME/tmux/tmux.conf", "~/.config/tmux/tmux.conf"];

/// An environment variable as text; invalid bytes are preserved.
pub(super) fn var(name: &str) -> Option<String> {
    env::var_os(name).map(|value| from_bytes(value.as_bytes()))
}

/// The user's home directory: `$HOME`, or the one in the password file.
pub(super) fn home() -> Option<String> {
    match var("HOME") {
        Some(home) if !home.is_empty() => Some(home),
        _ => {
            let user = User::from_uid(getuid()).ok()??;
            Some(from_bytes(user.dir.as_os_str().as_bytes()))
        }
    }
}

/// The working directory, in the spelling of `$PWD` if that is the same directory.
pub(super) fn working_directory() -> Option<String> {
    let real = env::current_dir().ok()?;
    let pwd = env::var_os("PWD").filter(|pwd| !pwd.is_empty()).map(PathBuf::from);
    let same = |pwd: &PathBuf| match (fs::canonicalize(pwd), fs::canonicalize(&real)) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    };
    let path = pwd.filter(same).unwrap_or(real);
    Some(from_bytes(path.as_os_str().as_bytes()))
}

/// The initial environment of a new server: that of the client, with `PWD` set to the working directory.
pub(super) fn environment() -> Vec<(String, String)> {
    let pairs =
        env::vars_os().map(|(name, value)| (from_bytes(&name.into_vec()), from_bytes(&value.into_vec())));
    let mut pairs: Vec<(String, String)> = pairs.filter(|(name, _)| name != "PWD").collect();
    pairs.extend(working_directory().or_else(|| var("PWD")).map(|cwd| ("PWD".to_owned(), cwd)));
    pairs
}

/// True if the environment says that the terminal takes UTF-8. Inside tmux it does.
pub(super) fn is_utf8() -> bool {
    if env::var_os("TMUX").is_some() {
        return true;
    }
    let locale =
        ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| var(name).filter(|value| !value.is_empty()));
    let locale = locale.unwrap_or_default().to_ascii_uppercase();
    locale.contains("UTF-8") || locale.contains("UTF8")
}

/// The default configuration files, existing or not, without duplicates.
pub(super) fn config_files() -> Vec<String> {
    let mut files: Vec<String> = Vec::new();
    for path in CONFIG_PLACES.iter().filter_map(|place| expand(place)) {
        if !files.contains(&path) {
            files.push(path);
        }
    }
    files
}

/// Replaces a leading `~/` or `$NAME`; `None` when that is not set.
fn expand(place: &str) -> Option<String> {
    if let Some(rest) = place.strip_prefix('~') {
        return Some(home()? + rest);
    }
    let Some(rest) = place.strip_prefix('$') else {
        return Some(place.to_owned());
    };
    let end = rest.find('/').unwrap_or(rest.len());
    Some(var(&rest[..end])? + &rest[end..])
}

/// The path of the socket called `label` in the user's own directory, which is made if necessary, and
/// must belong to the user and be closed to others.
pub(super) fn socket_path(label: &str) -> Result<String, String> {
    let real = |place: &&str| Some(fs::canonicalize(expand(place)?).ok()?.into_os_string().into_vec());
    // An empty `$TMUX_TMPDIR` has no canonical path, so it is skipped.
    let parent = SOCKET_PLACES.iter().find_map(real).ok_or("no suitable socket path")?;
    let uid = getuid();
    let base = format!("{}/tmux-{uid}", from_bytes(&parent));
    check_directory(&base, uid)?;
    Ok(format!("{base}/{label}"))
}

fn check_directory(base: &str, uid: Uid) -> Result<(), String> {
    let path = Path::new(base);
    if let Err(error) = DirBuilder::new().mode(0o700).create(path)
        && error.kind() != io::ErrorKind::AlreadyExists
    {
        return Err(format!("couldn't create directory {base} ({})", error_text(&error)));
    }
    let found = fs::symlink_metadata(path)
        .map_err(|error| format!("couldn't read directory {base} ({})", error_text(&error)))?;
    if !found.is_dir() {
        return Err(format!("{base} is not a directory"));
    }
    if found.uid() != uid.as_raw() || found.mode() & 0o7 != 0 {
        return Err(format!("directory {base} has unsafe permissions"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt, symlink};

    #[test]
    fn the_socket_directory_must_be_the_users_own() {
        let dir = tempfile::tempdir().unwrap();
        let check = |name: &str, expect: Result<(), &str>| {
            let base = dir.path().join(name).to_str().unwrap().to_owned();
            let expect = expect.map_err(|text| text.replace("BASE", &base));
            assert_eq!(check_directory(&base, getuid()), expect);
        };
        check("new", Ok(()));
        check("new", Ok(()));
        let mode = |name: &str, mode: u32| {
            fs::set_permissions(dir.path().join(name), fs::Permissions::from_mode(mode)).unwrap();
        };
        assert_eq!(fs::metadata(dir.path().join("new")).unwrap().mode() & 0o777, 0o700);
        mode("new", 0o770);
        check("new", Ok(()));
        mode("new", 0o701);
        check("new", Err("directory BASE has unsafe permissions"));
        fs::write(dir.path().join("file"), "").unwrap();
        check("file", Err("BASE is not a directory"));
        symlink(dir.path(), dir.path().join("link")).unwrap();
        check("link", Err("BASE is not a directory"));
        check("no/such", Err("couldn't create directory BASE (No such file or directory)"));
    }
}
