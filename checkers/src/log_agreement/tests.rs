//! Logs that differ.

use crate::Value;
use crate::recording::{Recording, anomalies, ints};
use crate::report::Validity;

#[test]
fn logs_that_differ_at_a_place_are_told() {
    let mut recording = Recording::default();
    recording.call(0, "read", ints(&[1, 2, 3]));
    recording.call(1, "read", ints(&[1, 2]));
    let part = |from: i64, entries: &[i64]| {
        Value::Map(vec![
            (Value::keyword("from"), Value::Int(from)),
            (Value::keyword("entries"), ints(entries)),
        ])
    };
    recording.call(1, "read", part(2, &[3, 4]));
    assert_eq!(recording.check("log-agreement").validity, Validity::Valid);
    recording.call(2, "read", ints(&[1, 2, 3, 5, 6]));
    let report = recording.check("log-agreement");
    assert_eq!(anomalies(&report), ["diverging-log"]);
    assert_eq!(report.findings[0].ops, [5, 7]);
    assert_eq!(report.findings[0].details["place"], 3);
}

#[test]
fn hostile_places_are_errors() {
    let mut recording = Recording::default();
    let from = (Value::keyword("from"), Value::Int(i64::MAX));
    let entries = (Value::keyword("entries"), ints(&[1]));
    recording.call(0, "read", Value::Map(vec![from, entries]));
    assert!(
        recording
            .try_check("log-agreement", &Default::default())
            .is_err()
    );
}
