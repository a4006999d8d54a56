//! Anomalies of weak isolation, each at its level.

use crate::Value;
use crate::checker::Params;
use crate::lattice::Model;
use crate::recording::Recording;
use crate::report::Validity;

/// `r` or `w`, the key and the value.
type MicroOp = (&'static str, i64, Option<i64>);

fn txn(micro_ops: &[MicroOp]) -> Value {
    let items = micro_ops.iter().map(|(f, key, value)| {
        let value = value.map_or(Value::Nil, Value::Int);
        Value::List(vec![Value::keyword(f), Value::Int(*key), value])
    });
    Value::List(items.collect())
}

/// The weakest level that one transaction after another breaks.
fn broken(transactions: &[(i64, &[MicroOp])]) -> Option<Model> {
    let mut recording = Recording::default();
    for (process, micro_ops) in transactions {
        recording.call(*process, "txn", txn(micro_ops));
    }
    let levels = [
        Model::ReadCommitted,
        Model::ReadAtomic,
        Model::TransactionalCausal,
    ];
    let breaks = |level: &Model| {
        let params = Params {
            consistency: vec![*level],
            sessions_only: true,
            init: Some(Value::Nil),
            ..Params::default()
        };
        let report = recording.try_check("rw-register", &params);
        report.expect("a readable history").validity == Validity::Invalid
    };
    levels.into_iter().find(breaks)
}

#[test]
fn each_anomaly_breaks_its_level() {
    let fractured: &[(i64, &[_])] = &[
        (1, &[("w", 1, Some(1)), ("w", 2, Some(1))]),
        (2, &[("r", 1, None), ("r", 2, Some(1))]),
    ];
    assert_eq!(broken(fractured), Some(Model::ReadAtomic));
    let back: &[(i64, &[_])] = &[
        (1, &[("w", 1, Some(1)), ("w", 2, Some(1))]),
        (2, &[("r", 1, Some(1)), ("r", 2, None)]),
    ];
    assert_eq!(
        broken(back),
        Some(Model::ReadCommitted),
        "it had seen the write before"
    );
    let unrepeatable: &[(i64, &[_])] = &[
        (1, &[("w", 1, Some(1))]),
        (2, &[("r", 1, None), ("r", 1, Some(1))]),
    ];
    assert_eq!(broken(unrepeatable), Some(Model::ReadAtomic));
    let effect_without_cause: &[(i64, &[_])] = &[
        (1, &[("w", 1, Some(1))]),
        (2, &[("r", 1, Some(1)), ("w", 2, Some(2))]),
        (3, &[("r", 2, Some(2)), ("w", 3, Some(3))]),
        (4, &[("r", 3, Some(3)), ("r", 1, None)]),
    ];
    assert_eq!(
        broken(effect_without_cause),
        Some(Model::TransactionalCausal)
    );
    let intermediate: &[(i64, &[_])] = &[
        (1, &[("w", 1, Some(1)), ("w", 1, Some(2))]),
        (2, &[("r", 1, Some(1))]),
    ];
    assert_eq!(broken(intermediate), Some(Model::ReadCommitted));
    let lost_update: &[(i64, &[_])] = &[
        (1, &[("r", 1, None), ("w", 1, Some(1))]),
        (2, &[("r", 1, None), ("w", 1, Some(2))]),
        (
            3,
            &[
                ("r", 1, Some(1)),
                ("r", 1, Some(1)),
                ("w", 1, Some(3)),
                ("r", 1, Some(3)),
            ],
        ),
    ];
    assert_eq!(broken(lost_update), None, "weak isolation allows it");
}

#[test]
fn a_transaction_that_writes_more_than_others_read_is_looked_at_from_their_side() {
    let all: Vec<MicroOp> = (0..100).map(|key| ("w", key, Some(key))).collect();
    let fractured: &[(i64, &[_])] = &[(1, &all), (2, &[("r", 7, Some(7)), ("r", 8, None)])];
    assert_eq!(broken(fractured), Some(Model::ReadCommitted));
    let whole: &[(i64, &[_])] = &[(1, &all), (2, &[("r", 7, Some(7)), ("r", 8, Some(8))])];
    assert_eq!(broken(whole), None);
}
