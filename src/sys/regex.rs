//! Extended regular expressions of the C library: users rely on exactly these (leftmost-longest, for
//! tmux's `m/r`, `s///` and search).

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;

/// A compiled POSIX extended regular expression.
pub(crate) struct Regex {
    inner: libc::regex_t,
}

// SAFETY: regexec does not change a compiled expression apart from a lock inside glibc.
unsafe impl Send for Regex {}
// SAFETY: as above; glibc documents regexec as thread-safe.
unsafe impl Sync for Regex {}

impl Regex {
    /// Compiles a pattern; `None` when it is not a valid expression or contains a NUL.
    pub(crate) fn new(pattern: &[u8], ignore_case: bool) -> Option<Self> {
        let pattern = CString::new(pattern).ok()?;
        let flags = libc::REG_EXTENDED | if ignore_case { libc::REG_ICASE } else { 0 };
        let mut inner = MaybeUninit::<libc::regex_t>::zeroed();
        // SAFETY: `inner` is writable memory for a regex_t and `pattern` is NUL-terminated.
        let status = unsafe { libc::regcomp(inner.as_mut_ptr(), pattern.as_ptr(), flags) };
        // SAFETY: regcomp filled `inner` in when it returned 0.
        (status == 0).then(|| Self { inner: unsafe { inner.assume_init() } })
    }

    /// Byte ranges of the whole match and of up to `groups` groups; a group without a match is `None`.
    /// `not_bol`: the text is not at the start of a line, so `^` does not match there.
    pub(crate) fn find(
        &self,
        text: &CStr,
        groups: usize,
        not_bol: bool,
    ) -> Option<Vec<Option<(usize, usize)>>> {
        let mut found = vec![libc::regmatch_t { rm_so: -1, rm_eo: -1 }; groups + 1];
        let flags = if not_bol { libc::REG_NOTBOL } else { 0 };
        // SAFETY: the expression was compiled, the text is NUL-terminated, and `found` has the
        // length that is passed.
        let status =
            unsafe { libc::regexec(&self.inner, text.as_ptr(), found.len(), found.as_mut_ptr(), flags) };
        (status == 0).then(|| {
            found.iter().map(|m| (m.rm_so >= 0).then_some((m.rm_so as usize, m.rm_eo as usize))).collect()
        })
    }

    /// True if it matches anywhere; cheaper than `find`.
    pub(crate) fn is_in(&self, text: &CStr) -> bool {
        // SAFETY: the expression was compiled, the text is NUL-terminated, and with a length of
        // 0 no ranges are written.
        unsafe { libc::regexec(&self.inner, text.as_ptr(), 0, std::ptr::null_mut(), 0) == 0 }
    }

    /// True if it matches anywhere; text is cut at a NUL.
    pub(crate) fn is_match(&self, text: &[u8]) -> bool {
        let cut = text.iter().position(|&b| b == 0).unwrap_or(text.len());
        CString::new(&text[..cut]).is_ok_and(|text| self.is_in(&text))
    }
}

impl Drop for Regex {
    fn drop(&mut self) {
        // SAFETY: compiled in `new`, freed once.
        unsafe { libc::regfree(&mut self.inner) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regex_is_leftmost_longest() {
        let re = Regex::new(b"(a|ab)(c|bcd)?", false).expect("valid");
        let found = re.find(c"xabcd", 2, false).expect("matches");
        assert_eq!(found[0], Some((1, 5)));
        assert!(Regex::new(b"(", false).is_none());
        assert!(Regex::new(b"ABC", true).expect("valid").is_match(b"xabc"));
    }
}
