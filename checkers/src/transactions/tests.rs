//! Transactions: against every serial order, on stores of planted isolation levels, and by hand.

mod arbitrary;
mod budgets;
mod commit_orders;
mod packed;
mod planted;
mod planted_levels;
mod serial_orders;
mod simulator;

use proptest::prelude::*;

use super::*;
use crate::checker::Params;
use crate::isolation::polygraph::Form;
use crate::lattice::Model::{self, *};
use crate::recording::{Recording, anomalies};
use crate::report::{Report, Validity};
use arbitrary::{Size, arbitrary};
use planted_levels::{PLANTED, TXNS, planted, planted_shape};
use serial_orders::{Keeps, is_explained};
use simulator::{Level, Shape, simulate};

fn judged(recording: &Recording, vocabulary: Vocabulary, claim: Model) -> Report {
    let params = Params {
        consistency: vec![claim],
        ..Params::default()
    };
    recording
        .try_check(vocabulary.model(), &params)
        .expect("a readable history")
}

const VOCABULARIES: [Vocabulary; 4] = [
    Vocabulary::Lists,
    Vocabulary::Registers,
    Vocabulary::Sets,
    Vocabulary::Counters,
];

const LEVELS: [Level; 8] = [
    Level::StrictSerializable,
    Level::SessionReads,
    Level::StaleReads,
    Level::SnapshotIsolation,
    Level::ParallelSnapshotIsolation,
    Level::ReadCommitted,
    Level::ReadUncommitted,
    Level::Nothing,
];

fn small(vocabulary: Vocabulary) -> impl Strategy<Value = Shape> {
    let sizes = (1usize..=6, 2usize..=4, 1i64..=3, 1u64..=4);
    (any::<u64>(), 0..LEVELS.len(), sizes).prop_map(move |(seed, level, sizes)| Shape {
        level: LEVELS[level],
        vocabulary,
        txns: sizes.0,
        processes: sizes.1,
        keys: sizes.2,
        mops_max: sizes.3,
        failed_permille: 80,
        seed,
    })
}

proptest! {
    /// Lists show their history, so nothing that breaks serializability stays hidden.
    #[test]
    fn lists_are_judged_as_by_every_serial_order(shape in small(Vocabulary::Lists)) {
        let recording = simulate(shape);
        for (claim, form, keeps) in SEARCHED {
            let report = judged(&recording, Vocabulary::Lists, claim);
            let possible = is_explained(&recording, Vocabulary::Lists, form, keeps);
            let is_right = match report.validity {
                Validity::Valid => possible,
                Validity::Invalid => !possible,
                // All is decided but where nothing was tested.
                Validity::Unknown => report.unknown.is_some_and(|why| why.ends_with("was tested")),
            };
            prop_assert!(is_right, "{:?} {:?} {:#?}", claim, report.validity, recording.ops);
        }
    }

    /// Sets show all but the order of elements that no read tells apart.
    #[test]
    fn sets_are_judged_as_by_every_order(shape in small(Vocabulary::Sets)) {
        sets_as_by_every_order(&simulate(shape))?;
    }

    /// Sums do not show whose amounts are in them.
    #[test]
    fn counters_are_judged_as_by_every_order(shape in small(Vocabulary::Counters)) {
        as_by_every_order(&simulate(shape), Vocabulary::Counters)?;
    }

    /// Of registers only a part of the version order is known; the rest is searched for.
    #[test]
    fn registers_are_judged_as_by_every_order(shape in small(Vocabulary::Registers)) {
        as_by_every_order(&simulate(shape), Vocabulary::Registers)?;
    }

    #[test]
    fn arbitrary_reads_are_judged_as_by_every_order(
        size in (1u64..=5, 1u64..=4, 1u64..=3, 1u64..=4),
        seed: u64,
    ) {
        let (txns, processes, keys, mops_max) = size;
        let size = Size { txns, processes, keys, mops_max };
        sets_as_by_every_order(&arbitrary(size, Vocabulary::Sets, seed))?;
        for vocabulary in [Vocabulary::Lists, Vocabulary::Registers, Vocabulary::Counters] {
            as_by_every_order(&arbitrary(size, vocabulary, seed), vocabulary)?;
        }
    }
}

/// What is decided by orders, and by which.
const SEARCHED: [(Model, Form, Keeps); 7] = [
    (StrictSerializable, Form::Serial, Keeps::RealTime),
    (StrongSessionSerializable, Form::Serial, Keeps::Sessions),
    (Serializable, Form::Serial, Keeps::Nothing),
    (StrongSnapshotIsolation, Form::Snapshot, Keeps::RealTime),
    (
        StrongSessionSnapshotIsolation,
        Form::Snapshot,
        Keeps::Sessions,
    ),
    (SnapshotIsolation, Form::Snapshot, Keeps::Nothing),
    (Prefix, Form::Prefix, Keeps::Nothing),
];

/// All is decided but where nothing was tested.
fn sets_as_by_every_order(recording: &Recording) -> Result<(), TestCaseError> {
    as_by_every_order(recording, Vocabulary::Sets)?;
    for (claim, ..) in SEARCHED {
        let why = judged(recording, Vocabulary::Sets, claim).unknown;
        let is_untested = why.as_ref().is_none_or(|why| why.ends_with("was tested"));
        prop_assert!(is_untested, "{:?} {:?} {:#?}", claim, why, recording.ops);
    }
    Ok(())
}

fn as_by_every_order(recording: &Recording, vocabulary: Vocabulary) -> Result<(), TestCaseError> {
    for (claim, form, keeps) in SEARCHED {
        let report = judged(recording, vocabulary, claim);
        let possible = is_explained(recording, vocabulary, form, keeps);
        match report.validity {
            Validity::Valid => prop_assert!(possible, "{:?} {:#?}", claim, recording.ops),
            Validity::Invalid => {
                prop_assert!(!possible, "{:?} {:#?} {:#?}", claim, report, recording.ops);
            }
            // Nothing succeeded, nobody depends on anybody, or sums do not tell.
            Validity::Unknown => {}
        }
    }
    Ok(())
}

/// What holds is never stronger than what fails.
#[test]
fn answers_agree_with_the_lattice() {
    for (level, ..) in PLANTED {
        for (seed, vocabulary) in (1..).zip(VOCABULARIES) {
            let recording = simulate(planted_shape(level, vocabulary, seed, 60));
            let params = Params {
                consistency: crate::lattice::MODELS
                    .iter()
                    .map(|kind| kind.model)
                    .filter(|model| model.is_transactional())
                    .collect(),
                ..Params::default()
            };
            let report = recording
                .try_check(vocabulary.model(), &params)
                .expect("a history");
            let validity = |model: Model| {
                let mut claims = report.claims.iter();
                claims
                    .find(|claim| claim.model == model.name())
                    .map(|claim| claim.validity)
            };
            for strong in &params.consistency {
                for weak in crate::lattice::weaker_or_equal(*strong).iter() {
                    let pair = (validity(*strong), validity(weak));
                    let contradicts = (Some(Validity::Valid), Some(Validity::Invalid));
                    assert_ne!(pair, contradicts, "{level:?} {strong:?} {weak:?}");
                }
            }
        }
    }
}

fn txn(mops: &[(&str, &str, Value)]) -> Value {
    let mop = |(name, key, value): &(&str, &str, Value)| {
        Value::List(vec![
            Value::keyword(name),
            Value::keyword(key),
            value.clone(),
        ])
    };
    Value::List(mops.iter().map(mop).collect())
}

#[test]
fn a_cycle_is_told_an_edge_at_a_time() {
    let mut recording = Recording::default();
    let list = |items: &[i64]| crate::recording::ints(items);
    recording.invoke(
        0,
        "txn",
        txn(&[("r", "x", Value::Nil), ("append", "y", 1.into())]),
    );
    recording.invoke(
        1,
        "txn",
        txn(&[("r", "y", Value::Nil), ("append", "x", 2.into())]),
    );
    recording.ok(
        0,
        "txn",
        txn(&[("r", "x", Value::Nil), ("append", "y", 1.into())]),
    );
    recording.ok(
        1,
        "txn",
        txn(&[("r", "y", Value::Nil), ("append", "x", 2.into())]),
    );
    recording.call(
        2,
        "txn",
        txn(&[("r", "x", list(&[2])), ("r", "y", list(&[1]))]),
    );
    let report = recording.check("list-append");
    assert_eq!(anomalies(&report), ["G2-item"]);
    assert_eq!(
        report.findings[0].summary,
        "T1 → T2 → T1, so each would have to come before itself: T2 appended 2 to :x after T1 \
         read :x = []; T1 appended 1 to :y after T2 read :y = []"
    );
    assert_eq!(report.findings[0].ops, [0, 2, 1, 3]);
    assert_eq!(report.findings[0].details["cycle"][0]["kind"], "rw");
    let standing = report.figures["strongest_standing"]
        .as_array()
        .expect("an array");
    assert!(
        standing.contains(&"strong-snapshot-isolation".into()),
        "{standing:?}"
    );
}

#[test]
fn an_append_that_no_read_shows_is_behind_those_shown() {
    let mut recording = Recording::default();
    recording.call(0, "txn", txn(&[("append", "x", 1.into())]));
    recording.invoke(1, "txn", txn(&[("r", "x", Value::Nil)]));
    recording.ok(1, "txn", txn(&[("r", "x", Value::Nil)]));
    let report = recording.check("list-append");
    assert_eq!(anomalies(&report), ["G-single-item-realtime"]);
    assert!(
        report.findings[0].summary.contains("no read shows it"),
        "{report:#?}"
    );
}

/// Read committed allows another value at the next read, but not one that nobody committed.
#[test]
fn every_read_finds_what_was_committed() {
    let read = |values: [i64; 2]| {
        let mut recording = Recording::default();
        let writes = txn(&[("w", "x", 5.into()), ("w", "x", 6.into())]);
        recording.call(0, "txn", writes);
        recording.call(0, "txn", txn(&[("w", "x", 8.into())]));
        let aborted = txn(&[("w", "x", 7.into())]);
        recording.invoke(0, "txn", aborted.clone());
        recording.event(
            crate::Process::Client(0),
            crate::OpType::Fail,
            "txn",
            aborted,
        );
        let reads = values.map(|value| ("r", "x", Value::Int(value)));
        recording.call(1, "txn", txn(&reads));
        let report = judged(&recording, Vocabulary::Registers, ReadCommitted);
        (report.validity, anomalies(&report))
    };
    assert_eq!(read([6, 8]).0, Validity::Valid);
    for (second, anomaly) in [(5, "G1b"), (7, "G1a"), (9, "garbage-read")] {
        let (validity, anomalies) = read([6, second]);
        assert_eq!((validity, anomalies[0]), (Validity::Invalid, anomaly));
    }
}

#[test]
fn values_written_twice_leave_their_key_undecided() {
    for (model, name) in [("list-append", "append"), ("rw-register", "w")] {
        let mut recording = Recording::default();
        recording.call(0, "txn", txn(&[(name, "x", 1.into())]));
        recording.call(1, "txn", txn(&[(name, "x", 1.into())]));
        let report = recording.check(model);
        assert_eq!(report.validity, Validity::Unknown);
        let why = report.unknown.expect("a reason");
        assert!(why.contains("op 1") && why.contains("op 3"), "{why}");
    }
}

#[test]
fn a_refused_event_changes_nothing() {
    let mut recording = Recording::default();
    recording.invoke(
        0,
        "txn",
        txn(&[("r", "x", Value::Nil), ("r", "x", Value::Nil)]),
    );
    let bad = [
        ("r", "x", crate::recording::ints(&[7])),
        ("r", "x", Value::Int(3)),
    ];
    recording.ok(0, "txn", txn(&bad));
    let mut checker = Transactions::list_append(&Params::default());
    checker.push(&recording.ops[0]).expect("an invocation");
    let error = checker
        .push(&recording.ops[1])
        .expect_err("a number is no list");
    assert!(error.to_string().contains("[:r :x 3]"), "{error}");
    assert!(checker.history.lists.iter().all(|lists| lists.len() == 0));
}

/// What is left of a long history shows the same, and nothing of it can be left out.
#[test]
fn a_minimal_history_still_shows_the_anomaly() {
    let mut shrunk = 0;
    for (vocabulary, level) in [
        (Vocabulary::Lists, Level::SnapshotIsolation),
        (Vocabulary::Registers, Level::SnapshotIsolation),
        (Vocabulary::Registers, Level::ReadCommitted),
        (Vocabulary::Sets, Level::SnapshotIsolation),
        (Vocabulary::Sets, Level::ReadCommitted),
    ] {
        for seed in 0..6 {
            let recording = simulate(Shape {
                keys: 8,
                ..planted_shape(level, vocabulary, seed, 80)
            });
            let report = judged(&recording, vocabulary, Serializable);
            for finding in &report.findings {
                let minimal = &finding.details["minimal"];
                let Some(ops) = minimal["ops"].as_array() else {
                    continue;
                };
                assert_eq!(minimal["is_least"], true);
                shrunk += 1;
                let keys = minimal["keys"].as_array().expect("keys");
                let kept = |ops: &[serde_json::Value]| {
                    let mut part = Recording::default();
                    let is_kept = |op: &&Op| ops.contains(&op.index.into());
                    part.ops = recording.ops.iter().filter(is_kept).cloned().collect();
                    for op in &mut part.ops {
                        let mops = op.value.as_items().expect("micro-operations").iter();
                        let key = |mop: &Value| mop.as_items().map(|mop| mop[1].to_string());
                        let is_kept =
                            |mop: &&Value| key(mop).is_some_and(|k| keys.contains(&k.into()));
                        op.value = Value::List(mops.filter(is_kept).cloned().collect());
                    }
                    part
                };
                let again = judged(&kept(ops), vocabulary, Serializable);
                let names = again.figures["anomalies"].as_array().expect("names");
                assert!(
                    names.contains(&finding.anomaly.into()),
                    "{seed} {names:?} {finding:#?}"
                );
                assert!(ops.len() < recording.ops.len() / 2, "{}", ops.len());
            }
        }
    }
    assert!(shrunk > 10, "{shrunk}");
}

/// Whether the edges lead around.
fn is_told_around(cycle: &serde_json::Value) -> bool {
    let edges = cycle.as_array().expect("edges");
    let next = edges.iter().cycle().skip(1);
    !edges.is_empty()
        && edges
            .iter()
            .zip(next)
            .all(|(edge, next)| edge["to"] == next["from"])
}

#[test]
fn what_a_search_refutes_is_told_with_what_forces_it() {
    let size = Size {
        txns: 6,
        processes: 3,
        keys: 2,
        mops_max: 3,
    };
    let mut told = 0;
    for seed in 0..500 {
        let recording = arbitrary(size, Vocabulary::Registers, seed);
        for claim in [Serializable, SnapshotIsolation, Prefix] {
            let report = judged(&recording, Vocabulary::Registers, claim);
            let findings = report.findings.iter();
            for found in findings.filter(|found| !found.details["forced"].is_null()) {
                told += 1;
                assert!(is_told_around(&found.details["cycle"]), "{found:#?}");
                for forced in found.details["forced"].as_array().expect("choices") {
                    let cycle = &forced["cycle"];
                    assert!(cycle.is_null() || is_told_around(cycle), "{found:#?}");
                }
            }
        }
    }
    assert!(told > 30, "{told}");
    let report = judged(
        &arbitrary(size, Vocabulary::Registers, 21),
        Vocabulary::Registers,
        Serializable,
    );
    assert_eq!(anomalies(&report), ["nonserializable", "nonsnapshot"]);
    assert_eq!(
        report.findings[0].summary,
        "no serial order of the transactions explains what was read: T2 wrote 0 = 7 after T1 \
         wrote 0 = 12; T1 wrote 1 = 11 after T2 read 1 = nil (the initial value). T1 wrote 0 \
         before T2 did, or else T1 wrote 0 = 12 after T3 read 0 = 7; T3 read 1 = 11, which T1 wrote"
    );
}
