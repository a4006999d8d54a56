//! Options that describe a run, shared by `run` and `plan`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::builder::PossibleValuesParser;
use faultbench_workloads::{WORKLOADS, workload_named};

use super::Failure;
use crate::plan::nemesis::Request;
use crate::plan::schedule::Rhythm;
use crate::plan::{PLAN_VERSION, Plan, Setting};
use crate::targets;
use crate::targets::description::ClientKind;

/// What to run.
#[derive(Args, Clone)]
pub struct PlanOptions {
    /// What clients do, and what the store promises them
    #[arg(long, short, default_value = "bank",
          value_parser = PossibleValuesParser::new(WORKLOADS.iter().map(|w| w.name)))]
    workload: String,

    /// The system under test: a name of `faultbench list targets`, or the path of a target file
    #[arg(long, short, default_value = "raft", value_name = "NAME|FILE")]
    target: String,

    /// Choose one of the target's options; `faultbench list options` names them
    #[arg(long = "with", value_parser = parse_pair::<String>, value_name = "OPTION=VALUE")]
    options: Vec<(String, String)>,

    /// What reads of the target promise: short for `--with reads=…`
    #[arg(long, value_name = "KIND")]
    reads: Option<String>,

    /// Use this program instead of the one on PATH
    #[arg(long = "binary", value_parser = parse_pair::<PathBuf>, value_name = "PROGRAM=PATH")]
    binaries: Vec<(String, PathBuf)>,

    /// A bug to plant in an embedded store; `faultbench list` names them
    #[arg(long)]
    bug: Option<String>,

    /// The consistency models to judge by, each alone, instead of what the workload claims
    #[arg(long, value_delimiter = ',', value_name = "MODEL")]
    consistency: Vec<String>,

    /// Faults, comma-separated: partition, kill, pause, each alone or with a variant such as
    /// partition:one-way or kill:leader; an explicit cut of links is partition:n1>n2+n3>n1
    #[arg(long, value_delimiter = ',', value_name = "FAULT[:VARIANT]")]
    nemesis: Vec<Request>,

    /// Let the faults of different nemeses overlap instead of taking turns
    #[arg(long)]
    overlap: bool,

    /// Mean length of a fault
    #[arg(long, default_value = "3s", value_name = "TIME",
          value_parser = humantime::parse_duration)]
    fault_duration: Duration,

    /// Mean calm between two faults
    #[arg(long, default_value = "1500ms", value_parser = humantime::parse_duration,
          value_name = "TIME")]
    fault_gap: Duration,

    /// Nodes of the cluster [default: what the target is run with]
    #[arg(long, short, value_name = "N")]
    nodes: Option<usize>,

    /// Clients that work at once: a number, or a multiple of the nodes such as 2n
    #[arg(long, short, default_value = "2n", value_parser = parse_concurrency, value_name = "N")]
    concurrency: Concurrency,

    /// Operations a second, all clients together [default: what suits the workload, mostly 400]
    #[arg(long, short, value_name = "HZ")]
    rate: Option<u32>,

    /// How long clients work
    #[arg(long, default_value = "30s", value_name = "TIME",
          value_parser = humantime::parse_duration)]
    time_limit: Duration,

    /// How long a client waits for an answer before it calls the operation indefinite
    #[arg(long, default_value = "1s", value_name = "TIME",
          value_parser = humantime::parse_duration)]
    op_timeout: Duration,

    /// How long the cluster may take to serve again once the faults are lifted
    #[arg(long, default_value = "20s", value_name = "TIME",
          value_parser = humantime::parse_duration)]
    recovery_deadline: Duration,
}

#[derive(Clone, Copy)]
enum Concurrency {
    Clients(usize),
    PerNode(usize),
}

fn parse_concurrency(text: &str) -> Result<Concurrency, String> {
    let (digits, make): (_, fn(usize) -> Concurrency) = match text.strip_suffix('n') {
        Some(digits) => (digits, Concurrency::PerNode),
        None => (text, Concurrency::Clients),
    };
    digits
        .parse()
        .map(make)
        .map_err(|_| "expected a number such as 10, or a multiple of the nodes such as 2n".into())
}

/// `name=value`.
fn parse_pair<T: From<String>>(text: &str) -> Result<(String, T), String> {
    match text.split_once('=') {
        Some((name, value)) => Ok((name.to_owned(), value.to_owned().into())),
        None => Err("expected two words joined by `=`".into()),
    }
}

impl PlanOptions {
    /// The target; of a target file the whole path, since a plan may be run from elsewhere.
    fn target(&self) -> Result<String, Failure> {
        if targets::is_built_in(&self.target) {
            return Ok(self.target.clone());
        }
        let path = std::path::absolute(&self.target).map_err(Failure::usage)?;
        Ok(path.display().to_string())
    }

    /// Draws the plan for one seed.
    pub fn plan(&self, seed: u64) -> Result<Plan, Failure> {
        let description = targets::describe(&self.target).map_err(Failure::usage)?;
        let nodes = self.nodes.unwrap_or(description.nodes.default);
        let reads = self.reads.iter().map(|kind| ("reads".into(), kind.clone()));
        let workload = workload_named(&self.workload).map(|kind| (kind.build)());
        let suitable = workload.map_or(0, |workload| workload.rate_per_s());
        let setting = Setting {
            version: PLAN_VERSION,
            seed,
            target: self.target()?,
            bug: self.bug.clone(),
            options: self.options.iter().cloned().chain(reads).collect(),
            binaries: self.binaries.iter().cloned().collect(),
            nodes,
            leaderless: description.client != ClientKind::Embedded,
            workload: self.workload.clone(),
            consistency: self.consistency.clone(),
            nemesis: self.nemesis.clone(),
            concurrency: match self.concurrency {
                Concurrency::Clients(n) => n,
                Concurrency::PerNode(n) => n.saturating_mul(nodes),
            },
            rate_per_s: self.rate.unwrap_or(suitable),
            time_limit_ms: millis(self.time_limit),
            op_timeout_ms: millis(self.op_timeout),
            recovery_deadline_ms: millis(self.recovery_deadline),
        };
        let rhythm = Rhythm {
            fault: self.fault_duration,
            calm: self.fault_gap,
            overlap: self.overlap,
        };
        let plan = Plan::draw(setting, rhythm).map_err(Failure::usage)?;
        targets::build(&plan.setting).map_err(Failure::usage)?;
        Ok(plan)
    }
}

/// Times beyond what a plan may hold are refused with the plan.
fn millis(time: Duration) -> u64 {
    time.as_millis().try_into().unwrap_or(u64::MAX)
}

/// A seed nobody chose.
pub fn fresh_seed() -> u64 {
    rand::random::<u32>().into()
}
