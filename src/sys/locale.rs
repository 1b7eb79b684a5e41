//! The C library's locale, which belongs to the whole process.

use std::ffi::CStr;

use super::threads;

/// Sets the C library's locale for the whole process, before it has a second thread: UTF-8 for characters,
/// the user's own for dates. The error is tmux's message for a missing UTF-8 locale. Panics if there is
/// a second thread.
pub(crate) fn choose_locale() -> Result<(), String> {
    assert!(!threads::are_others(), "the locale is chosen before threads are started");
    // SAFETY: this is the only thread; the names are NUL-terminated, and the strings that are read are
    // copied at once.
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
