//! `scopemux install-links DIR`: makes a link `tmux` to this program in a directory.

use crate::sys::error::error_text;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

/// The name of the link.
const LINK: &str = "tmux";

/// Makes the link. Returns a message, or the reason why nothing was done.
pub(super) fn install(args: &[String]) -> Result<String, String> {
    let [dir] = args else { return Err("usage: scopemux install-links directory".to_owned()) };
    let program = std::env::current_exe().map_err(|error| format!("this program: {}", error_text(&error)))?;
    install_in(Path::new(dir), &program)
}

fn install_in(dir: &Path, program: &Path) -> Result<String, String> {
    let link = dir.join(LINK);
    let at = |error: std::io::Error| format!("{}: {}", link.display(), error_text(&error));
    match fs::symlink_metadata(&link) {
        Err(error) if error.kind() == ErrorKind::NotFound => symlink(program, &link).map_err(at)?,
        Err(error) => return Err(at(error)),
        Ok(found) => {
            let target = fs::read_link(&link).ok().filter(|_| found.is_symlink());
            if !target.as_deref().is_some_and(|target| is_ours(target, program)) {
                return Err(format!("{} is no link to scopemux: it is left as it is", link.display()));
            }
            // The old link stays until the new one replaces it.
            let new = dir.join(format!(".{LINK}-{}", std::process::id()));
            symlink(program, &new).and_then(|()| fs::rename(&new, &link)).map_err(at)?;
        }
    }
    let first =
        std::env::var_os("PATH").and_then(|path| first_of(&std::env::split_paths(&path).collect::<Vec<_>>()));
    let hint = match first {
        Some(first) if fs::canonicalize(&first).ok() == fs::canonicalize(&link).ok() => String::new(),
        Some(first) => format!("{} comes first in PATH\n", first.display()),
        None => format!("{} is not in PATH\n", dir.display()),
    };
    Ok(format!("{} -> {}\n{hint}", link.display(), program.display()))
}

/// True if a link points to this program, or to another that is called scopemux.
fn is_ours(target: &Path, program: &Path) -> bool {
    target == program || target.file_name().is_some_and(|name| name == "scopemux")
}

/// The program that `tmux` runs with this PATH.
fn first_of(path: &[PathBuf]) -> Option<PathBuf> {
    path.iter().map(|dir| dir.join(LINK)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_made_and_nothing_else_is_replaced() {
        let dir = tempfile::tempdir().expect("a directory");
        let (program, link) = (dir.path().join("scopemux"), dir.path().join("tmux"));
        fs::write(&program, "").expect("a file");
        for _ in 0..2 {
            let said = install_in(dir.path(), &program).expect("a link");
            assert!(said.starts_with(&format!("{} -> {}\n", link.display(), program.display())), "{said}");
            assert_eq!(fs::read_link(&link).ok(), Some(program.clone()));
        }
        // A link to an older scopemux is replaced, a link to another program is not.
        for (target, ours) in [("/opt/old/scopemux", true), ("/usr/bin/tmux", false)] {
            fs::remove_file(&link).expect("a link");
            symlink(target, &link).expect("a link");
            assert_eq!(install_in(dir.path(), &program).is_ok(), ours, "{target}");
        }
        fs::remove_file(&link).expect("a link");
        fs::write(&link, "somebody's").expect("a file");
        install_in(dir.path(), &program).expect_err("it is left as it is");
        assert_eq!(fs::read(&link).ok(), Some(b"somebody's".to_vec()));
        install_in(&dir.path().join("nowhere"), &program).expect_err("there is no such directory");
    }
}
