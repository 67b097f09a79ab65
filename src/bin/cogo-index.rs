//! `cogo-index`: brings the index of a folder up to date; the same as `cogo index`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cogo::cli::main_index()
}
