//! The guarantees of sessions against naive readings of their definitions; what is told; registers
//! of simulated stores.

mod minimal;

use proptest::prelude::*;

use super::simulated::{Object, Shows, Store, recorded};
use super::*;
use crate::causal::history::{INIT, UnitId};
use crate::causal::oracle::{self, Relation};
use crate::causal::tests::{history, holds, shapes};
use crate::checker::NOTHING_TESTED;
use crate::recording::{Recording, anomalies};
use crate::report::Validity;

/// What each guarantee says a unit must have seen, by fixpoints over all pairs of units.
struct Naive<'a> {
    history: &'a History,
    causality: Relation,
    /// By session: what comes before what for all the session can tell.
    own: Vec<Relation>,
}

impl Naive<'_> {
    fn new(history: &History) -> Naive<'_> {
        let sessions = 0..history.sessions() as u32;
        Naive {
            history,
            causality: oracle::causality(history),
            own: sessions
                .map(|session| oracle::order(history, |reader| reader == session))
                .collect(),
        }
    }

    /// Whether `unit`'s session wrote `writer` before.
    fn wrote(&self, unit: UnitId, writer: UnitId) -> bool {
        self.history.session_of(unit) == self.history.session_of(writer) && writer < unit
    }

    /// Whether `unit`'s session read from `writer` before.
    fn had_read(&self, unit: UnitId, writer: UnitId) -> bool {
        let mut earlier = self.history.session(self.history.session_of(unit));
        earlier.any(|earlier| earlier < unit && self.reads_from(earlier, writer))
    }

    fn reads_from(&self, reader: UnitId, writer: UnitId) -> bool {
        let mut reads = self.history.reads(reader).iter();
        reads.any(|read| read.source == writer && read.source != INIT)
    }

    fn knows(&self, guarantee: Guarantee, unit: UnitId, writer: UnitId) -> bool {
        let all = 0..self.history.units() as UnitId;
        let seen = |other| self.wrote(unit, other) || self.had_read(unit, other);
        match guarantee {
            ReadYourWrites => self.wrote(unit, writer),
            MonotonicReads => self.had_read(unit, writer),
            MonotonicWrites => {
                seen(writer)
                    || all.clone().any(|later| {
                        let is_seen = seen(later) || self.reads_from(unit, later);
                        is_seen && self.wrote(later, writer)
                    })
            }
            _ => {
                !seen(writer)
                    && all.clone().any(|reader| {
                        self.reads_from(reader, writer)
                            && self.causality[reader as usize][unit as usize]
                    })
            }
        }
    }

    fn is_fresh(&self, guarantee: Guarantee, unit: UnitId) -> bool {
        let older = match guarantee {
            WritesFollowReads => &self.causality,
            _ => &self.own[self.history.session_of(unit) as usize],
        };
        oracle::is_fresh(self.history, unit, older, |writer| {
            self.knows(guarantee, unit, writer)
        })
    }

    fn holds(&self, guarantee: Guarantee) -> bool {
        let first = [ReadYourWrites, MonotonicReads];
        (0..self.history.units() as UnitId).all(|unit| {
            let mut session = self.history.session(self.history.session_of(unit));
            let is_clueless = !first.contains(&guarantee)
                && session.any(|unit| first.iter().any(|first| !self.is_fresh(*first, unit)));
            is_clueless || self.is_fresh(guarantee, unit)
        })
    }
}

proptest! {
    #[test]
    fn guarantees_are_decided_as_defined(shapes in shapes(9, 1)) {
        let history = history(&shapes);
        let naive = Naive::new(&history);
        if oracle::is_cyclic(&naive.causality) {
            return Ok(());
        }
        for guarantee in [ReadYourWrites, MonotonicReads, MonotonicWrites, WritesFollowReads] {
            prop_assert_eq!(
                holds(&history, guarantee),
                naive.holds(guarantee),
                "{}",
                guarantee.name()
            );
        }
    }
}

fn check(recording: &Recording, guarantee: Guarantee) -> Report {
    within(recording, guarantee, &Budget::unlimited())
}

fn within(recording: &Recording, guarantee: Guarantee, budget: &Budget) -> Report {
    let mut checker: Box<dyn checker::Checker> =
        Box::new(Checker::new(guarantee, &Params::default()));
    for op in &recording.ops {
        checker.push(op).expect("a readable operation");
    }
    checker.finish(budget)
}

/// Calls one after another: process, function, key, value.
fn calls(calls: &[(i64, &'static str, i64, Option<i64>)]) -> Recording {
    let mut recording = Recording::default();
    for (process, f, key, value) in calls {
        recording.call(
            *process,
            f,
            value.map_or(crate::Value::Nil, crate::Value::Int),
        );
        for op in recording.ops.iter_mut().rev().take(2) {
            op.key = Some(crate::Value::Int(*key));
        }
    }
    recording
}

/// The guarantees that a history breaks.
fn broken(recording: &Recording) -> Vec<&'static str> {
    let judged = Guarantee::NAMES
        .iter()
        .filter(|(guarantee, _)| *guarantee != ConsistentPrefix)
        .map(|(guarantee, name)| (check(recording, *guarantee).validity, *name));
    judged
        .filter(|(validity, _)| *validity == Validity::Invalid)
        .map(|(_, name)| name)
        .collect()
}

#[test]
fn an_own_write_that_is_not_seen_is_told() {
    let recording = calls(&[
        (1, "write", 7, Some(1)),
        (2, "read", 7, Some(1)),
        (2, "write", 7, Some(2)),
        (2, "read", 7, Some(1)),
    ]);
    let report = check(&recording, ReadYourWrites);
    assert_eq!(anomalies(&report), ["unseen-own-write"]);
    assert_eq!(
        report.findings[0].summary,
        "process 2 (at 0.007 s) read 1 of key 7, though process 2 (at 0.005 s) wrote 2 to key 7 \
         after process 1 (at 0.001 s) wrote 1 to key 7, as process 2 (at 0.003 s) read 1 of key 7 \
         from process 1 (at 0.001 s) and the reader knew of that, earlier in the same session"
    );
    assert_eq!(report.findings[0].ops, [1, 5, 3, 7]);
    let all = [
        "read-your-writes",
        "monotonic-reads",
        "pram",
        "causal",
        "causal-convergence",
        "causal-memory",
    ];
    let without_reads: Vec<&str> = all
        .into_iter()
        .filter(|n| *n != "monotonic-reads")
        .collect();
    assert_eq!(broken(&recording), without_reads);
}

#[test]
fn each_textbook_violation_breaks_its_guarantee() {
    let older_read = calls(&[
        (1, "write", 1, Some(1)),
        (1, "write", 1, Some(2)),
        (2, "read", 1, Some(2)),
        (2, "read", 1, Some(1)),
    ]);
    let causal = ["causal", "causal-convergence", "causal-memory"];
    let with = |first: &[&'static str]| [first, &causal].concat();
    assert_eq!(broken(&older_read), with(&["monotonic-reads", "pram"]));
    let skipped_write = calls(&[
        (1, "write", 1, Some(1)),
        (1, "write", 2, Some(2)),
        (2, "read", 2, Some(2)),
        (2, "read", 1, None),
    ]);
    assert_eq!(broken(&skipped_write), with(&["monotonic-writes", "pram"]));
    let answer_before_question = calls(&[
        (1, "write", 1, Some(1)),
        (2, "read", 1, Some(1)),
        (2, "write", 2, Some(2)),
        (3, "read", 2, Some(2)),
        (3, "read", 1, None),
    ]);
    assert_eq!(
        broken(&answer_before_question),
        with(&["writes-follow-reads"])
    );
    let no_agreement = calls(&[
        (1, "write", 1, Some(1)),
        (2, "write", 1, Some(2)),
        (1, "read", 1, Some(2)),
        (2, "read", 1, Some(1)),
    ]);
    assert_eq!(broken(&no_agreement), ["causal-convergence"]);
    let flips = calls(&[
        (1, "write", 1, Some(1)),
        (2, "write", 1, Some(2)),
        (3, "read", 1, Some(1)),
        (3, "read", 1, Some(2)),
        (3, "read", 1, Some(1)),
    ]);
    assert_eq!(
        broken(&flips),
        ["pram", "causal-convergence", "causal-memory"]
    );
    let fine = calls(&[
        (1, "write", 1, Some(1)),
        (2, "read", 1, None),
        (2, "read", 1, Some(1)),
        (2, "read", 1, Some(1)),
    ]);
    assert!(broken(&fine).is_empty());
}

#[test]
fn what_cannot_be_told_is_unknown() {
    let twice = calls(&[
        (1, "write", 1, Some(1)),
        (2, "write", 1, Some(1)),
        (2, "read", 1, Some(1)),
    ]);
    assert_eq!(check(&twice, Causal).validity, Validity::Unknown);
    assert_eq!(
        check(&calls(&[]), Causal).unknown.as_deref(),
        Some(NOTHING_TESTED)
    );
    let fine = calls(&[(1, "write", 1, Some(1))]);
    assert_eq!(check(&fine, ConsistentPrefix).validity, Validity::Unknown);
    let thin_air = calls(&[(1, "read", 1, Some(1))]);
    assert_eq!(
        anomalies(&check(&thin_air, ReadYourWrites)),
        ["thin-air-read"]
    );
}

#[test]
fn an_exhausted_budget_is_said() {
    let recording = calls(&[(1, "write", 1, Some(1)), (2, "read", 1, Some(1))]);
    let budget = Budget {
        steps: 1,
        ..Budget::unlimited()
    };
    let report = within(&recording, Causal, &budget);
    assert_eq!(report.validity, Validity::Unknown);
    assert!(report.unknown.is_some_and(|why| why.contains("steps")));
}

#[test]
fn names_and_aliases_find_their_guarantee() {
    for (guarantee, name) in Guarantee::NAMES {
        assert_eq!(Guarantee::named(name), Some(guarantee));
        assert_eq!(guarantee.name(), name);
    }
    assert_eq!(Guarantee::named("ryw"), Some(ReadYourWrites));
    assert_eq!(Guarantee::named("linearizable"), None);
}

const REGISTERS: Object = Object {
    shows: Shows::Last,
    judge: &|calls, guarantee| {
        let value = |write: usize| crate::Value::Int(write as i64);
        let last = |shown: &[usize]| shown.last().map_or(crate::Value::Nil, |w| value(*w));
        check(&recorded(calls, "write", value, last), guarantee).validity
    },
};

#[test]
fn registers_that_keep_their_promises_are_never_flagged() {
    REGISTERS.is_flagged_only_for(Store::Beginnings, &[]);
    REGISTERS.is_flagged_only_for(Store::Convergent, &[Pram, CausalMemory]);
    let diverged = REGISTERS.is_flagged_only_for(Store::Memory, &[CausalConvergence]);
    assert!(diverged > 0, "memories diverge");
    let beyond = [Causal, CausalConvergence, CausalMemory, WritesFollowReads];
    assert!(REGISTERS.is_flagged_only_for(Store::Pram, &beyond) > 0);
}

#[test]
fn each_break_of_registers_is_caught_at_its_guarantee() {
    let four = [
        ReadYourWrites,
        MonotonicReads,
        MonotonicWrites,
        WritesFollowReads,
    ];
    REGISTERS.is_caught_at_each_of(&four);
}
