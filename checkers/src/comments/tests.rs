//! Inserts and reads by hand.

use crate::Value;
use crate::recording::{Recording, anomalies, ints};
use crate::report::Validity;

#[test]
fn a_row_is_not_seen_without_those_before_it() {
    let mut recording = Recording::default();
    recording.call(0, "write", Value::Int(1));
    recording.call(1, "write", Value::Int(2));
    recording.call(2, "read", ints(&[1, 2]));
    recording.call(2, "read", ints(&[1]));
    recording.call(2, "read", ints(&[]));
    assert_eq!(recording.check("comments").validity, Validity::Valid);
    recording.call(2, "read", ints(&[2]));
    let report = recording.check("comments");
    assert_eq!(anomalies(&report), ["out-of-order"]);
    assert_eq!(report.findings[0].ops, [1, 3, 11]);
    assert_eq!(
        report.findings[0].summary,
        "the read at 0.011 s saw 2 but not 1, which had been acknowledged at 0.001 s before the \
         insert of the other began"
    );
}

#[test]
fn inserts_that_overlap_or_failed_have_no_order() {
    let mut recording = Recording::default();
    recording.invoke(0, "insert", Value::Int(1));
    recording.invoke(1, "insert", Value::Int(2));
    recording.ok(0, "insert", Value::Int(1));
    recording.ok(1, "insert", Value::Int(2));
    recording.invoke(0, "insert", Value::Int(3));
    recording.fail(0, "insert", Value::Int(3));
    recording.invoke(0, "insert", Value::Int(4));
    recording.info(0, "insert", Value::Int(4));
    recording.call(2, "read", ints(&[2]));
    let report = recording.check("comments");
    assert_eq!(report.validity, Validity::Valid, "{:?}", report.findings);
    recording.call(3, "insert", Value::Int(5));
    recording.call(2, "read", ints(&[1, 2, 5]));
    assert_eq!(recording.check("comments").validity, Validity::Valid);
}

#[test]
fn what_shows_nothing_is_unknown() {
    let mut recording = Recording::default();
    assert_eq!(recording.check("comments").validity, Validity::Unknown);
    recording.call(0, "write", Value::Int(1));
    assert_eq!(recording.check("comments").validity, Validity::Unknown);
    recording.call(0, "write", Value::Int(1));
    recording.call(0, "read", ints(&[1]));
    let why = recording.check("comments").unknown.expect("a reason");
    assert!(why.contains("more than once"), "{why}");
}
