//! `faultbench run`: the main job.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;

use super::options::{PlanOptions, fresh_seed};
use super::{Ended, Failure};
use crate::analysis::Limits;
use crate::execute::{Options, ProgressOf, execute};
use crate::host::sandbox;
use crate::log;
use crate::plan::Plan;
use crate::report::{progress, text};
use crate::results::Results;
use crate::targets;
use crate::verdict::Exit;

/// Start a cluster, drive clients and faults against it, and judge what it did
///
/// Every node is a real process with its own network namespace. Nothing outlives the run.
#[derive(Args)]
#[command(after_help = "\
Examples:
  faultbench run --workload bank --nemesis partition
  faultbench run --workload set --nemesis partition:leader,kill:all --overlap
  faultbench run --workload register --nemesis pause --bug stale-reads --runs 20 --seed 1
  faultbench run --workload register --nemesis partition --consistency pram,causal

Exit codes: 0 valid, 1 safety violation, 2 unknown, 3 did not serve or recover, 4 too little
happened to conclude anything, 254 wrong usage, 255 the harness failed.")]
pub struct RunArgs {
    #[command(flatten)]
    options: PlanOptions,

    /// What everything random is drawn from [default: a new one]
    #[arg(long)]
    seed: Option<u64>,

    /// Run this many times, with the seeds that follow; the exit code is that of the worst
    #[arg(long, default_value_t = 1, value_name = "N")]
    runs: u64,

    #[command(flatten)]
    output: OutputOptions,
}

/// How a run is carried out and told of.
#[derive(Args)]
pub struct OutputOptions {
    /// Where runs are kept
    #[arg(
        long,
        default_value = "store",
        value_name = "DIR",
        env = "FAULTBENCH_STORE"
    )]
    pub store: PathBuf,

    /// How long the analysis may take; then the answer is unknown
    #[arg(long, default_value = "60s", value_name = "TIME",
          value_parser = humantime::parse_duration)]
    budget: Duration,

    /// Keep the nodes' data even if the run passes
    #[arg(long)]
    keep_data: bool,

    /// Print the results as JSON
    #[arg(long)]
    pub json: bool,

    /// Say nothing while it runs
    #[arg(long, short)]
    pub quiet: bool,

    /// Show more of what happens: -v, -vv
    #[arg(long, short, action = clap::ArgAction::Count)]
    verbose: u8,
}

pub fn main(args: RunArgs) -> Ended {
    let started = Instant::now();
    let first = args.seed.unwrap_or_else(fresh_seed);
    let plans = (0..args.runs).map(|n| args.options.plan(first.wrapping_add(n)));
    let plans: Vec<Plan> = plans.collect::<Result<_, _>>()?;
    carry_out(plans, &args.output, started)
}

impl OutputOptions {
    /// Enters the sandbox: before anything starts a thread, for only a single-threaded process can.
    pub fn enter(&self, started: Instant, progress: ProgressOf) -> Result<Options, Failure> {
        sandbox::enter(sandbox::Options::default()).map_err(Failure::harness)?;
        Ok(Options {
            store: self.store.clone(),
            limits: Limits {
                wall: self.budget,
                ..Limits::default()
            },
            keep_data: self.keep_data,
            log: log::init(self.verbose),
            progress: if self.quiet {
                || Box::new(progress::Silent)
            } else {
                progress
            },
            started,
        })
    }
}

/// A program that is not there is better told before anything starts.
pub fn check_installed(plans: &[Plan]) -> Result<(), Failure> {
    for plan in plans {
        let target = targets::build(&plan.setting).map_err(Failure::usage)?;
        target.check_installed().map_err(Failure::usage)?;
    }
    Ok(())
}

/// Enters the sandbox and carries the plans out, one after another.
pub fn carry_out(plans: Vec<Plan>, output: &OutputOptions, started: Instant) -> Ended {
    check_installed(&plans)?;
    let options = output.enter(started, progress::for_stderr)?;
    let runs = plans.len();
    let mut tally = Vec::new();
    for plan in plans {
        if !output.quiet {
            eprintln!("seed {}", plan.setting.seed);
        }
        let results = execute(plan, &options).map_err(Failure::harness)?;
        print_results(&results, output.json, runs > 1);
        let interrupted = results.interrupted;
        tally.push(results.verdict.exit());
        if interrupted {
            break;
        }
    }
    if runs > 1 && !output.json {
        anstream::println!("{}", text::tally(&tally));
    }
    Ok(tally.into_iter().fold(Exit::Valid, Exit::worse))
}

fn print_results(results: &Results, json: bool, one_line: bool) {
    if json {
        let text = serde_json::to_string(results).expect("results are plain data");
        super::print(format!("{text}\n").as_bytes());
    } else if one_line {
        anstream::println!("{}", text::line(results));
    } else {
        anstream::print!("{}", text::summary(results));
    }
}
