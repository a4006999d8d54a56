//! What was asked of the store and how it answered: counts, rates, latencies and availability,
//! overall and by phase, fault window and node.
//!
//! A call counts where it was invoked: a call begun under a partition that fails after it was
//! healed is the partition's.

pub mod staleness;
mod tally;

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;
use serde::Serialize;

use crate::availability::{Availability, is_served};
use crate::events::{FaultWindow, Phase, Timeline};
use crate::{Op, OpType};
use staleness::Staleness;
use tally::Tally;
pub use tally::{FunctionStatistics, Latency};

/// A part of the run: all of it, a phase, a fault window or a node.
#[derive(Debug, Clone, Serialize)]
pub struct Scope {
    pub name: String,
    /// Nanoseconds since the start of the run; `None` where the history has no times.
    pub begin: Option<i64>,
    pub end: Option<i64>,
    /// By name of the function.
    pub functions: Vec<FunctionStatistics>,
    pub availability: Availability,
}

/// Statistics of a run.
#[derive(Debug, Clone, Serialize)]
pub struct Statistics {
    pub overall: Scope,
    pub phases: Vec<Scope>,
    /// One for each fault that was in place, in the order of their begins.
    pub faults: Vec<Scope>,
    pub windows: Vec<FaultWindow>,
    /// Empty where the history names no nodes.
    pub nodes: Vec<Scope>,
    /// Where it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub staleness: Option<Staleness>,
    /// Planned faults that could not be put in place.
    pub faults_skipped: u64,
    /// Completions without invocation and invocations of busy processes.
    pub unmatched: u64,
    /// Events of the nemesis and harness that had no time and so bound nothing.
    pub events_untimed: u64,
}

/// Counts a history as it goes by.
#[derive(Default)]
pub struct Collector {
    timeline: Timeline,
    open: FxHashMap<i64, Call>,
    overall: Tally,
    /// The first is what came before any phase.
    phases: Vec<Tally>,
    faults: Vec<Tally>,
    nodes: BTreeMap<String, Tally>,
    first: Option<i64>,
    last: Option<i64>,
    unmatched: u64,
    staleness: Option<staleness::Recorder>,
}

/// An open call and the scopes it counts in.
struct Call {
    begin: Option<i64>,
    phase: usize,
    faults: Vec<usize>,
    node: Option<String>,
    register: Option<staleness::Opened>,
}

impl Collector {
    pub fn new() -> Collector {
        Collector::default()
    }

    /// Measures how stale reads of registers are as well: `read`, `write` and `cas`.
    pub fn with_staleness() -> Collector {
        Collector {
            staleness: Some(staleness::Recorder::default()),
            ..Collector::default()
        }
    }

    /// Takes the next operation, of whatever process.
    pub fn push(&mut self, op: &Op) {
        self.first = self.first.or(op.time);
        self.last = self.last.max(op.time);
        let Some(process) = op.process.client() else {
            self.timeline.push(op);
            return;
        };
        if op.kind == OpType::Invoke {
            self.invoke(op, process);
        } else {
            self.complete(op, process);
        }
    }

    fn invoke(&mut self, op: &Op, process: i64) {
        let call = Call {
            begin: op.time,
            phase: self.timeline.phases().len(),
            faults: self.timeline.active().to_vec(),
            node: op.node.as_ref().map(ToString::to_string),
            register: self.staleness.as_mut().map(|recorder| recorder.invoke(op)),
        };
        self.each(&call, |tally| tally.invoke(&op.f));
        if self.open.insert(process, call).is_some() {
            self.unmatched += 1;
        }
    }

    fn complete(&mut self, op: &Op, process: i64) {
        let Some(call) = self.open.remove(&process) else {
            self.unmatched += 1;
            return;
        };
        let latency = op
            .time
            .zip(call.begin)
            .map(|(end, begin)| end.saturating_sub(begin));
        if let (Some(recorder), Some(opened)) = (&mut self.staleness, call.register) {
            recorder.complete(op, &call, opened);
        }
        let served = is_served(op);
        self.each(&call, |tally| {
            tally.complete(&op.f, op.kind, served, latency)
        });
    }

    fn each(&mut self, call: &Call, count: impl Fn(&mut Tally)) {
        count(&mut self.overall);
        count(at(&mut self.phases, call.phase));
        for fault in &call.faults {
            count(at(&mut self.faults, *fault));
        }
        if let Some(node) = &call.node {
            match self.nodes.get_mut(node) {
                Some(tally) => count(tally),
                None => count(self.nodes.entry(node.clone()).or_default()),
            }
        }
    }

    pub fn finish(mut self) -> Statistics {
        let (first, last) = (self.first, self.last);
        let phases = self.phase_scopes();
        let windows = self.timeline.windows().to_vec();
        let faults = windows
            .iter()
            .enumerate()
            .map(|(i, window)| {
                let name = format!("{} {}", window.family, window.fault);
                let end = window.end.or(last);
                at(&mut self.faults, i).scope(name, Some(window.begin), end)
            })
            .collect();
        let nodes = self
            .nodes
            .iter()
            .map(|(node, tally)| tally.scope(node.clone(), first, last));
        let staleness = self.staleness.take();
        Statistics {
            staleness: staleness.map(|recorder| recorder.finish(&self.timeline)),
            overall: self.overall.scope("overall".to_owned(), first, last),
            phases,
            faults,
            windows,
            nodes: nodes.collect(),
            faults_skipped: self.timeline.skipped(),
            unmatched: self.unmatched,
            events_untimed: self.timeline.untimed(),
        }
    }

    fn phase_scopes(&mut self) -> Vec<Scope> {
        let begins = self.timeline.phases().to_vec();
        let mut scopes = Vec::new();
        for (i, (phase, begin)) in begins.iter().enumerate() {
            let end = begins.get(i + 1).map(|(_, next)| *next).or(self.last);
            let tally = at(&mut self.phases, i + 1);
            scopes.push(tally.scope(Phase::name(*phase).to_owned(), Some(*begin), end));
        }
        scopes
    }
}

/// The tally at a position, with empty ones up to it.
fn at(tallies: &mut Vec<Tally>, position: usize) -> &mut Tally {
    if tallies.len() <= position {
        tallies.resize_with(position + 1, Tally::default);
    }
    &mut tallies[position]
}

impl Statistics {
    /// A few lines of text: each function, and the availability overall and under each family of
    /// faults.
    pub fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = self
            .overall
            .functions
            .iter()
            .map(FunctionStatistics::text)
            .collect();
        lines.push(format!("available: {}", self.overall.availability.text()));
        for (family, availability) in self.availability_by_family() {
            lines.push(format!("available under {family}: {}", availability.text()));
        }
        for node in &self.nodes {
            lines.push(format!(
                "available at {}: {}",
                node.name,
                node.availability.text()
            ));
        }
        if let Some(staleness) = &self.staleness {
            lines.extend(staleness.lines());
        }
        lines
    }

    /// Availability under each family of faults. A call under two faults of a family counts twice.
    pub fn availability_by_family(&self) -> Vec<(String, Availability)> {
        let mut sums: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
        for (window, scope) in self.windows.iter().zip(&self.faults) {
            let (served, invoked) = sums.entry(&window.family).or_default();
            *served += scope.availability.served;
            *invoked += scope.availability.invoked;
        }
        sums.into_iter()
            .map(|(family, (served, invoked))| {
                (family.to_owned(), Availability::new(served, invoked))
            })
            .collect()
    }
}

#[cfg(test)]
mod tests;
