//! Streams by hand: each promise broken by itself.

use crate::Value;
use crate::recording::{Recording, anomalies};
use crate::report::{Report, Validity};

fn events(events: &[(i64, i64)]) -> Value {
    let pair = |(revision, value): &(i64, i64)| crate::recording::ints(&[*revision, *value]);
    Value::List(events.iter().map(pair).collect())
}

/// Writes of the values 1, 2, …, each at ten times its value, the last without an answer.
fn written(count: i64) -> Recording {
    let mut recording = Recording::default();
    for value in 1..=count {
        recording.invoke(0, "write", Value::Int(value));
        let revised = crate::recording::ints(&[value, value * 10]);
        if value < count {
            recording.ok(0, "write", revised);
        } else {
            recording.info(0, "write", Value::Int(value));
        }
    }
    recording
}

fn watched(streams: &[(i64, &[(i64, i64)])]) -> Report {
    let mut recording = written(4);
    for (process, stream) in streams {
        recording.invoke(*process, "watch", Value::Nil);
        recording.ok(*process, "watch", events(stream));
    }
    recording.check("watch")
}

#[test]
fn a_stream_goes_on_where_it_ended() {
    let fine = watched(&[
        (1, &[(10, 1), (20, 2)]),
        (1, &[(30, 3)]),
        (2, &[(20, 2), (30, 3), (40, 4)]),
        (3, &[]),
    ]);
    assert_eq!(fine.validity, Validity::Valid, "{:?}", fine.findings);
    let again = watched(&[(1, &[(10, 1), (20, 2)]), (1, &[(20, 2), (30, 3)])]);
    assert_eq!(anomalies(&again), ["duplicate-event"]);
    let lost = watched(&[(1, &[(10, 1)]), (1, &[(30, 3)])]);
    assert_eq!(anomalies(&lost), ["lost-event"]);
    assert_eq!(
        lost.findings[0].summary,
        "the watch by process 1 saw 3 at revision 30 at 0.011 s, after an event that it never \
         saw: 2 at revision 20 (op 3)"
    );
}

#[test]
fn each_promise_is_judged() {
    assert_eq!(
        anomalies(&watched(&[(1, &[(20, 2), (10, 1)])])),
        ["out-of-order"]
    );
    // Only another stream knows of the last write.
    let lost = watched(&[(1, &[(30, 3), (40, 4), (50, 4)]), (2, &[(30, 3), (50, 4)])]);
    assert_eq!(anomalies(&lost), ["lost-event"]);
    assert_eq!(
        anomalies(&watched(&[(1, &[(10, 2)])])),
        ["conflicting-event"]
    );
    assert_eq!(anomalies(&watched(&[(1, &[(15, 9)])])), ["thin-air-event"]);
    let mut failed = written(2);
    failed.invoke(3, "write", 7);
    failed.fail(3, "write", 7);
    failed.invoke(4, "watch", Value::Nil);
    failed.info(4, "watch", events(&[(12, 7)]));
    assert_eq!(anomalies(&failed.check("watch")), ["aborted-event"]);
}

#[test]
fn what_shows_nothing_is_unknown() {
    assert_eq!(
        Recording::default().check("watch").validity,
        Validity::Unknown
    );
    assert_eq!(written(3).check("watch").validity, Validity::Unknown);
    let mut wrong = Recording::default();
    wrong.call(0, "watch", Value::List(vec![Value::Int(3)]));
    let error = wrong
        .try_check("watch", &Default::default())
        .expect_err("no event");
    assert!(error.expected.contains("[revision value]"), "{error}");
}
