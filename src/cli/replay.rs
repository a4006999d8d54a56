//! `faultbench replay`: runs a plan again.

use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::time::Instant;

use clap::Args;

use super::run::{OutputOptions, carry_out};
use super::{Ended, Failure};
use crate::plan::Plan;
use crate::store::RunDir;

/// Run the plan of an earlier run again: the same operations and faults at the same times
///
/// What happens between processes is not planned and differs from run to run; --times says how
/// often the outcome comes again.
#[derive(Args)]
#[command(after_help = "\
Examples:
  faultbench replay store/latest
  faultbench replay store/raft-bank/20260101T120000Z-7 --times 10
  faultbench replay plan.json")]
pub struct ReplayArgs {
    /// A run directory, or a plan file
    #[arg(value_name = "RUN")]
    run: PathBuf,

    /// Run it this many times
    #[arg(long, default_value_t = 1, value_name = "N")]
    times: usize,

    #[command(flatten)]
    output: OutputOptions,
}

pub fn main(args: ReplayArgs) -> Ended {
    let started = Instant::now();
    let path = if args.run.is_dir() {
        RunDir::open(&args.run).plan()
    } else {
        args.run
    };
    let unreadable =
        |error: &dyn std::fmt::Display| Failure::usage(format!("{}: {error}", path.display()));
    let file =
        File::open(&path).map_err(|error| unreadable(&format!("cannot open it: {error}")))?;
    let plan = Plan::read(BufReader::new(file)).map_err(|error| unreadable(&error))?;
    carry_out(vec![plan; args.times], &args.output, started)
}
