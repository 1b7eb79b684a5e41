//! Patterns of shells, as the C library reads them: for texts and for paths.

use std::ffi::{CStr, CString, OsStr};
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use crate::base::text;

/// `fnmatch(3)` without flags except, if asked, case folding. Text with a NUL never matches.
pub(crate) fn fnmatch(pattern: &str, text: &str, ignore_case: bool) -> bool {
    const FNM_CASEFOLD: libc::c_int = 1 << 4;
    let (Ok(pattern), Ok(text)) = (CString::new(text::to_bytes(pattern)), CString::new(text::to_bytes(text)))
    else {
        return false;
    };
    let flags = if ignore_case { FNM_CASEFOLD } else { 0 };
    // SAFETY: both strings are NUL-terminated.
    unsafe { libc::fnmatch(pattern.as_ptr(), text.as_ptr(), flags) == 0 }
}

/// Paths matching a pattern, sorted, by the C library's `glob`. Empty when none match.
pub(crate) fn glob(pattern: &str) -> Vec<PathBuf> {
    let Ok(pattern) = CString::new(text::to_bytes(pattern)) else { return Vec::new() };
    let mut found = MaybeUninit::<libc::glob_t>::zeroed();
    // SAFETY: the pattern is NUL-terminated and `found` is writable; it is freed below.
    unsafe {
        let mut out = Vec::new();
        if libc::glob(pattern.as_ptr(), 0, None, found.as_mut_ptr()) == 0 {
            let found = found.assume_init_ref();
            for index in 0..found.gl_pathc {
                let path = CStr::from_ptr(*found.gl_pathv.add(index));
                out.push(PathBuf::from(OsStr::from_bytes(path.to_bytes())));
            }
        }
        libc::globfree(found.as_mut_ptr());
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnmatch_knows_classes() {
        assert!(fnmatch("a[0-9]*", "a7z", false));
        assert!(!fnmatch("A*", "abc", false));
        assert!(fnmatch("A*", "abc", true));
    }

    #[test]
    fn globs_sorted_and_nothing_for_nothing() {
        assert_eq!(glob("/proc/sel[f]"), [PathBuf::from("/proc/self")]);
        assert!(glob("/nonexistent-*").is_empty());
    }
}
