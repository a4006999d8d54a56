//! Both methods against all orders, and against anomalies planted in valid histories.

mod budgets;

use proptest::prelude::*;

use super::*;
use crate::checker::model_named;
use crate::recording::{Recording, anomalies, ints, planted_seeds};
use crate::report::Validity;
use crate::synthetic::RegisterLoad;
use crate::{OpType, Process, Value};
use calls::{Call, Calls, End};
use model::{Decision, Interval, Model, replays};
use register::{Register, RegisterOp, Registers};
use search::Search;
use zones::Zones;

/// One drawn event of a small history: a process that is idle invokes, a busy one completes.
#[derive(Debug, Clone)]
struct Step {
    process: i64,
    f: u8,
    a: i64,
    b: i64,
    outcome: u8,
    /// A read that tells the truth, and a compare-and-set that expects it.
    honest: bool,
}

fn steps(processes: i64, events: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = (
        0..processes,
        0..4u8,
        0..3i64,
        0..3i64,
        0..10u8,
        prop::bool::weighted(0.7),
    )
        .prop_map(|(process, f, a, b, outcome, honest)| Step {
            process,
            f,
            a,
            b,
            outcome,
            honest,
        });
    prop::collection::vec(step, 1..events)
}

/// Runs the steps on a register on which writes take effect when they complete.
fn record(steps: &[Step], distinct: bool) -> Recording {
    let mut recording = Recording::default();
    let mut state = Value::Nil;
    let mut fresh = 10;
    let mut busy: Vec<Option<(i64, &'static str, Value)>> = vec![None; 8];
    let mut next_process = 8;
    let mut processes: Vec<i64> = (0..8).collect();
    for step in steps {
        let slot = step.process as usize;
        let Some((process, f, value)) = busy[slot].take() else {
            fresh += 1;
            let written = Value::Int(if distinct { fresh } else { step.b });
            let guess = if distinct { fresh - 1 - step.a } else { step.a };
            let old = if step.honest {
                state.clone()
            } else {
                Value::Int(guess)
            };
            let (f, value) = match step.f {
                0 | 1 => (
                    "read",
                    if step.honest {
                        Value::Nil
                    } else {
                        Value::Int(guess)
                    },
                ),
                2 => ("write", written),
                _ => ("cas", Value::List(vec![old, written])),
            };
            let invoked = if f == "read" {
                Value::Nil
            } else {
                value.clone()
            };
            recording.invoke(processes[slot], f, invoked);
            busy[slot] = Some((processes[slot], f, value));
            continue;
        };
        let kind = match step.outcome {
            0 => OpType::Fail,
            1 | 2 => OpType::Info,
            _ => OpType::Ok,
        };
        let honest_read = f == "read" && value.is_nil();
        let result = if honest_read {
            state.clone()
        } else {
            value.clone()
        };
        recording.event(Process::Client(process), kind, f, result);
        if kind == OpType::Info {
            processes[slot] = next_process;
            next_process += 1;
        }
        if kind == OpType::Fail || (kind == OpType::Info && step.honest) {
            continue;
        }
        match (f, &value) {
            ("write", written) => state = written.clone(),
            ("cas", Value::List(pair)) if pair[0] == state || !step.honest => {
                state = pair[1].clone();
            }
            _ => {}
        }
    }
    recording
}

fn lowered(recording: &Recording, params: &Params) -> Calls<Registers> {
    let mut calls = Calls::new(Registers::new(params, CAS_REGISTER_FUNCTIONS), params);
    for op in &recording.ops {
        calls.push(op).expect("a readable history");
    }
    calls
}

/// Whether any order of the calls is legal: every ok call once, indefinite ones at most once.
fn any_order(calls: &[Call<RegisterOp>], state: u32, done: u32) -> bool {
    let register = Register { init: state };
    let waits = |i: usize| done & (1 << i) == 0 && calls[i].end == End::Ok;
    let mut pending = (0..calls.len()).filter(|i| waits(*i)).peekable();
    if pending.peek().is_none() {
        return true;
    }
    let deadline = pending.map(|i| calls[i].finish).min().unwrap_or(u32::MAX);
    (0..calls.len())
        .filter(|i| done & (1 << i) == 0 && calls[*i].end != End::Nothing)
        .filter(|i| !(calls[*i].end == End::Open && matches!(calls[*i].op, RegisterOp::Read(_))))
        .filter(|i| calls[*i].start < deadline)
        .any(|i| {
            register
                .step(&state, &calls[i].op)
                .is_some_and(|after| any_order(calls, after, done | 1 << i))
        })
}

fn intervals(calls: &Calls<Registers>) -> Vec<Interval<RegisterOp>> {
    let all = 0..calls.calls.len() as u32;
    let mut ops: Vec<_> = all.filter_map(|call| calls.interval(call)).collect();
    register::drop_unobserved(&mut ops);
    ops
}

/// Compares both methods with all orders, and replays what they say is a linearization.
fn agree(recording: &Recording, params: &Params, distinct: bool) -> Result<bool, TestCaseError> {
    let calls = lowered(recording, params);
    let model = calls.vocabulary.model();
    let expected = any_order(&calls.calls, model.init, 0);
    let ops = intervals(&calls);
    let mut search = Search::new(&model, &ops);
    let decision = search
        .run(&mut Budget::unlimited().meter())
        .expect("no limit");
    prop_assert_eq!(
        decision == Decision::Linearizable,
        expected,
        "search of {:?}",
        &ops
    );
    if expected {
        prop_assert!(replays(&model, &ops, &search.linearization()));
    } else {
        let furthest = search.furthest();
        let before = ops[furthest.stuck].finish;
        let sooner: Vec<_> = ops.iter().filter(|op| op.start < before).copied().collect();
        let due: Vec<_> = sooner.iter().filter(|op| op.finish < before).collect();
        prop_assert!(furthest.prefix.len() >= due.len());
    }
    let zones = Zones::new(&ops, model.init);
    if distinct && !params.failed_cas_informs {
        prop_assert!(zones.is_some());
    }
    if let Some(mut zones) = zones {
        prop_assert_eq!(
            zones.decide() == Decision::Linearizable,
            expected,
            "zones of {:?}",
            &ops
        );
        if expected {
            prop_assert!(replays(&model, &ops, &zones.linearization()));
        }
    }
    Ok(expected)
}

/// As many cases, or what `PROPTEST_CASES` says.
pub(super) fn cases(default: u32) -> ProptestConfig {
    let told = ProptestConfig::default().cases;
    let is_told = std::env::var_os("PROPTEST_CASES").is_some();
    ProptestConfig {
        cases: if is_told { told } else { default },
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(cases(20_000))]

    #[test]
    fn distinct_values_agree_with_all_orders(steps in steps(5, 20)) {
        agree(&record(&steps, true), &Params::default(), true)?;
    }

    #[test]
    fn repeated_values_agree_with_all_orders(steps in steps(5, 20)) {
        agree(&record(&steps, false), &Params::default(), false)?;
    }

    #[test]
    fn informative_failures_agree_with_all_orders(steps in steps(3, 15)) {
        let params = Params {
            failed_cas_informs: true,
            init: Some(Value::Int(0)),
            ..Params::default()
        };
        agree(&record(&steps, false), &params, false)?;
    }
}

#[test]
fn the_small_histories_are_of_both_kinds() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    for distinct in [true, false] {
        let mut valid = 0;
        for _ in 0..400 {
            let steps = steps(5, 20)
                .new_tree(&mut runner)
                .expect("a draw")
                .current();
            valid +=
                u32::from(agree(&record(&steps, distinct), &Params::default(), distinct).unwrap());
        }
        assert!(
            (80..320).contains(&valid),
            "{valid} of 400 are linearizable"
        );
    }
}

fn load(values: Option<u32>, seed: u64) -> Recording {
    let load = RegisterLoad {
        processes: 5,
        calls: 400,
        keys: 2,
        values,
        failed_permille: 20,
        indefinite_permille: 20,
        seed,
    };
    Recording {
        ops: load.history(),
    }
}

#[test]
fn generated_histories_are_valid_and_planted_anomalies_are_found() {
    for seed in 0..planted_seeds(20) {
        for values in [None, Some(5)] {
            let recording = load(values, seed);
            let report = recording.check("cas-register");
            assert_eq!(report.validity, Validity::Valid, "{:?}", report.findings);
            for plant in [stale_read, lost_write, thin_air] {
                let mut broken = recording.clone();
                if !plant(&mut broken) {
                    continue;
                }
                let report = broken.check("cas-register");
                assert_eq!(report.validity, Validity::Invalid, "seed {seed}");
                assert_eq!(anomalies(&report), ["nonlinearizable"]);
            }
        }
    }
}

/// Appends calls on key 0 that nothing overlaps, each a millisecond.
fn append(recording: &mut Recording, f: &'static str, value: i64) {
    for kind in [OpType::Invoke, OpType::Ok] {
        let op = recording.event(Process::Client(1_000_000), kind, f, value);
        op.key = Some(Value::Int(0));
    }
}

fn stale_read(recording: &mut Recording) -> bool {
    append(recording, "write", -1);
    append(recording, "write", -2);
    append(recording, "read", -1);
    true
}

fn lost_write(recording: &mut Recording) -> bool {
    append(recording, "write", -1);
    append(recording, "read", -1);
    append(recording, "write", -2);
    append(recording, "read", -1);
    append(recording, "read", -1);
    true
}

fn thin_air(recording: &mut Recording) -> bool {
    let read = |op: &&mut crate::Op| op.kind == OpType::Ok && op.f == "read" && op.index > 100;
    let Some(op) = recording.ops.iter_mut().find(read) else {
        return false;
    };
    op.value = Value::Int(-77);
    true
}

/// An indefinite write that changes nothing by itself may still hide another write.
#[test]
fn an_indefinite_write_may_absorb() {
    let mut recording = Recording::default();
    recording.call(0, "write", 1);
    recording.invoke(1, "write", 1);
    recording.invoke(2, "cas", ints(&[1, 2]));
    recording.invoke(3, "write", 3);
    recording.ok(2, "cas", ints(&[1, 2]));
    recording.ok(3, "write", 3);
    recording.call(0, "read", 2);
    let report = recording.check("cas-register");
    assert_eq!(report.validity, Validity::Valid, "{:?}", report.findings);
}

#[test]
fn a_stale_read_is_told_in_words() {
    let mut recording = Recording::default();
    recording.call(0, "write", 3);
    recording.call(1, "write", 5);
    recording.call(2, "read", 3);
    let report = recording.check("register");
    assert_eq!(report.validity, Validity::Invalid);
    assert_eq!(
        report.findings[0].summary,
        "read of 3 at 0.005 s by process 2 cannot be explained: the write of 5 at 0.003 s by \
         process 1 had finished before it began, and since the write of 3 at 0.001 s by process 0 had \
         finished before the write of 5 at 0.003 s by process 1 began, that replaced 3 for good"
    );
    assert_eq!(report.findings[0].ops, [1, 3, 5]);
}

#[test]
fn the_search_tells_what_could_have_been() {
    let mut recording = Recording::default();
    recording.call(0, "write", 4);
    recording.call(0, "write", 3);
    recording.call(0, "write", 3);
    recording.invoke(1, "write", 5);
    recording.call(2, "read", 4);
    recording.ok(1, "write", 5);
    for op in &mut recording.ops {
        op.key = Some(Value::Int(7));
    }
    let report = recording.check("register");
    assert_eq!(
        report.findings[0].summary,
        "key 7: read of 4 at 0.008 s by process 2 cannot be explained: just before it the register \
         can only have held 3 or 5, whatever the order of the operations before and around it"
    );
    assert_eq!(
        report.findings[0].details["possible_states"],
        serde_json::json!(["3", "5"])
    );
}

#[test]
fn a_value_nobody_wrote_needs_no_search() {
    let mut recording = Recording::default();
    recording.call(0, "write", 3);
    recording.call(0, "write", 3);
    recording.call(2, "read", 4);
    recording.call(0, "write", 4);
    let report = recording.check("register");
    assert_eq!(report.figures["keys_by_writers"], 1);
    assert_eq!(
        report.findings[0].summary,
        "read of 4 at 0.005 s by process 2 cannot be explained: nothing that may have taken effect \
         by then wrote 4, and the register began as nil"
    );
    let details = &report.findings[0].details;
    assert_eq!(details["possible_states"], serde_json::json!(["3"]));
    assert_eq!(details["linearized"], 2);
    assert_eq!(details["minimal"].as_array().map(Vec::len), Some(1));
}

#[test]
fn nothing_tested_is_unknown() {
    assert_eq!(
        Recording::default().check("register").validity,
        Validity::Unknown
    );
    let mut recording = Recording::default();
    recording.invoke(0, "write", 1);
    recording.fail(0, "write", 1);
    let report = recording.check("register");
    assert_eq!(
        report.unknown.as_deref(),
        Some(crate::checker::NOTHING_TESTED)
    );
}

#[test]
fn a_register_begins_as_told() {
    let mut recording = Recording::default();
    recording.call(0, "read", 9);
    assert_eq!(recording.check("register").validity, Validity::Invalid);
    let params = Params {
        init: Some(Value::Int(9)),
        ..Params::default()
    };
    let report = recording
        .try_check("register", &params)
        .expect("a readable history");
    assert_eq!(report.validity, Validity::Valid);
}

#[test]
fn operations_out_of_the_vocabulary_are_errors() {
    let mut recording = Recording::default();
    recording.invoke(0, "read", Value::Nil);
    recording.event(Process::NEMESIS, OpType::Info, "partition", Value::Nil);
    recording.invoke(1, "cas", ints(&[1, 2]));
    let error = recording
        .try_check("register", &Params::default())
        .unwrap_err();
    assert_eq!(error.index, 2);
    assert!(error.to_string().contains("read, write"), "{error}");
    assert!(
        recording
            .try_check("cas-register", &Params::default())
            .is_ok()
    );
    recording.invoke(2, "cas", 4);
    assert!(
        recording
            .try_check("cas-register", &Params::default())
            .is_err()
    );
}
