//! Local time, by the C library's time zone.

use std::ffi::CString;
use std::mem::MaybeUninit;

use crate::base::text;

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
    let Ok(format) = CString::new(text::to_bytes(format)) else {
        return String::new();
    };
    let tm = local_time(secs);
    let mut out = vec![0u8; 8192];
    // SAFETY: the buffer has the length passed, the format is NUL-terminated, tm is valid.
    let len = unsafe { libc::strftime(out.as_mut_ptr().cast(), out.len(), format.as_ptr(), &tm) };
    text::from_bytes(&out[..len])
}
