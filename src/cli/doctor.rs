//! `faultbench doctor`: what this machine can do, and the way round what it cannot.

use clap::Args;

use super::Ended;
use crate::verdict::Exit;

/// Tell what this machine can do for a run, what it cannot, and the way round
///
/// Nothing on the machine is changed. Exits with 0 if runs are possible, else with 255.
#[derive(Args)]
#[command(after_help = "\
Examples:
  faultbench doctor
  faultbench doctor --json | jq .can_run")]
pub struct DoctorArgs {
    /// Print JSON
    #[arg(long)]
    json: bool,

    /// Where runs are to be kept
    #[cfg(target_os = "linux")]
    #[arg(
        long,
        default_value = "store",
        value_name = "DIR",
        env = "FAULTBENCH_STORE"
    )]
    store: std::path::PathBuf,
}

#[cfg(target_os = "linux")]
pub fn main(args: &DoctorArgs) -> Ended {
    use super::Failure;
    use crate::host::abilities;

    let found = abilities::probe(&args.store).map_err(Failure::harness)?;
    let text = if args.json {
        let document = serde_json::json!({
            "can_run": found.can_run(),
            "abilities": found.abilities,
            "fabric": found.fabric,
        });
        format!("{document}\n")
    } else {
        crate::report::doctor::text(&found)
    };
    anstream::print!("{text}");
    Ok(if found.can_run() {
        Exit::Valid
    } else {
        Exit::Harness
    })
}

#[cfg(not(target_os = "linux"))]
pub fn main(args: &DoctorArgs) -> Ended {
    super::print(if args.json {
        b"{\"can_run\":false}\n"
    } else {
        b"Runs need Linux. Here faultbench checks recorded histories.\n"
    });
    Ok(Exit::Harness)
}
