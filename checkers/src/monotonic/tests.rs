//! Reads that go back.

use crate::Value;
use crate::recording::{Recording, anomalies};
use crate::report::Validity;

#[test]
fn a_process_must_not_read_less_than_before() {
    let mut recording = Recording::default();
    recording.call(0, "read", Value::Nil);
    recording.call(0, "read", 3);
    recording.call(1, "read", 2);
    recording.call(0, "read", 3);
    assert_eq!(recording.check("monotonic").validity, Validity::Valid);
    recording.call(1, "read", 1);
    let report = recording.check("monotonic");
    assert_eq!(anomalies(&report), ["non-monotonic-read"]);
    assert_eq!(
        report.findings[0].summary,
        "process 1 read 1 at 0.009 s, after it had read 2 at 0.005 s"
    );
}

#[test]
fn without_a_second_read_nothing_is_known() {
    let mut recording = Recording::default();
    recording.call(0, "read", 3);
    assert_eq!(recording.check("monotonic").validity, Validity::Unknown);
}
