//! The program: see `program`.

fn main() {
    std::process::exit(scopemux::program::main())
}
