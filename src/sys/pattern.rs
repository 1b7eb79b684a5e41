//! Patterns of shells, as the C library reads them: for texts and for paths.

use std::ffi::CString;

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnmatch_knows_classes() {
        assert!(fnmatch("a[0-9]*", "a7z", false));
        assert!(!fnmatch("A*", "abc", false));
        assert!(fnmatch("A*", "abc", true));
    }
}
