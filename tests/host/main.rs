//! Tests of the host machinery, in processes of their own.
//!
//! A sandbox can only be entered by a single-threaded process and takes the process with it, so
//! each test starts this program again with `--scenario NAME`, and looks at it from outside.
#![cfg(target_os = "linux")]

mod abilities;
mod fabric;
mod harness;
mod leftovers;
mod sandbox;

use std::process::ExitCode;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, name] = &args[..]
        && flag == "--scenario"
    {
        return harness::play(
            name,
            &[sandbox::SCENARIOS, fabric::SCENARIOS, abilities::SCENARIOS],
        );
    }
    harness::run(&args, &[sandbox::TESTS, fabric::TESTS, abilities::TESTS])
}
