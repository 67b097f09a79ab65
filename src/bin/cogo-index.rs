//! `cogo-index`: brings the index of a folder up to date; the same as `cogo index`.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    cogo::cli::main_index()
}
