//! Forks, against every pair of reads.

use proptest::prelude::*;

use crate::Value;
use crate::recording::{Recording, anomalies};
use crate::report::Validity;

fn micro(f: &str, key: usize, value: Option<i64>) -> Value {
    let value = value.map_or(Value::Nil, Value::Int);
    Value::List(vec![Value::keyword(f), Value::Int(key as i64), value])
}

fn read(recording: &mut Recording, seen: &[bool]) {
    let items = seen.iter().enumerate();
    let items = items.map(|(key, seen)| micro("r", key, seen.then_some(1)));
    recording.call(0, "read", Value::List(items.collect()));
}

#[test]
fn two_reads_that_disagree_are_told() {
    let mut recording = Recording::default();
    for key in 0..2 {
        recording.call(1, "write", Value::List(vec![micro("w", key, Some(1))]));
    }
    read(&mut recording, &[true, false]);
    assert_eq!(recording.check("long-fork").validity, Validity::Valid);
    read(&mut recording, &[false, true]);
    let report = recording.check("long-fork");
    assert_eq!(anomalies(&report), ["long-fork"]);
    assert_eq!(report.findings[0].ops, [5, 7]);
    recording.call(1, "write", Value::List(vec![micro("w", 0, Some(2))]));
    assert_eq!(recording.check("long-fork").validity, Validity::Unknown);
}

proptest! {
    #[test]
    fn a_fork_is_found_if_any_two_reads_disagree(
        reads in prop::collection::vec(prop::collection::vec(any::<bool>(), 4), 1..8)
    ) {
        let mut recording = Recording::default();
        for seen in &reads {
            read(&mut recording, seen);
        }
        let lacks = |a: &[bool], b: &[bool]| a.iter().zip(b).any(|(a, b)| *a && !*b);
        let forks = reads.iter().any(|a| reads.iter().any(|b| lacks(a, b) && lacks(b, a)));
        let report = recording.check("long-fork");
        prop_assert_eq!(report.validity == Validity::Invalid, forks);
    }
}
