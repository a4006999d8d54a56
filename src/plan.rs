//! The plan: a run as pure data, drawn from a seed before anything starts.
//!
//! The same seed and options give the same plan, byte for byte, on every machine. A plan is a file:
//! `faultbench plan` prints it, each run stores it, `faultbench replay` runs it again.

pub mod fault;
pub mod file;
pub mod nemesis;
pub mod schedule;
pub mod seed;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use faultbench_checkers::checker::model_named;
use faultbench_checkers::lattice::Model as Consistency;
use faultbench_workloads::{Call, Workload, WorkloadKind, workload_named};
use proptest::strategy::{Strategy, ValueTree};
use serde::{Deserialize, Serialize};

use nemesis::Request;
use schedule::{Members, PlannedFault, Rhythm};
use seed::Seed;

/// The version of the plan's file format.
pub const PLAN_VERSION: u32 = 1;

/// Everything about a run that is not drawn.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setting {
    pub version: u32,
    pub seed: u64,
    pub target: String,
    /// The planted bug of an embedded store.
    pub bug: Option<String>,
    /// What is chosen of the target's options, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub options: BTreeMap<String, String>,
    /// Where programs of the target are that are not to be looked for on PATH.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub binaries: BTreeMap<String, PathBuf>,
    pub nodes: usize,
    /// The target's nodes do not say who leads.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub leaderless: bool,
    pub workload: String,
    /// The consistency models to judge by; what the workload claims where empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consistency: Vec<String>,
    pub nemesis: Vec<Request>,
    /// Logical processes, spread over the nodes.
    pub concurrency: usize,
    pub rate_per_s: u32,
    pub time_limit_ms: u64,
    pub op_timeout_ms: u64,
    /// How long the cluster may take to serve again after the last fault is healed.
    pub recovery_deadline_ms: u64,
}

impl Setting {
    /// The target as it is spoken of: of a target file, its name.
    pub fn target_name(&self) -> &str {
        let stem = Path::new(&self.target).file_stem();
        stem.and_then(|stem| stem.to_str()).unwrap_or(&self.target)
    }

    pub fn op_timeout(&self) -> Duration {
        Duration::from_millis(self.op_timeout_ms)
    }

    pub fn time_limit(&self) -> Duration {
        Duration::from_millis(self.time_limit_ms)
    }

    pub fn recovery_deadline(&self) -> Duration {
        Duration::from_millis(self.recovery_deadline_ms)
    }

    fn validate(&self) -> Result<(), PlanError> {
        in_range("--nodes", self.nodes as u64, 1, NODES_MAX)?;
        in_range("--concurrency", self.concurrency as u64, 1, CONCURRENCY_MAX)?;
        in_range("--rate", u64::from(self.rate_per_s), 1, RATE_PER_S_MAX)?;
        in_range("--time-limit in ms", self.time_limit_ms, 1, TIME_MS_MAX)?;
        in_range("--op-timeout in ms", self.op_timeout_ms, 1, TIME_MS_MAX)?;
        let deadline = self.recovery_deadline_ms;
        in_range("--recovery-deadline in ms", deadline, 1, TIME_MS_MAX)?;
        let claims = self.claims()?;
        let model = model_named(self.workload()?.claim().model);
        model.map_or(Ok(()), |model| {
            model.fits(&claims).map_err(PlanError::Consistency)
        })
    }

    /// The models of [`Setting::consistency`].
    ///
    /// # Errors
    /// There is none of one of the names.
    pub fn claims(&self) -> Result<Vec<Consistency>, PlanError> {
        let named = |name: &String| {
            Consistency::from_name(name).ok_or_else(|| {
                let problem = format!("there is no consistency model {name:?}");
                PlanError::Consistency(format!("{problem}; see `faultbench list consistency`"))
            })
        };
        self.consistency.iter().map(named).collect()
    }

    /// The workload this plan names.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn workload(&self) -> Result<Box<dyn Workload>, PlanError> {
        workload_kind(&self.workload).map(|kind| (kind.build)())
    }
}

/// A call with the time it is due, in microseconds from the start of the load.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedOp {
    pub at_us: u64,
    #[serde(flatten)]
    pub call: Call,
}

/// A run as data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    pub setting: Setting,
    pub faults: Vec<PlannedFault>,
    pub ops: Vec<PlannedOp>,
}

/// Why there is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    #[error("there is no workload {name:?}; choose from {known}")]
    NoSuchWorkload { name: String, known: String },
    #[error("{0}")]
    Nemesis(String),
    #[error("{0}")]
    Consistency(String),
    #[error("{what} is {found}; it must be {expected}")]
    OutOfRange {
        what: &'static str,
        found: u64,
        expected: String,
    },
    #[error("a plan of {ops} operations is more than {max}; lower --rate or --time-limit")]
    TooLong { ops: u64, max: u64 },
}

/// Nodes of a cluster at the most: addresses and fabric are laid out for these.
pub const NODES_MAX: u64 = 32;
/// Logical processes at the most.
pub const CONCURRENCY_MAX: u64 = 10_000;
/// Operations a second at the most.
pub const RATE_PER_S_MAX: u64 = 10_000_000;
/// Any time of a plan at the most: a week.
pub const TIME_MS_MAX: u64 = 7 * 24 * 3600 * 1000;
/// Operations of a plan at the most; about 100 bytes each in the file.
pub const OPS_MAX: u64 = 20_000_000;

impl Plan {
    /// Draws a plan: the operations and faults of a setting.
    ///
    /// # Errors
    /// The setting names something that does not exist or does not fit.
    pub fn draw(setting: Setting, rhythm: Rhythm) -> Result<Plan, PlanError> {
        setting.validate()?;
        let seed = Seed(setting.seed);
        let faults = schedule::draw(
            &setting.nemesis,
            Members {
                nodes: setting.nodes,
                leaderless: setting.leaderless,
            },
            setting.time_limit(),
            rhythm,
            seed,
        )
        .map_err(PlanError::Nemesis)?;
        let ops = draw_ops(&setting, &*setting.workload()?, seed)?;
        Ok(Plan {
            setting,
            faults,
            ops,
        })
    }

    /// Checks a plan that comes from outside.
    ///
    /// # Errors
    /// A setting out of range, or a fault on nodes that are not there.
    fn validate(&self) -> Result<(), PlanError> {
        self.setting.validate()?;
        let nodes = self.setting.nodes;
        for planned in &self.faults {
            if let Some(node) = planned.fault.nodes().find(|node| node.0 >= nodes) {
                return Err(PlanError::Nemesis(format!(
                    "fault {} ({}) names {node}, the last node is n{nodes}",
                    planned.id, planned.fault
                )));
            }
        }
        Ok(())
    }
}

fn draw_ops(
    setting: &Setting,
    workload: &dyn Workload,
    seed: Seed,
) -> Result<Vec<PlannedOp>, PlanError> {
    let rate = u64::from(setting.rate_per_s);
    let count = rate.saturating_mul(setting.time_limit_ms) / 1000;
    if count > OPS_MAX {
        return Err(PlanError::TooLong {
            ops: count,
            max: OPS_MAX,
        });
    }
    let draw = |n: u64| {
        let tree = workload.call(n).new_tree(&mut seed.runner("op", n));
        let call = tree
            .expect("workload generators use no filters, so they never reject")
            .current();
        PlannedOp {
            at_us: n * 1_000_000 / rate,
            call,
        }
    };
    Ok((0..count).map(draw).collect())
}

fn workload_kind(name: &str) -> Result<&'static WorkloadKind, PlanError> {
    workload_named(name).ok_or_else(|| {
        let known: Vec<_> = faultbench_workloads::WORKLOADS
            .iter()
            .map(|kind| kind.name)
            .collect();
        PlanError::NoSuchWorkload {
            name: name.to_owned(),
            known: known.join(", "),
        }
    })
}

fn in_range(what: &'static str, found: u64, min: u64, max: u64) -> Result<(), PlanError> {
    if (min..=max).contains(&found) {
        return Ok(());
    }
    Err(PlanError::OutOfRange {
        what,
        found,
        expected: format!("between {min} and {max}"),
    })
}

#[cfg(test)]
pub(crate) mod tests;
