//! What the kernel takes as the command line and environment of a program. It is asked before a
//! program is started, since execve(2) fails in the child, where nobody hears why.

use nix::sys::resource::{Resource, getrlimit};

use super::error::strerror;
use crate::base::text::to_bytes;

/// Bytes of one argument or variable, its NUL included (the kernel's `MAX_ARG_STRLEN`).
const MAX_STRING: usize = 128 << 10;
/// Bytes of all of them at most, whatever the stack may grow to (three quarters of 8 MiB).
const MAX_STRINGS: u64 = 6 << 20;
/// The least that all may have.
const LEAST: u64 = 128 << 10;

/// True if a shell's command is too long for an argument. The keeper gives such a one to the shell as a
/// script.
pub(crate) fn is_script(command: &str) -> bool {
    len(command) >= MAX_STRING
}

/// Refuses a command line and environment (`NAME=value`) that no program can be started with.
pub(crate) fn check<'a>(
    argv: impl IntoIterator<Item = &'a str>,
    environ: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<(), String> {
    let environ = environ.into_iter().map(|(name, value)| len(name) + 1 + len(value));
    let lengths = argv.into_iter().map(len).chain(environ);
    let pointer = size_of::<usize>() as u64;
    let room = room();
    let mut all = 0;
    for bytes in lengths.map(|len| len + 1) {
        all += bytes as u64 + pointer;
        if bytes > MAX_STRING || all > room {
            return Err(strerror(libc::E2BIG));
        }
    }
    Ok(())
}

/// Length in bytes. Only a text that may be too long is looked at twice: bytes that are no UTF-8
/// take more room in a text.
fn len(text: &str) -> usize {
    if text.len() < MAX_STRING / 8 { text.len() } else { to_bytes(text).len() }
}

fn room() -> u64 {
    let stack = getrlimit(Resource::RLIMIT_STACK).map_or(u64::MAX, |(soft, _)| soft);
    (stack / 4).clamp(LEAST, MAX_STRINGS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_kernel_refuses_is_refused_before() {
        let run = |len: usize, variable: usize| {
            let (argument, value) = ("x".repeat(len), "y".repeat(variable));
            let status =
                std::process::Command::new("/bin/true").env_clear().env("A", &value).arg(&argument).status();
            let kernel = status.is_ok();
            let checked = check(["/bin/true", &argument], [("A", value.as_str())]);
            assert_eq!(checked.is_ok(), kernel, "{len} {variable}: {checked:?} {status:?}");
        };
        for len in [1, MAX_STRING - 2, MAX_STRING - 1, MAX_STRING, 4 << 20] {
            run(len, 1);
        }
        for variable in [MAX_STRING - 4, MAX_STRING - 3, MAX_STRING - 2, 4 << 20] {
            run(1, variable);
        }
        let many: Vec<String> = (0..100).map(|_| "x".repeat(120_000)).collect();
        let refused = check(many.iter().map(String::as_str), []);
        assert_eq!(refused, Err("Argument list too long".to_owned()));
    }
}
