//! What goes in and out of a queue.

use crate::Value;
use crate::recording::{Recording, anomalies, ints};
use crate::report::Validity;

#[test]
fn a_queue_that_gives_everything_back_is_valid() {
    let mut recording = Recording::default();
    recording.call(0, "enqueue", 1);
    recording.invoke(1, "enqueue", 2);
    recording.info(1, "enqueue", 2);
    recording.call(0, "enqueue", 3);
    recording.call(2, "dequeue", 1);
    recording.call(2, "drain", ints(&[2, 3, 3]));
    let report = recording.check("total-queue");
    assert_eq!(report.validity, Validity::Valid);
    assert_eq!(anomalies(&report), ["duplicated"]);
    assert_eq!(report.figures["recovered"], 1);
}

#[test]
fn lost_and_invented_elements_are_found() {
    let mut recording = Recording::default();
    recording.call(0, "enqueue", 1);
    recording.call(2, "drain", ints(&[7]));
    let report = recording.check("total-queue");
    assert_eq!(report.validity, Validity::Invalid);
    assert_eq!(anomalies(&report), ["lost", "unexpected"]);
    assert_eq!(
        report.findings[0].summary,
        "element 1 never came out; its enqueue was acknowledged at 0.001 s"
    );
}

#[test]
fn a_dequeue_of_unknown_outcome_may_have_taken_what_is_missing() {
    let mut recording = Recording::default();
    recording.call(0, "enqueue", 1);
    recording.invoke(2, "dequeue", Value::Nil);
    recording.info(2, "dequeue", Value::Nil);
    assert_eq!(recording.check("total-queue").validity, Validity::Unknown);
    recording.call(0, "enqueue", 2);
    assert_eq!(recording.check("total-queue").validity, Validity::Invalid);
}
