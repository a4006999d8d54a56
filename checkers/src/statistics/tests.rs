//! Calls are counted where they began.

use super::*;
use crate::recording::Recording;
use crate::{Process, Value};

fn event(recording: &mut Recording, process: &str, f: &'static str, fields: &[(&str, Value)]) {
    let fields = fields
        .iter()
        .map(|(k, v)| (Value::str(k), v.clone()))
        .collect();
    let process = Process::Named(process.to_owned().into());
    recording.event(process, OpType::Info, f, Value::Map(fields));
}

fn fault(recording: &mut Recording, event_name: &str) {
    let fields = [("fault", Value::Int(1)), ("event", Value::str(event_name))];
    event(recording, "nemesis", "partition", &fields);
}

fn collect(recording: &Recording) -> Statistics {
    let mut collector = Collector::new();
    for op in &recording.ops {
        collector.push(op);
    }
    collector.finish()
}

/// Ten reads before a partition, four under it of which one is served, ten after.
fn partitioned() -> Recording {
    let mut recording = Recording::default();
    event(
        &mut recording,
        "harness",
        "phase",
        &[("phase", Value::str("load"))],
    );
    for _ in 0..10 {
        recording.call(0, "read", 1);
    }
    fault(&mut recording, "begin");
    recording.call(0, "read", 1);
    recording.invoke(1, "read", 1);
    recording.info(1, "read", 1);
    recording.invoke(2, "read", 1);
    recording.invoke(3, "read", 1);
    fault(&mut recording, "end");
    recording.fail(3, "read", 1).error = Some(Value::keyword("timeout"));
    event(
        &mut recording,
        "harness",
        "phase",
        &[("phase", Value::str("final-reads"))],
    );
    for _ in 0..10 {
        recording.call(4, "read", 1);
    }
    for op in &mut recording.ops {
        op.node = op.process.client().map(|p| format!("n{}", p.min(1)).into());
    }
    recording
}

#[test]
fn calls_count_in_the_phase_window_and_node_they_began_in() {
    let statistics = collect(&partitioned());
    let read = &statistics.overall.functions[0];
    assert_eq!(
        (read.invoked, read.ok, read.fail, read.info),
        (24, 21, 1, 2)
    );
    assert_eq!(read.latency.map(|latency| latency.p50 / 10_000), Some(100));
    let counts = |scopes: &[Scope]| -> Vec<(String, u64, u64)> {
        let count = |s: &Scope| {
            (
                s.name.clone(),
                s.availability.served,
                s.availability.invoked,
            )
        };
        scopes.iter().map(count).collect()
    };
    assert_eq!(counts(&statistics.faults), [("partition 1".into(), 1, 4)]);
    assert_eq!(
        counts(&statistics.phases),
        [("load".into(), 11, 14), ("final-reads".into(), 10, 10)]
    );
    assert_eq!(
        counts(&statistics.nodes),
        [("n0".into(), 11, 11), ("n1".into(), 10, 13)]
    );
    assert_eq!(statistics.unmatched, 0);
}

#[test]
fn the_text_names_functions_and_faults() {
    let lines = collect(&partitioned()).lines();
    assert!(
        lines[0].starts_with("read: 21 ok, 1 failed, 2 indefinite, "),
        "{lines:?}"
    );
    assert_eq!(lines[1], "available: 87.500 % of 24 operations (0.9 nines)");
    assert_eq!(
        lines[2],
        "available under partition: 25.000 % of 4 operations (0.1 nines)"
    );
    assert!(lines[3].starts_with("available at n0: 100 % of 11 operations (at least 0.6 nines"));
}

#[test]
fn what_does_not_match_is_counted() {
    let mut recording = Recording::default();
    recording.ok(0, "read", 1);
    recording.invoke(1, "read", 1);
    recording.invoke(1, "read", 1);
    let statistics = collect(&recording);
    assert_eq!(statistics.unmatched, 2);
    assert_eq!(statistics.overall.functions[0].info, 2);
    assert!(serde_json::to_value(&statistics).is_ok());
}
