//! Threads of this process.

/// Reports whether this process has other threads than the calling one. Without `/proc`, which has the list,
/// the answer is no.
pub(crate) fn are_others() -> bool {
    std::fs::read_dir("/proc/self/task").is_ok_and(|threads| threads.take(2).count() > 1)
}

/// Puts the calling thread into `SCHED_BATCH`, so that it never pre-empts the thread that woke it (on a
/// busy machine, the server's loop). Needs no privilege.
pub(crate) fn run_in_background() {
    // The kernel's own call: musl's function of this name does nothing.
    let priority: libc::c_int = 0;
    // SAFETY: the priority is read during the call; 0 is the calling thread.
    unsafe { libc::syscall(libc::SYS_sched_setscheduler, 0, libc::SCHED_BATCH, &raw const priority) };
}

#[cfg(test)]
mod tests {
    #[test]
    fn another_thread_is_seen() {
        std::thread::scope(|scope| {
            let (over, waits) = std::sync::mpsc::channel::<()>();
            scope.spawn(move || waits.recv());
            assert!(super::are_others());
            drop(over);
        });
    }
}
