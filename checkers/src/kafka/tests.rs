//! Logs by hand: each anomaly planted alone.

use crate::Value;
use crate::recording::{Recording, anomalies, ints};
use crate::report::{Report, Validity};

fn send(key: i64, value: Value) -> Value {
    Value::List(vec![Value::keyword("send"), Value::Int(key), value])
}

fn poll(shown: &[(i64, &[(i64, i64)])]) -> Value {
    let messages = |pairs: &[(i64, i64)]| {
        Value::List(
            pairs
                .iter()
                .map(|(offset, value)| ints(&[*offset, *value]))
                .collect(),
        )
    };
    let shown = shown
        .iter()
        .map(|(key, pairs)| (Value::Int(*key), messages(pairs)));
    Value::List(vec![Value::keyword("poll"), Value::Map(shown.collect())])
}

/// Sends values to key 1, each at ten times its value.
fn sent(recording: &mut Recording, process: i64, values: &[i64]) {
    let asked = values.iter().map(|value| send(1, Value::Int(*value)));
    recording.invoke(process, "send", Value::List(asked.collect()));
    let done = values
        .iter()
        .map(|value| send(1, ints(&[value * 10, *value])));
    recording.ok(process, "send", Value::List(done.collect()));
}

fn polled(recording: &mut Recording, process: i64, pairs: &[(i64, i64)]) {
    recording.invoke(
        process,
        "poll",
        Value::List(vec![Value::List(vec![Value::keyword("poll")])]),
    );
    recording.ok(process, "poll", Value::List(vec![poll(&[(1, pairs)])]));
}

fn found(report: &Report) -> Vec<&'static str> {
    let mut names = anomalies(report);
    names.sort_unstable();
    names.dedup();
    names
}

#[test]
fn a_log_read_from_end_to_end_is_valid() {
    let mut recording = Recording::default();
    sent(&mut recording, 0, &[1, 2]);
    sent(&mut recording, 1, &[4]);
    recording.call(2, "subscribe", ints(&[1]));
    polled(&mut recording, 2, &[(10, 1), (20, 2)]);
    polled(&mut recording, 2, &[(40, 4)]);
    sent(&mut recording, 0, &[5]);
    let report = recording.check("kafka");
    assert_eq!(report.validity, Validity::Valid, "{:?}", report.findings);
    assert_eq!(report.figures["unseen"], 1);
}

#[test]
fn each_anomaly_is_found() {
    let planted = |polls: &[&[(i64, i64)]]| {
        let mut recording = Recording::default();
        sent(&mut recording, 0, &[1, 2, 3]);
        polled(&mut recording, 9, &[(10, 1), (20, 2), (30, 3)]);
        for pairs in polls {
            polled(&mut recording, 2, pairs);
        }
        found(&recording.check("kafka"))
    };
    assert_eq!(planted(&[&[(20, 2)], &[(10, 1)]]), ["nonmonotonic-poll"]);
    assert_eq!(planted(&[&[(10, 1)], &[(30, 3)]]), ["poll-skip"]);
    assert_eq!(planted(&[&[(10, 1), (30, 3)]]), ["int-poll-skip"]);
    assert_eq!(planted(&[&[(20, 2), (10, 1)]]), ["int-nonmonotonic-poll"]);
    assert_eq!(
        planted(&[&[(10, 1)], &[(20, 2), (30, 3), (40, 1)]]).last(),
        Some(&"int-nonmonotonic-poll")
    );
    assert_eq!(planted(&[&[(30, 7)]]), ["inconsistent-offsets"]);
    let mut lost = Recording::default();
    sent(&mut lost, 0, &[1, 2]);
    polled(&mut lost, 2, &[(20, 2)]);
    let report = lost.check("kafka");
    assert_eq!(found(&report), ["lost-write"]);
    assert_eq!(
        report.findings[0].summary,
        "1 was sent to key 1 at 0.001 s and never polled, though a later message was, at 0.003 s"
    );
    let mut back = Recording::default();
    sent(&mut back, 0, &[2]);
    sent(&mut back, 0, &[1]);
    polled(&mut back, 2, &[(10, 1), (20, 2)]);
    assert_eq!(found(&back.check("kafka")), ["nonmonotonic-send"]);
    let mut failed = Recording::default();
    failed.invoke(0, "send", Value::List(vec![send(1, Value::Int(1))]));
    failed.fail(0, "send", Value::List(vec![send(1, Value::Int(1))]));
    polled(&mut failed, 2, &[(10, 1)]);
    assert_eq!(found(&failed.check("kafka")), ["G1a"]);
    let mut circular = Recording::default();
    let txn = |own: i64, other: i64| {
        let shown = poll(&[(other, &[(0, other)])]);
        Value::List(vec![send(own, ints(&[0, own])), shown])
    };
    for (process, (own, other)) in [(0, (1, 2)), (1, (2, 1))] {
        recording_txn(&mut circular, process, txn(own, other));
    }
    assert_eq!(found(&circular.check("kafka")), ["G1c"]);
}

fn recording_txn(recording: &mut Recording, process: i64, done: Value) {
    recording.invoke(process, "txn", Value::Nil);
    recording.ok(process, "txn", done);
}

#[test]
fn what_shows_nothing_is_unknown() {
    assert_eq!(
        Recording::default().check("kafka").validity,
        Validity::Unknown
    );
    let mut recording = Recording::default();
    sent(&mut recording, 0, &[1]);
    assert_eq!(recording.check("kafka").validity, Validity::Unknown);
    recording.invoke(3, "poll", Value::List(vec![Value::Int(1)]));
    let error = recording
        .try_check("kafka", &Default::default())
        .expect_err("no micro-operation");
    assert!(error.expected.contains(":poll"), "{error}");
}
