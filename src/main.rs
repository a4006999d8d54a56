//! The `faultbench` program.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(faultbench::cli::main(std::env::args_os()).code())
}
