//! Threads of this process.

/// Puts the calling thread into `SCHED_BATCH`, so that it never pre-empts the thread that woke it (on a
/// busy machine, the server's loop). Needs no privilege.
pub(crate) fn run_in_background() {
    // The kernel's own call: musl's function of this name does nothing.
    let priority: libc::c_int = 0;
    // SAFETY: the priority is read during the call; 0 is the calling thread.
    unsafe { libc::syscall(libc::SYS_sched_setscheduler, 0, libc::SCHED_BATCH, &raw const priority) };
}
