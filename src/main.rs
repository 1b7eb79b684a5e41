//! The program: see `program`.

#![forbid(unsafe_code)]

fn main() {
    std::process::exit(scopemux::program::main())
}
