//! Text functions of the C library whose exact behaviour users rely on: extended regular expressions
//! (leftmost-longest, for tmux's `m/r`, `s///` and search), `fnmatch`, and `strftime`. This is the only
//! file of floor 0 with unsafe code.

use std::ffi::{CStr, CString};
use std::mem::MaybeUninit;

/// Sets the C library's locale for the whole process, before anything else runs: UTF-8 for characters,
/// the user's own for dates. The error is tmux's message for a missing UTF-8 locale.
pub(crate) fn choose_locale() -> Result<(), String> {
    // SAFETY: called from `main` while there is one thread; the names are NUL-terminated, and
    // the strings that are read are copied at once.
    unsafe {
        let is_set = |name: &CStr| !libc::setlocale(libc::LC_CTYPE, name.as_ptr()).is_null();
        if !is_set(c"en_US.UTF-8") && !is_set(c"C.UTF-8") {
            if !is_set(c"") {
                return Err("invalid LC_ALL, LC_CTYPE or LANG".to_owned());
            }
            let codeset = CStr::from_ptr(libc::nl_langinfo(libc::CODESET)).to_string_lossy().into_owned();
            if !["UTF-8", "UTF8"].iter().any(|name| codeset.eq_ignore_ascii_case(name)) {
                return Err(format!("need UTF-8 locale (LC_CTYPE) but have {codeset}"));
            }
        }
        libc::setlocale(libc::LC_TIME, c"".as_ptr());
        tzset();
    }
    Ok(())
}

unsafe extern "C" {
    /// Reads the time zone from the environment (POSIX).
    fn tzset();
}

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

/// `fnmatch(3)` without flags except, if asked, case folding. Text with a NUL never matches.
pub(crate) fn fnmatch(pattern: &str, text: &str, ignore_case: bool) -> bool {
    const FNM_CASEFOLD: libc::c_int = 1 << 4;
    let (Ok(pattern), Ok(text)) =
        (CString::new(super::text::to_bytes(pattern)), CString::new(super::text::to_bytes(text)))
    else {
        return false;
    };
    let flags = if ignore_case { FNM_CASEFOLD } else { 0 };
    // SAFETY: both strings are NUL-terminated.
    unsafe { libc::fnmatch(pattern.as_ptr(), text.as_ptr(), flags) == 0 }
}

/// Puts the calling thread into `SCHED_BATCH`, so that it never pre-empts the thread that woke it (on a
/// busy machine, the server's loop). Needs no privilege.
pub(crate) fn run_in_background() {
    // The kernel's own call: musl's function of this name does nothing.
    let priority: libc::c_int = 0;
    // SAFETY: the priority is read during the call; 0 is the calling thread.
    unsafe { libc::syscall(libc::SYS_sched_setscheduler, 0, libc::SCHED_BATCH, &raw const priority) };
}

/// The C library's text for an error number.
pub(crate) fn strerror(errno: i32) -> String {
    let mut out = [0u8; 256];
    // SAFETY: the buffer has the length passed; the result is NUL-terminated within it.
    unsafe { libc::strerror_r(errno, out.as_mut_ptr().cast(), out.len()) };
    let end = out.iter().position(|&b| b == 0).unwrap_or(out.len());
    super::text::from_bytes(&out[..end])
}

/// An error of the system without its number, which says nothing to most people.
pub(crate) fn error_text(error: &std::io::Error) -> String {
    error.raw_os_error().map_or_else(|| error.to_string(), strerror)
}

/// Broken-down local time of a Unix time in seconds.
pub(crate) fn local_time(secs: i64) -> libc::tm {
    let mut tm = MaybeUninit::<libc::tm>::zeroed();
    // SAFETY: both pointers are valid; a zeroed tm is a valid value if the call fails.
    unsafe {
        libc::localtime_r(&secs, tm.as_mut_ptr());
        tm.assume_init()
    }
}

/// `strftime(3)` of a Unix time in the local time zone; at most 8 KiB, empty when longer.
pub(crate) fn strftime(format: &str, secs: i64) -> String {
    let Ok(format) = CString::new(super::text::to_bytes(format)) else {
        return String::new();
    };
    let tm = local_time(secs);
    let mut out = vec![0u8; 8192];
    // SAFETY: the buffer has the length passed, the format is NUL-terminated, tm is valid.
    let len = unsafe { libc::strftime(out.as_mut_ptr().cast(), out.len(), format.as_ptr(), &tm) };
    super::text::from_bytes(&out[..len])
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

    #[test]
    fn errors_have_the_words_of_the_c_library() {
        assert_eq!(strerror(libc::EIO), "Input/output error");
        assert_eq!(strerror(libc::ENOENT), "No such file or directory");
    }

    #[test]
    fn fnmatch_knows_classes() {
        assert!(fnmatch("a[0-9]*", "a7z", false));
        assert!(!fnmatch("A*", "abc", false));
        assert!(fnmatch("A*", "abc", true));
    }
}
