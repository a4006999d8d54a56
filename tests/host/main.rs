//! Tests of the host machinery, in processes of their own.
//!
//! A sandbox can only be entered by a single-threaded process and takes the process with it, so
//! each test starts this program again with `--scenario NAME`, and looks at it from outside.

#[cfg(target_os = "linux")]
mod abilities;
#[cfg(target_os = "linux")]
mod fabric;
#[cfg(target_os = "linux")]
mod harness;
#[cfg(target_os = "linux")]
mod leftovers;
#[cfg(target_os = "linux")]
mod sandbox;

#[cfg(target_os = "linux")]
fn main() -> std::process::ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [flag, name] = &args[..]
        && flag == "--scenario"
    {
        let scenarios = [sandbox::SCENARIOS, fabric::SCENARIOS, abilities::SCENARIOS];
        return harness::play(name, &scenarios);
    }
    harness::run(&args, &[sandbox::TESTS, fabric::TESTS, abilities::TESTS])
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("skipped: the host machinery is Linux's");
}
