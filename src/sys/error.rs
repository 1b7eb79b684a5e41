//! Errors of the system as people read them.

use crate::base::text;

/// The C library's text for an error number.
pub(crate) fn strerror(errno: i32) -> String {
    let mut out = [0u8; 256];
    // SAFETY: the buffer has the length passed; the result is NUL-terminated within it.
    unsafe { libc::strerror_r(errno, out.as_mut_ptr().cast(), out.len()) };
    let end = out.iter().position(|&b| b == 0).unwrap_or(out.len());
    text::from_bytes(&out[..end])
}

/// An error of the system without its number, which says nothing to most people.
pub(crate) fn error_text(error: &std::io::Error) -> String {
    error.raw_os_error().map_or_else(|| error.to_string(), strerror)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_have_the_words_of_the_c_library() {
        assert_eq!(strerror(libc::EIO), "Input/output error");
        assert_eq!(strerror(libc::ENOENT), "No such file or directory");
    }
}
