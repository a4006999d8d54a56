//! Counters by hand.

use proptest::prelude::*;

use super::*;
use crate::checker::Checker;
use crate::recording::{Recording, anomalies};
use crate::sessions::simulated::{self, Object, Shows, Store};
use Guarantee::*;

fn judged(recording: &Recording, guarantee: Guarantee) -> Report {
    let mut checker = Box::new(Counters::new(guarantee, &Params::default()));
    for op in &recording.ops {
        checker.push(op).expect("a readable operation");
    }
    checker.finish(&Budget::unlimited())
}

fn broken(recording: &Recording) -> Vec<&'static str> {
    let names = Guarantee::NAMES.into_iter();
    let names = names.filter(|(g, _)| judged(recording, *g).validity == Validity::Invalid);
    names.map(|(_, name)| name).collect()
}

const WITH_CAUSAL: [&str; 4] = ["pram", "causal", "causal-convergence", "causal-memory"];

#[test]
fn each_bound_breaks_its_guarantee() {
    let mut own = Recording::default();
    own.call(0, "add", 5);
    own.call(1, "add", 3);
    own.call(0, "read", 3);
    assert_eq!(
        broken(&own),
        [&["read-your-writes"][..], &WITH_CAUSAL].concat()
    );
    let mut back = Recording::default();
    back.call(0, "add", 5);
    back.call(1, "read", 5);
    back.call(1, "read", 0);
    assert_eq!(
        broken(&back),
        [&["monotonic-reads"][..], &WITH_CAUSAL].concat()
    );
    // Neither by itself: the own add is there, and the sum does not go back.
    let mut swapped = Recording::default();
    swapped.call(0, "add", 5);
    swapped.call(1, "read", 5);
    swapped.call(1, "add", 5);
    swapped.call(1, "read", 5);
    assert_eq!(broken(&swapped), WITH_CAUSAL);
    let mut thin_air = Recording::default();
    thin_air.call(0, "add", 5);
    thin_air.call(1, "read", 7);
    assert_eq!(broken(&thin_air).len(), Guarantee::NAMES.len());
}

#[test]
fn what_bounds_allow_is_valid_or_not_told() {
    let mut recording = Recording::default();
    recording.call(0, "increment", Value::Nil);
    recording.invoke(1, "decrement", Value::Nil);
    recording.call(0, "read", 0);
    recording.call(0, "read", 1);
    recording.info(1, "decrement", Value::Nil);
    for guarantee in [ReadYourWrites, MonotonicReads, Pram] {
        let report = judged(&recording, guarantee);
        assert_eq!(report.validity, Validity::Valid, "{:?}", report.findings);
    }
    for guarantee in [MonotonicWrites, WritesFollowReads, Causal] {
        assert_eq!(
            judged(&recording, guarantee).unknown.as_deref(),
            Some(UNDECIDED)
        );
    }
    let empty = Recording::default();
    assert_eq!(
        judged(&empty, Pram).unknown.as_deref(),
        Some(NOTHING_TESTED)
    );
}

#[test]
fn a_lost_own_add_is_told() {
    let mut recording = Recording::default();
    recording.call(0, "add", 5);
    recording.call(0, "read", 0);
    let report = judged(&recording, ReadYourWrites);
    assert_eq!(anomalies(&report), ["unseen-own-write"]);
    assert_eq!(
        report.findings[0].summary,
        "process 0 read the counter as 0 at 0.003 s, having added 5 itself: with what others \
         attempted it is at least 5 and at most 5"
    );
}

/// Calls one after another: a process, and what it adds or reads. One call in eight is indefinite.
fn calls() -> impl Strategy<Value = Recording> {
    let call = (0..3i64, prop::option::of(-2..4i64), -3..8i64, 0..8u8);
    prop::collection::vec(call, 1..=9).prop_map(|calls| {
        let mut recording = Recording::default();
        for (at, (process, added, read, luck)) in (0..).zip(calls) {
            // A process ends with a call whose result is unknown.
            let (f, value) = added.map_or(("read", read), |added| ("add", added));
            if luck > 0 {
                recording.call(process, f, value);
            } else {
                recording.invoke(10 + at, f, value);
                recording.info(10 + at, f, value);
            }
        }
        recording
    })
}

proptest! {
    /// What is left has the same read out of a bound that is no tighter, and nothing else wrong
    /// that was not; nothing of it can be left out.
    #[test]
    fn what_is_left_breaks_the_same_bound(recording in calls()) {
        for (guarantee, _) in Guarantee::NAMES {
            let whole = judged(&recording, guarantee);
            let about = |finding: &Finding| *finding.ops.last().expect("a read");
            let reads: Vec<u64> = whole.findings.iter().map(about).collect();
            for finding in whole.findings.iter().take(FINDINGS_SHRUNK_MAX) {
                let bound = |finding: &Finding, name: &str| {
                    let told = finding.details[name].as_str().expect("a bound");
                    told.parse::<i64>().expect("a number")
                };
                let value = finding.details["value"].as_i64().expect("a sum");
                let shows = |ops: &[u64]| {
                    let mut part = recording.clone();
                    part.ops.retain(|op| ops.contains(&op.index));
                    let found = judged(&part, guarantee).findings;
                    let is_as_wide = |found: &Finding| {
                        let (least, most) = (bound(found, "least"), bound(found, "most"));
                        value < least && least <= bound(finding, "least")
                            || value > most && most >= bound(finding, "most")
                    };
                    found.iter().all(|found| reads.contains(&about(found)))
                        && found.iter().any(|f| about(f) == about(finding) && is_as_wide(f))
                };
                let (ops, is_least) = crate::recording::minimal(finding).expect("a part");
                prop_assert!(is_least && shows(&ops), "{ops:?} {finding:#?}");
                for call in ops.chunks(2) {
                    let fewer: Vec<u64> =
                        ops.iter().copied().filter(|op| !call.contains(op)).collect();
                    prop_assert!(!shows(&fewer), "{call:?} of {ops:?} {finding:#?}");
                }
            }
        }
    }
}

/// Counters of simulated stores, to which each write adds an amount of its own.
fn counters(amount: fn(usize) -> i64, test: impl Fn(&Object)) {
    test(&Object {
        shows: Shows::All,
        judge: &|calls, guarantee| {
            let adds = |write: usize| Value::Int(amount(write));
            let sum = |shown: &[usize]| Value::Int(shown.iter().map(|w| amount(*w)).sum());
            judged(&simulated::recorded(calls, "add", adds, sum), guarantee).validity
        },
    });
}

#[test]
fn counters_that_keep_their_promises_are_never_flagged() {
    let amounts: [fn(usize) -> i64; 3] = [|_| 1, |w| 1 + w as i64 % 5, |w| w as i64 % 7 - 3];
    for amount in amounts {
        counters(amount, |counters| {
            for store in [
                Store::Beginnings,
                Store::Convergent,
                Store::Memory,
                Store::Pram,
            ] {
                counters.is_flagged_only_for(store, &[]);
            }
        });
    }
}

/// Whose adds are in a sum, bounds do not tell.
#[test]
fn own_adds_and_earlier_reads_that_are_missed_are_caught() {
    counters(
        |_| 1,
        |counters| counters.is_caught_at_each_of(&[ReadYourWrites, MonotonicReads]),
    );
}
