//! Memory of this process that the kernel can have back: of the allocator, and of the program itself.

/// Makes glibc return buffers to the kernel when they are freed, if they have this size or more, in bytes.
/// Other C libraries have no such setting.
pub(crate) fn return_buffers(bytes: i32) {
    #[cfg(target_env = "gnu")]
    // SAFETY: this sets two numbers of the allocator, under its lock.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, bytes);
        libc::mallopt(libc::M_TRIM_THRESHOLD, bytes);
    }
    #[cfg(not(target_env = "gnu"))]
    let _ = bytes;
}

/// Returns free memory inside the heap to the kernel.
pub(crate) fn trim() {
    #[cfg(target_env = "gnu")]
    // SAFETY: no argument points anywhere, and memory that is in use stays.
    unsafe {
        libc::malloc_trim(0);
    }
}

/// Drops the pages of program and libraries: half of them were needed only to start. Pages that are
/// needed again come back from the page cache.
pub(crate) fn release_program() {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    // Only code, and the constants at the front of each file: others may have been written to by
    // the dynamic linker.
    let unwritten =
        |line: &&str| line.contains(" /") && (line.contains(" r-xp ") || line.contains(" r--p 00000000 "));
    for line in maps.lines().filter(unwritten) {
        let range = line.split(' ').next().and_then(|range| range.split_once('-'));
        let number = |text: &str| usize::from_str_radix(text, 16).ok();
        let Some((from, to)) = range.and_then(|(from, to)| number(from).zip(number(to))) else { continue };
        // SAFETY: the memory was mapped from a file and never written to; dropping its pages has no
        // visible effect, since they are read again on demand.
        unsafe {
            libc::madvise(std::ptr::with_exposed_provenance_mut(from), to - from, libc::MADV_DONTNEED);
        }
    }
}
