//! Events of a run that are not client operations: its phases and its faults.
//!
//! Two named processes write them, always as `info`, always with a map for a value:
//!
//! | process | `f` | value |
//! |---|---|---|
//! | `harness` | `phase` | `{:phase NAME}`: the phase that starts now, a [`Phase`] |
//! | `nemesis` | the family: `kill`, `pause`, … | `{:fault ID, :event EVENT, :what TEXT}` |
//!
//! `ID` numbers the faults of a plan from 1; `EVENT` is `begin` when the fault is in place and
//! `end` when it is lifted, the only two that bound a [`FaultWindow`], or `skipped` when it could
//! not be put in place.
//!
//! Histories of Jepsen have no such maps: there the nemesis writes its invocation and its
//! completion both as `info`, and a fault lasts from the completion of one function (`start`,
//! `start-partition`, `kill`, `pause`) to that of its counterpart (`stop`, `stop-partition`,
//! `start`, `resume`). [`Timeline`] reads both.

mod timeline;

pub use timeline::Timeline;

/// The process that writes the phases.
pub const HARNESS: &str = "harness";
/// The process that writes the faults.
pub const NEMESIS: &str = "nemesis";

/// The phases of a run, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// The workload prepares the store; no faults.
    Setup,
    /// Clients work while faults come and go.
    Load,
    /// Every fault is lifted.
    Heal,
    /// The cluster may take until a deadline to serve again.
    Recover,
    /// Reads that close the run.
    FinalReads,
}

impl Phase {
    pub const NAMES: [(Phase, &'static str); 5] = [
        (Phase::Setup, "setup"),
        (Phase::Load, "load"),
        (Phase::Heal, "heal"),
        (Phase::Recover, "recover"),
        (Phase::FinalReads, "final-reads"),
    ];

    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize].1
    }

    pub fn from_name(name: &str) -> Option<Phase> {
        Self::NAMES
            .iter()
            .find(|(_, n)| *n == name)
            .map(|(phase, _)| *phase)
    }
}

/// The time a fault was in place.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct FaultWindow {
    /// Number of the fault in its plan, from 1; position of its begin among faults otherwise.
    pub fault: u64,
    /// The family: `partition`, `kill`, `pause`.
    pub family: String,
    /// The fault in words.
    pub what: String,
    /// Nanoseconds since the start of the run.
    pub begin: i64,
    /// `None` where the history ends before the fault does.
    pub end: Option<i64>,
}
