//! The program `rialto`. Its commands are in `rialto-commands`, and its tests in `tests/`; here is what
//! only a program can have: the allocator.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    rialto_commands::run()
}
