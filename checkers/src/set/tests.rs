//! The outcomes of elements against a reading of every read for every element.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::recording::{Recording, anomalies, ints};

#[test]
fn a_set_that_keeps_everything_is_valid() {
    let mut recording = Recording::default();
    recording.call(0, "add", 1);
    recording.invoke(1, "add", 2);
    recording.info(1, "add", 2);
    recording.invoke(0, "add", 3);
    recording.fail(0, "add", 3);
    recording.call(0, "read", ints(&[1, 2]));
    let report = recording.check("set");
    assert_eq!(report.validity, Validity::Valid, "{:?}", report.findings);
    assert_eq!(report.figures["recovered"], 1);
    assert_eq!(report.figures["stable"], 2);
}

#[test]
fn a_lost_element_is_told() {
    let mut recording = Recording::default();
    recording.call(0, "add", 1);
    recording.call(0, "add", 2);
    recording.call(0, "read", ints(&[1, 2]));
    recording.call(3, "read", ints(&[2]));
    let report = recording.check("set");
    assert_eq!(report.validity, Validity::Invalid);
    assert_eq!(
        report.findings[0].summary,
        "element 1 is lost: its add was acknowledged at 0.001 s, but the read begun at 0.006 s did \
         not show it, nor did any begun later"
    );
    assert_eq!(report.findings[0].ops, [1, 6, 7, 4]);
}

fn fault(recording: &mut Recording, event: &str) {
    let value = Value::Map(vec![
        (Value::keyword("fault"), Value::Int(1)),
        (Value::keyword("event"), Value::str(event)),
        (
            Value::keyword("what"),
            Value::str("partition n1 | the rest"),
        ),
    ]);
    recording.event(crate::Process::NEMESIS, OpType::Info, "partition", value);
}

#[test]
fn what_is_lost_is_told_by_fault() {
    let mut recording = Recording::default();
    recording.call(0, "add", 1);
    fault(&mut recording, "begin");
    recording.call(0, "add", 2);
    recording.call(0, "add", 3);
    fault(&mut recording, "end");
    recording.call(0, "add", 4);
    recording.call(0, "read", ints(&[1]));
    let report = recording.check("set");
    let summary = &report.findings[0].summary;
    let during = "2 known during fault 1 (partition n1 | the rest, 0.002 s to 0.007 s): 2 to 3";
    assert!(summary.contains(during), "{summary}");
    let after = "1 known after fault 1 (partition n1 | the rest, 0.002 s to 0.007 s): 4";
    assert!(summary.ends_with(after), "{summary}");
    assert_eq!(report.findings[0].details["by_fault"][0]["count"], 2);
}

#[test]
fn a_stale_read_breaks_only_a_linearizable_set() {
    let mut recording = Recording::default();
    recording.call(0, "add", 1);
    recording.call(0, "read", ints(&[]));
    recording.call(0, "read", ints(&[1]));
    let report = recording.check("set");
    assert_eq!(
        (report.validity, anomalies(&report)),
        (Validity::Invalid, vec!["stale"])
    );
    let params = Params {
        linearizable: false,
        ..Params::default()
    };
    let report = recording
        .try_check("set", &params)
        .expect("a readable history");
    assert_eq!(
        (report.validity, anomalies(&report)),
        (Validity::Valid, vec!["stale"])
    );
    assert_eq!(report.figures["stable_latency_ns"]["max"], 1_000_000);
}

#[test]
fn elements_nobody_added_and_elements_twice_are_found() {
    let mut recording = Recording::default();
    recording.call(0, "add", 1);
    recording.invoke(0, "add", 3);
    recording.fail(0, "add", 3);
    recording.call(0, "read", ints(&[1, 1, 3, 9]));
    recording.call(0, "add", 9);
    let report = recording.check("set");
    assert_eq!(anomalies(&report), ["unexpected", "duplicated"]);
    assert_eq!(report.findings[0].details["elements"], json!([3, 9]));
    assert_eq!(report.findings[1].details["elements"], json!([1]));
}

#[test]
fn reads_that_overlap_the_add_say_nothing() {
    let mut recording = Recording::default();
    recording.invoke(1, "read", Value::Nil);
    recording.call(0, "add", 1);
    recording.ok(1, "read", ints(&[]));
    let report = recording.check("set");
    assert_eq!(report.validity, Validity::Unknown);
    assert_eq!(report.figures["never_read"], 1);
}

#[test]
fn keys_are_sets_of_their_own() {
    let mut recording = Recording::default();
    for key in [1, 2] {
        recording.call(key, "add", 5);
        recording.call(key, "read", ints(&[5]));
        for op in recording.ops.iter_mut().rev().take(4) {
            op.key = Some(Value::Int(key));
        }
    }
    recording.call(1, "read", ints(&[]));
    for op in recording.ops.iter_mut().rev().take(2) {
        op.key = Some(Value::Int(2));
    }
    let report = recording.check("set");
    assert!(
        report.findings[0]
            .summary
            .starts_with("key 2: element 5 is lost")
    );
    assert_eq!(report.findings.len(), 1);
}

#[test]
fn unreadable_operations_are_errors() {
    let mut recording = Recording::default();
    recording.call(0, "read", 7);
    let error = recording.try_check("set", &Params::default()).unwrap_err();
    assert_eq!(error.index, 1);
    assert_eq!(
        Recording::default().check("set").unknown.as_deref(),
        Some(NOTHING_TESTED)
    );
}

/// A history of adds and reads that overlap at random and show what they please.
fn histories() -> impl Strategy<Value = Recording> {
    let step = (
        0..4i64,
        0..100i64,
        0..3u8,
        prop::collection::vec(0..70i64, 0..6),
    );
    prop::collection::vec(step, 1..40).prop_map(|steps| {
        let mut recording = Recording::default();
        let mut busy: [Option<(&'static str, i64)>; 4] = [None; 4];
        for (process, element, f, shown) in steps {
            match busy[process as usize].take() {
                None if f == 0 => {
                    recording.invoke(process, "read", Value::Nil);
                    busy[process as usize] = Some(("read", 0));
                }
                None => {
                    let element = element % 70;
                    recording.invoke(process, "add", element);
                    busy[process as usize] = Some(("add", element));
                }
                Some(("read", _)) => {
                    let shown: BTreeSet<i64> = shown.into_iter().collect();
                    let shown: Vec<i64> = shown.into_iter().collect();
                    recording.ok(process, "read", ints(&shown));
                }
                Some((f, element)) => {
                    recording.ok(process, f, element);
                }
            }
        }
        recording
    })
}

/// Lost and stale elements, found by asking every read about every element.
fn by_every_read(recording: &Recording) -> (BTreeSet<i64>, BTreeSet<i64>) {
    let mut begun = [0u64; 4];
    let mut reads: Vec<(u64, u64, Vec<i64>)> = Vec::new();
    let mut attempted: Vec<(u64, i64)> = Vec::new();
    let mut known: Vec<(i64, u64)> = Vec::new();
    for op in &recording.ops {
        let process = op.process.client().expect("a client") as usize;
        match (op.f.as_ref(), op.kind) {
            (_, OpType::Invoke) => {
                begun[process] = op.index;
                attempted.extend(op.value.as_int().map(|element| (op.index, element)));
            }
            ("add", _) => known.extend(op.value.as_int().map(|element| (element, op.index))),
            _ => {
                let shown: Vec<i64> = op
                    .value
                    .as_items()
                    .expect("elements")
                    .iter()
                    .filter_map(Value::as_int)
                    .collect();
                known.extend(shown.iter().map(|element| (*element, op.index)));
                reads.push((begun[process], op.index, shown));
            }
        }
    }
    let (mut lost, mut stale) = (BTreeSet::new(), BTreeSet::new());
    for element in 0..70 {
        let shows = |read: &&(u64, u64, Vec<i64>)| read.2.contains(&element);
        let attempt = attempted
            .iter()
            .find(|(_, e)| *e == element)
            .map(|(at, _)| *at);
        let is_unexpected = reads
            .iter()
            .filter(shows)
            .any(|read| attempt.is_none_or(|at| at > read.1));
        let known = known
            .iter()
            .filter(|(e, _)| *e == element)
            .map(|(_, at)| *at)
            .min();
        let (Some(known), false) = (known, is_unexpected) else {
            continue;
        };
        let seen = reads.iter().filter(shows).map(|read| read.0).max();
        let absent = reads
            .iter()
            .filter(|read| !shows(read))
            .map(|read| read.0)
            .max();
        match absent.filter(|absent| *absent > known) {
            Some(absent) if seen.is_none_or(|seen| seen < absent) => lost.insert(element),
            Some(_) => stale.insert(element),
            None => false,
        };
    }
    (lost, stale)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 5_000,
        failure_persistence: None,
        ..Default::default()
    })]

    #[test]
    fn lost_and_stale_are_those_that_every_read_tells(recording in histories()) {
        let report = recording.check("set");
        let (lost, stale) = by_every_read(&recording);
        prop_assert_eq!(&report.figures["lost"], &json!(lost.len()));
        prop_assert_eq!(&report.figures["stale"], &json!(stale.len()));
        for (name, expected) in [("lost", lost), ("stale", stale)] {
            let found = report.findings.iter().find(|finding| finding.anomaly == name);
            let listed = found.map_or(json!([]), |finding| finding.details["elements"].clone());
            let listed: BTreeSet<i64> =
                listed.as_array().expect("a list").iter().filter_map(Json::as_i64).collect();
            prop_assert!(listed.is_subset(&expected));
            prop_assert_eq!(listed.len(), expected.len().min(ELEMENTS_LISTED_MAX));
        }
    }
}
