//! Linearizability of registers (Herlihy & Wing, *Linearizability: a correctness condition for
//! concurrent objects*, TOPLAS 1990): every operation seems to take effect at one instant between
//! its invocation and its completion.
//!
//! The property is local (theorem 1 there), so every key is decided alone, by the cheapest sound
//! method: [`zones`] where its values are written once each, else the [`search`].

mod calls;
mod events;
mod evidence;
pub mod model;
pub mod register;
pub mod search;
pub mod zones;

use serde_json::{Value as Json, json};

use crate::budget::{Budget, Exhausted, Meter};
use crate::checker::{Checker, NOTHING_TESTED, OpError, Params};
use crate::report::{Finding, Report, Validity};
use crate::{Op, story};
use calls::Calls;
use evidence::Teller;
use model::{Decision, Interval};
use register::{Register, RegisterOp};
use search::Search;
use zones::Zones;

pub const REGISTER_FUNCTIONS: &[&str] = &["read", "write"];
pub const CAS_REGISTER_FUNCTIONS: &[&str] = &["read", "write", "cas"];

/// Keys named in the figures of a report.
const KEYS_LISTED_MAX: usize = 100;

/// Judges registers, one for each key.
///
/// Reads carry the value they returned, writes the value written, compare-and-sets `[old new]`.
/// A register holds nil until written, or [`Params::init`].
pub struct Registers {
    calls: Calls,
}

impl Registers {
    pub fn without_cas(params: &Params) -> Registers {
        Registers {
            calls: Calls::new(params, REGISTER_FUNCTIONS),
        }
    }

    pub fn with_cas(params: &Params) -> Registers {
        Registers {
            calls: Calls::new(params, CAS_REGISTER_FUNCTIONS),
        }
    }
}

impl Checker for Registers {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        self.calls.push(op)
    }

    fn finish(self: Box<Self>, budget: &Budget) -> Report {
        let mut report = Report::new("linearizable", "linearizable registers");
        let judge = Judge::new(&self.calls, budget.meter());
        judge.decide_all(&mut report);
        if self.calls.succeeded == 0 {
            report.doubt(NOTHING_TESTED);
        }
        report
    }
}

/// A key that waits for the search.
struct Waiting {
    key: u32,
    /// Calls it has.
    size: u32,
}

/// Decides key after key and counts.
struct Judge<'a> {
    history: &'a Calls,
    meter: Meter<'a>,
    order: Vec<u32>,
    offsets: Vec<u32>,
    ops: Vec<Interval<RegisterOp>>,
    valid: u64,
    invalid: Vec<(u32, Finding)>,
    undecided: Vec<Json>,
    undecided_count: u64,
    exhausted: Option<Exhausted>,
    visited: u64,
}

impl<'a> Judge<'a> {
    fn new(history: &'a Calls, meter: Meter<'a>) -> Judge<'a> {
        let (order, offsets) = history.by_key();
        Judge {
            history,
            meter,
            order,
            offsets,
            ops: Vec::new(),
            valid: 0,
            invalid: Vec::new(),
            undecided: Vec::new(),
            undecided_count: 0,
            exhausted: None,
            visited: 0,
        }
    }

    /// Decides every key: first those that need no search, then the others, small ones first, so
    /// that one hard key does not use up what the others need.
    fn decide_all(mut self, report: &mut Report) {
        let mut waiting = Vec::new();
        let mut keys = 0;
        for key in 0..self.history.keys.len() as u32 {
            let size = self.offsets[key as usize + 1] - self.offsets[key as usize];
            if size == 0 {
                continue;
            }
            keys += 1;
            if !self.decide_by_zones(key) {
                waiting.push(Waiting { key, size });
            }
        }
        let searched = waiting.len();
        waiting.sort_by_key(|waiting| waiting.size);
        for Waiting { key, .. } in waiting {
            self.decide_by_search(key);
        }
        report.figure("calls", self.history.calls.len());
        report.figure("ok", self.history.succeeded);
        report.figure("keys", keys);
        report.figure("keys_by_zones", keys - searched);
        report.figure("keys_by_search", searched);
        report.figure("configurations", self.visited);
        self.conclude(report);
    }

    fn conclude(mut self, report: &mut Report) {
        report.figure("keys_valid", self.valid);
        report.figure("keys_invalid", self.invalid.len());
        report.figure("keys_unknown", self.undecided_count);
        if !self.invalid.is_empty() {
            report.validity = Validity::Invalid;
            // The story of a run goes by its time.
            self.invalid
                .sort_by_key(|(key, finding)| (finding.time, finding.ops.first().copied(), *key));
            let keys = self.invalid.iter().take(KEYS_LISTED_MAX);
            let names: Vec<Json> = keys
                .map(|(key, _)| story::json(self.history.keys.value(*key)))
                .collect();
            report.figure("invalid_keys", names);
        }
        report.findings = self
            .invalid
            .into_iter()
            .map(|(_, finding)| finding)
            .collect();
        report.findings.truncate(Report::FINDINGS_MAX);
        if let Some(exhausted) = self.exhausted {
            report.figure("unknown_keys", self.undecided);
            report.doubt(format!(
                "{exhausted} with {} of {} keys undecided",
                self.undecided_count,
                self.undecided_count
                    + self.valid
                    + report.figures["keys_invalid"].as_u64().unwrap_or(0),
            ));
        }
    }

    /// The calls of a key that count, in `self.ops`, and which calls they are.
    fn lower(&mut self, key: u32) {
        let range = self.offsets[key as usize] as usize..self.offsets[key as usize + 1] as usize;
        self.ops.clear();
        self.ops.extend(
            self.order[range]
                .iter()
                .filter_map(|call| self.history.interval(*call)),
        );
        register::drop_unobserved(&mut self.ops);
    }

    /// The calls of `self.ops`: both are in the order of their starts.
    fn calls_of(&self, key: u32) -> Vec<u32> {
        let range = self.offsets[key as usize] as usize..self.offsets[key as usize + 1] as usize;
        let mut ops = self.ops.iter().peekable();
        let is_next = |call: &u32| {
            let start = self.history.calls[*call as usize].start;
            ops.next_if(|op| op.start == start).is_some()
        };
        self.order[range]
            .iter()
            .copied()
            .filter({
                let mut is_next = is_next;
                move |call| is_next(call)
            })
            .collect()
    }

    fn decide_by_zones(&mut self, key: u32) -> bool {
        self.lower(key);
        let Some(mut zones) = Zones::new(&self.ops, self.history.init) else {
            return false;
        };
        match zones.decide() {
            Decision::Linearizable => self.valid += 1,
            Decision::Impossible(conflict) => {
                let calls = self.calls_of(key);
                let teller = Teller {
                    history: self.history,
                    key,
                    calls: &calls,
                };
                self.invalid.push((key, teller.conflict(conflict)));
            }
        }
        true
    }

    fn decide_by_search(&mut self, key: u32) {
        self.lower(key);
        if let Some(exhausted @ (Exhausted::Wall(_) | Exhausted::Steps(_))) = self.exhausted {
            return self.give_up(key, exhausted, 0);
        }
        let ops = std::mem::take(&mut self.ops);
        let model = Register {
            init: self.history.init,
        };
        let mut search = Search::new(&model, &ops);
        let outcome = search.run(&mut self.meter);
        self.visited += search.visited() as u64;
        let linearized = search.furthest().prefix.len();
        drop(search);
        self.ops = ops;
        match outcome {
            Ok(Decision::Linearizable) => self.valid += 1,
            Ok(Decision::Impossible(furthest)) => {
                let calls = self.calls_of(key);
                let teller = Teller {
                    history: self.history,
                    key,
                    calls: &calls,
                };
                self.invalid.push((key, teller.stuck(&furthest)));
            }
            Err(exhausted) => self.give_up(key, exhausted, linearized),
        }
    }

    fn give_up(&mut self, key: u32, exhausted: Exhausted, linearized: usize) {
        self.exhausted = Some(exhausted);
        self.undecided_count += 1;
        if self.undecided.len() < KEYS_LISTED_MAX {
            self.undecided.push(json!({
                "key": story::json(self.history.keys.value(key)),
                "reason": exhausted.to_string(),
                "operations": self.ops.len(),
                "longest_linearized_prefix": linearized,
            }));
        }
    }
}

#[cfg(test)]
mod tests;
