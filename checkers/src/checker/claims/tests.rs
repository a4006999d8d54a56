//! Claims reach the checkers that can judge them, and come back each with its answer.

use super::*;
use crate::Value;
use crate::checker::{MODELS, model_named};
use crate::recording::{Recording, anomalies};

fn check(recording: &Recording, model: &str, claims: &[Model]) -> Report {
    let params = Params {
        consistency: claims.to_vec(),
        ..Params::default()
    };
    let report = recording.try_check(model, &params);
    report.expect("a readable history")
}

fn answers(report: &Report) -> Vec<(&str, Validity)> {
    let claims = report.claims.iter();
    claims.map(|claim| (claim.model, claim.validity)).collect()
}

/// A write, and afterwards a read of another process that misses it.
fn stale_read() -> Recording {
    let mut recording = Recording::default();
    recording.call(0, "write", Value::Int(1));
    recording.call(0, "write", Value::Int(2));
    recording.call(1, "read", Value::Int(1));
    recording
}

#[test]
fn a_stale_read_breaks_linearizability_and_nothing_weaker() {
    let weaker = [
        Model::CausalMemory,
        Model::CausalConvergence,
        Model::Causal,
        Model::Pram,
        Model::ReadYourWrites,
        Model::MonotonicReads,
        Model::MonotonicWrites,
        Model::WritesFollowReads,
    ];
    for model in ["register", "cas-register"] {
        let report = check(&stale_read(), model, &weaker);
        assert_eq!(report.validity, Validity::Valid, "{:?}", report.unknown);
        assert_eq!(report.claims.len(), weaker.len());
        let report = check(&stale_read(), model, &[Model::Pram, Model::Linearizable]);
        assert_eq!(report.validity, Validity::Invalid);
        let expected = [
            ("linearizable", Validity::Invalid),
            ("pram", Validity::Valid),
        ];
        assert_eq!(answers(&report), expected);
        assert_eq!(anomalies(&report), ["nonlinearizable"]);
        assert!(report.promise.contains("pram"), "{}", report.promise);
    }
}

#[test]
fn reading_back_breaks_the_guarantees_it_breaks() {
    let mut recording = stale_read();
    recording.call(0, "read", Value::Int(1));
    let claims = [Model::ReadYourWrites, Model::MonotonicReads];
    let report = check(&recording, "register", &claims);
    let expected = [
        ("read-your-writes", Validity::Invalid),
        ("monotonic-reads", Validity::Valid),
    ];
    assert_eq!(answers(&report), expected);
}

#[test]
fn a_claim_alone_needs_no_panel() {
    let report = check(&stale_read(), "register", &[Model::Linearizable]);
    assert_eq!(report.checker, "linearizable");
    assert_eq!(report.validity, Validity::Invalid);
    let report = check(&stale_read(), "register", &[]);
    assert_eq!(report.validity, Validity::Invalid);
}

/// Each key is a register of its own, also where keys stand in the values.
#[test]
fn guarantees_are_judged_key_by_key() {
    let pair = |key: i64, value: Value| Value::List(vec![Value::Int(key), value]);
    let mut recording = Recording::default();
    for key in [1, 2] {
        for value in [1, 2] {
            recording.call(0, "write", pair(key, Value::Int(value)));
        }
        recording.invoke(0, "read", pair(key, Value::Nil));
        recording.ok(0, "read", pair(key, Value::Int(2)));
    }
    let report = check(&recording, "register", &[Model::Pram]);
    assert_eq!(report.validity, Validity::Valid, "{:?}", report.unknown);
}

fn micro(f: &str, key: i64, value: i64) -> Value {
    Value::List(vec![Value::str(f), Value::Int(key), Value::Int(value)])
}

#[test]
fn levels_of_registers_are_decided_by_their_axioms() {
    let txn = |mops: Vec<Value>| Value::List(mops);
    let mut recording = Recording::default();
    recording.call(0, "txn", txn(vec![micro("w", 1, 1), micro("w", 2, 1)]));
    recording.call(0, "txn", txn(vec![micro("w", 1, 2), micro("w", 2, 2)]));
    // Half of each: read committed allows it, read atomic does not.
    recording.call(1, "txn", txn(vec![micro("r", 1, 1), micro("r", 2, 2)]));
    let claims = [Model::ReadCommitted, Model::ReadAtomic];
    let report = check(&recording, "rw-register", &claims);
    let expected = [
        ("read-committed", Validity::Valid),
        ("read-atomic", Validity::Invalid),
    ];
    assert_eq!(answers(&report), expected);
}

/// What the axioms find is told by its name on the lattice too, and completions may stand alone.
#[test]
fn cyclic_information_breaks_read_committed_by_its_name() {
    let mut recording = Recording::default();
    let first = Value::List(vec![micro("w", 1, 1), micro("r", 2, 2)]);
    let second = Value::List(vec![micro("w", 2, 2), micro("r", 1, 1)]);
    recording.ok(0, "txn", first);
    recording.ok(1, "txn", second);
    let params = Params {
        consistency: vec![Model::ReadCommitted, Model::StrictSerializable],
        lenient: true,
        ..Params::default()
    };
    let report = recording
        .try_check("rw-register", &params)
        .expect("a history");
    let expected = [
        ("read-committed", Validity::Invalid),
        ("strict-serializable", Validity::Invalid),
    ];
    assert_eq!(answers(&report), expected);
    assert!(report.figures["anomalies"].to_string().contains("G1c"));
    let strict = Params {
        lenient: false,
        ..params
    };
    assert!(recording.try_check("rw-register", &strict).is_err());
}

#[test]
fn each_claim_of_transactions_has_its_answer() {
    // Each reads what the other overwrites: write skew.
    let mut recording = Recording::default();
    let skew = |read: i64, write: i64| {
        let read_of = Value::List(vec![Value::str("r"), Value::Int(read), Value::Nil]);
        Value::List(vec![read_of, micro("append", write, 1)])
    };
    recording.invoke(0, "txn", skew(1, 2));
    recording.invoke(1, "txn", skew(2, 1));
    recording.ok(0, "txn", skew(1, 2));
    recording.ok(1, "txn", skew(2, 1));
    let list = Value::List(vec![Value::Int(1)]);
    let read = |key: i64| Value::List(vec![Value::str("r"), Value::Int(key), list.clone()]);
    recording.call(2, "txn", Value::List(vec![read(1), read(2)]));
    let claims = [Model::Serializable, Model::SnapshotIsolation];
    let report = check(&recording, "list-append", &claims);
    let expected = [
        ("serializable", Validity::Invalid),
        ("snapshot-isolation", Validity::Valid),
    ];
    assert_eq!(answers(&report), expected);
}

/// Collections and counters have the guarantees of sessions, each by itself.
#[test]
fn guarantees_of_collections_are_claimed_one_by_one() {
    let session = [
        Model::Pram,
        Model::WritesFollowReads,
        Model::MonotonicReads,
        Model::MonotonicWrites,
        Model::ReadYourWrites,
    ];
    let broken = |recording: &Recording, model: &str, claims: &[Model]| -> Vec<&'static str> {
        let report = check(recording, model, claims);
        let broken = report
            .claims
            .iter()
            .filter(|c| c.validity == Validity::Invalid);
        broken.map(|claim| claim.model).collect()
    };
    let mut set = Recording::default();
    set.call(0, "add", Value::Int(1));
    set.call(0, "add", Value::Int(2));
    set.call(1, "read", crate::recording::ints(&[2]));
    for model in ["set", "linearizable-set"] {
        assert_eq!(broken(&set, model, &session), ["pram", "monotonic-writes"]);
        let prefix = check(&set, model, &[Model::Prefix, Model::Linearizable]);
        assert_eq!(prefix.validity, Validity::Invalid);
    }
    let mut log = Recording::default();
    log.call(0, "append", Value::Int(1));
    log.call(1, "append", Value::Int(2));
    log.call(2, "read", crate::recording::ints(&[2, 1]));
    log.call(2, "read", crate::recording::ints(&[1, 2]));
    assert_eq!(broken(&log, "log", &session), ["pram"]);
    let mut lists = Recording::default();
    let append = |value| Value::List(vec![micro("append", 1, value)]);
    let read = |items: &[i64]| {
        let shown = crate::recording::ints(items);
        Value::List(vec![Value::List(vec![
            Value::str("r"),
            Value::Int(1),
            shown,
        ])])
    };
    lists.call(0, "txn", append(1));
    lists.call(1, "txn", read(&[1]));
    lists.call(1, "txn", append(2));
    lists.call(2, "txn", read(&[1, 2]));
    lists.call(2, "txn", read(&[1]));
    assert_eq!(
        broken(&lists, "list-append", &session),
        ["pram", "monotonic-reads"]
    );
    let both = check(
        &lists,
        "list-append",
        &[Model::Serializable, Model::MonotonicReads],
    );
    let expected = [
        ("serializable", Validity::Valid),
        ("monotonic-reads", Validity::Invalid),
    ];
    assert_eq!(answers(&both), expected);
    let mut counter = Recording::default();
    counter.call(0, "add", Value::Int(1));
    counter.call(0, "read", Value::Int(0));
    let own = [Model::MonotonicReads, Model::ReadYourWrites];
    assert_eq!(broken(&counter, "counter", &own), ["read-your-writes"]);
}

#[test]
fn only_what_can_be_judged_may_be_claimed() {
    let judged = |model: &str, claim| {
        let kind = model_named(model).expect("a model");
        kind.judges(claim)
    };
    assert!(judged("register", Model::Pram));
    assert!(!judged("register", Model::Serializable));
    assert!(judged("rw-register", Model::Serializable));
    assert!(judged("rw-register", Model::MonotonicReads));
    assert!(judged("list-append", Model::SnapshotIsolation));
    assert!(judged("set-add", Model::Serializable));
    assert!(!judged("counter-inc", Model::Pram));
    assert!(!judged("bank", Model::Serializable));
    for kind in MODELS
        .iter()
        .filter(|kind| kind.judged == Judged::Linearizability)
    {
        assert!(kind.judges(Model::Linearizable), "{}", kind.name);
        assert!(!kind.judges(Model::Pram), "{}", kind.name);
    }
}
