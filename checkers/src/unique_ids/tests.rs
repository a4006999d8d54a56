//! Identifiers that repeat.

use serde_json::json;

use crate::recording::{Recording, anomalies};
use crate::report::Validity;

#[test]
fn an_identifier_given_twice_is_told() {
    let mut recording = Recording::default();
    recording.call(0, "generate", 1);
    recording.call(1, "generate", 2);
    assert_eq!(recording.check("unique-ids").validity, Validity::Valid);
    recording.call(1, "generate", 1);
    let report = recording.check("unique-ids");
    assert_eq!(anomalies(&report), ["duplicated"]);
    assert_eq!(report.findings[0].ops, [1, 5]);
    assert_eq!(report.figures["range"], json!([1, 2]));
    assert_eq!(report.findings[0].details["times"], json!({ "1": 2 }));
}
