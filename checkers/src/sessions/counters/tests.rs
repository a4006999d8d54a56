//! Counters by hand.

use super::*;
use crate::checker::Checker;
use crate::recording::{Recording, anomalies};
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
