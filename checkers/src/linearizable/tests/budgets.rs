//! What is answered when the budget ends.

use super::*;

#[test]
fn a_search_without_budget_answers_unknown_with_its_prefix() {
    let mut recording = load(Some(3), 5);
    stale_read(&mut recording);
    let kind = model_named("cas-register").expect("a model");
    let mut checker = kind.checker(&Params::default());
    for op in &recording.ops {
        checker.push(op).expect("a readable history");
    }
    let budget = Budget {
        steps: 50,
        ..Budget::unlimited()
    };
    let report = checker.finish(&budget);
    assert_eq!(report.validity, Validity::Unknown);
    let keys = report.figures["unknown_keys"].as_array().expect("a list");
    assert!(
        keys[0]["longest_linearized_prefix"].as_u64() > Some(0),
        "{keys:?}"
    );
    assert_eq!(report.figures["keys_unknown"], 2);
}

/// Many processes, few values and many indefinite operations, then reads that need more writes than
/// there were: there are more ways to go wrong than can be tried.
#[test]
fn a_history_that_explodes_is_unknown_with_a_prefix() {
    let load = RegisterLoad {
        processes: 40,
        calls: 5000,
        keys: 1,
        values: Some(3),
        failed_permille: 0,
        indefinite_permille: 200,
        seed: 5,
    };
    let mut recording = Recording {
        ops: load.history(),
    };
    assert_eq!(recording.check("cas-register").validity, Validity::Valid);
    for read in 0..1000 {
        append(&mut recording, "read", read % 3);
    }
    let limits = [(20_000, u64::MAX), (u64::MAX, 1 << 20)];
    for (steps, bytes) in limits {
        let budget = Budget {
            steps,
            bytes,
            ..Budget::unlimited()
        };
        let mut checker = model_named("cas-register")
            .expect("a model")
            .checker(&Params::default());
        for op in &recording.ops {
            checker.push(op).expect("a readable history");
        }
        let report = checker.finish(&budget);
        assert_eq!(report.validity, Validity::Unknown);
        let key = &report.figures["unknown_keys"][0];
        assert!(
            key["longest_linearized_prefix"].as_u64() > Some(3000),
            "{key}"
        );
        assert!(key["concurrent_indefinite"].as_u64() > Some(0), "{key}");
        let why = report.unknown.expect("a reason");
        assert!(why.contains("no way was found past the read of"), "{why}");
    }
}

#[test]
fn a_witness_that_is_not_found_leaves_the_answer_valid() {
    let mut recording = Recording::default();
    recording.call(0, "enqueue", 1);
    recording.call(0, "enqueue", 2);
    let params = Params {
        witness: true,
        ..Params::default()
    };
    let mut checker = model_named("queue").expect("a model").checker(&params);
    for op in &recording.ops {
        checker.push(op).expect("a readable history");
    }
    let budget = Budget {
        steps: 1,
        ..Budget::unlimited()
    };
    let report = checker.finish(&budget);
    assert_eq!(report.validity, Validity::Valid, "{:?}", report.unknown);
    assert!(report.witness.is_empty());
    assert!(report.warnings[0].starts_with("no witness for 1 of 1 keys"));
}
