//! Holders of locks and their tokens.

use crate::Value;
use crate::recording::{Recording, anomalies};
use crate::report::Validity;

#[test]
fn two_holders_at_a_time_are_told() {
    let mut recording = Recording::default();
    recording.call(0, "acquire", Value::Nil);
    recording.invoke(1, "acquire", Value::Nil);
    recording.invoke(0, "release", Value::Nil);
    recording.ok(1, "acquire", Value::Nil);
    recording.ok(0, "release", Value::Nil);
    assert_eq!(recording.check("lock-safety").validity, Validity::Valid);
    recording.call(2, "acquire", Value::Nil);
    let report = recording.check("lock-safety");
    assert_eq!(anomalies(&report), ["two-holders"]);
    assert_eq!(
        report.findings[0].summary,
        "process 2 acquired the lock at 0.007 s, while process 1 held it since it acquired it at \
         0.004 s"
    );
}

#[test]
fn an_acquire_of_unknown_outcome_holds_nothing_for_certain() {
    let mut recording = Recording::default();
    recording.invoke(0, "acquire", Value::Nil);
    recording.info(0, "acquire", Value::Nil);
    recording.call(1, "acquire", Value::Nil);
    recording.call(1, "release", Value::Nil);
    recording.call(2, "acquire", Value::Nil);
    assert_eq!(recording.check("lock-safety").validity, Validity::Valid);
}

#[test]
fn tokens_grow_and_fence() {
    let mut recording = Recording::default();
    recording.call(0, "acquire", 1);
    recording.invoke(1, "acquire", Value::Nil);
    recording.call(2, "acquire", 3);
    recording.ok(1, "acquire", 2);
    assert_eq!(recording.check("lock-safety").validity, Validity::Valid);
    recording.call(3, "acquire", 3);
    assert_eq!(
        anomalies(&recording.check("lock-safety")),
        ["token-not-larger"]
    );
}
