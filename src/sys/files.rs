//! Reading of files.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

/// Reads up to `len` bytes at an offset; less at the end of the file. Neither uses nor moves the file's
/// position, which other owners may share.
pub(crate) fn read_at(file: &File, at: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut out = vec![0; len];
    let mut have = 0;
    while have < len {
        match file.read_at(&mut out[have..], at + have as u64) {
            Ok(0) => break,
            Ok(read) => have += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    out.truncate(have);
    Ok(out)
}
