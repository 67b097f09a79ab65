//! `cogo`: index and search code and documents.

use std::process::ExitCode;

fn main() -> ExitCode {
    cogo::cli::main()
}
