//! Subkeys that are missing.

use crate::Value;
use crate::recording::{Recording, anomalies};
use crate::report::Validity;

fn read(subkeys: &[Option<&str>]) -> Value {
    let subkeys = subkeys.iter().map(|s| s.map_or(Value::Nil, Value::str));
    Value::List(vec![Value::Int(1), Value::List(subkeys.collect())])
}

#[test]
fn what_was_written_before_must_be_there() {
    let mut recording = Recording::default();
    recording.call(0, "write", 1);
    for subkeys in [[None, None, None], [None, Some("1_1"), Some("1_0")]] {
        recording.call(1, "read", read(&subkeys));
    }
    let report = recording.check("sequential-keys");
    assert_eq!(report.validity, Validity::Valid);
    assert_eq!(
        (&report.figures["none"], &report.figures["some"]),
        (&1.into(), &1.into())
    );
    recording.call(1, "read", read(&[Some("1_2"), None, Some("1_0")]));
    assert_eq!(
        anomalies(&recording.check("sequential-keys")),
        ["out-of-order"]
    );
}
