//! Both ways of writing faults down.

use super::*;
use crate::recording::Recording;

fn fields(entries: &[(&str, Value)]) -> Value {
    Value::Map(
        entries
            .iter()
            .map(|(k, v)| (Value::keyword(k), v.clone()))
            .collect(),
    )
}

fn timeline(recording: &Recording) -> Timeline {
    let mut timeline = Timeline::default();
    for op in &recording.ops {
        timeline.push(op);
    }
    timeline
}

fn harness() -> Process {
    Process::Named(HARNESS.into())
}

fn spans(timeline: &Timeline) -> Vec<(u64, &str, i64, Option<i64>)> {
    let ms = |ns: i64| ns / 1_000_000;
    let windows = timeline.windows().iter();
    windows
        .map(|w| (w.fault, w.family.as_str(), ms(w.begin), w.end.map(ms)))
        .collect()
}

#[test]
fn the_harness_writes_phases_and_the_nemesis_faults() {
    let mut recording = Recording::default();
    let fault = |id, event| {
        fields(&[
            ("fault", Value::Int(id)),
            ("event", Value::str(event)),
            ("what", Value::str("n1 | n2 n3")),
        ])
    };
    let phase = |name| fields(&[("phase", Value::str(name))]);
    recording.event(harness(), OpType::Info, "phase", phase("setup"));
    recording.event(harness(), OpType::Info, "phase", phase("load"));
    recording.event(
        Process::NEMESIS,
        OpType::Info,
        "partition",
        fault(1, "begin"),
    );
    recording.event(Process::NEMESIS, OpType::Info, "kill", fault(2, "begin"));
    recording.event(Process::NEMESIS, OpType::Info, "pause", fault(3, "skipped"));
    recording.event(Process::NEMESIS, OpType::Info, "partition", fault(1, "end"));
    let timeline = timeline(&recording);
    assert_eq!(
        timeline.phases(),
        [(Phase::Setup, 0), (Phase::Load, 1_000_000)]
    );
    assert_eq!(
        spans(&timeline),
        [(1, "partition", 2, Some(5)), (2, "kill", 3, None)]
    );
    assert_eq!(timeline.windows()[0].what, "n1 | n2 n3");
    assert_eq!((timeline.active(), timeline.skipped()), (&[1][..], 1));
}

#[test]
fn jepsen_writes_invocations_and_completions_alike() {
    let mut recording = Recording::default();
    for f in [
        "start-partition",
        "kill",
        "kill",
        "start",
        "stop-partition",
        "start",
        "stop",
    ] {
        for value in [Value::Nil, Value::keyword("done")] {
            recording.event(Process::NEMESIS, OpType::Info, f, value);
        }
    }
    let timeline = timeline(&recording);
    assert_eq!(
        spans(&timeline),
        [
            (1, "partition", 1, Some(9)),
            (2, "kill", 3, Some(7)),
            (3, "fault", 11, Some(13)),
        ]
    );
    assert_eq!(timeline.windows()[0].what, "done");
}

#[test]
fn events_without_time_bound_nothing() {
    let mut recording = Recording::default();
    recording
        .event(Process::NEMESIS, OpType::Info, "kill", Value::Nil)
        .time = None;
    recording.event(
        Process::Named("observer".into()),
        OpType::Info,
        "kill",
        Value::Nil,
    );
    let timeline = timeline(&recording);
    assert_eq!((timeline.windows().len(), timeline.untimed()), (0, 1));
}
