//! `faultbench plan`: prints what a run would do.

use std::io::{self, BufWriter};

use clap::Args;

use super::options::{PlanOptions, fresh_seed};
use super::{Ended, Failure};
use crate::verdict::Exit;

/// Print the plan of a run, operations and faults with their times, as JSON
///
/// The same options and seed give the same plan, byte for byte. `faultbench replay FILE` runs it.
#[derive(Args)]
#[command(after_help = "\
Examples:
  faultbench plan --workload bank --nemesis partition --seed 7 > plan.json
  faultbench replay plan.json")]
pub struct PlanArgs {
    #[command(flatten)]
    options: PlanOptions,

    /// What everything random is drawn from [default: a new one]
    #[arg(long)]
    seed: Option<u64>,
}

pub fn main(args: &PlanArgs) -> Ended {
    let plan = args.options.plan(args.seed.unwrap_or_else(fresh_seed))?;
    match plan.write(BufWriter::new(io::stdout().lock())) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::harness(format!("cannot write the plan: {error}")))
        }
        _ => Ok(Exit::Valid),
    }
}
