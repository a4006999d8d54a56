//! The search against all orders, and what `--consistency sequential` answers.

use proptest::prelude::*;

use super::*;
use crate::Value;
use crate::budget::Budget;
use crate::checker::Params;
use crate::lattice;
use crate::linearizable::model::NEVER;
use crate::linearizable::models::container::ContainerOp;
use crate::linearizable::models::queue::QueueModel;
use crate::linearizable::models::stack::StackModel;
use crate::linearizable::register::{Register, RegisterOp};
use crate::linearizable::tests::cases;
use crate::recording::Recording;
use crate::report::{Report, Validity};

/// An operation drawn: its process, its key, which of a pool it is, and whether it is indefinite.
type Drawn = (u32, u32, usize, bool);

fn drawn() -> impl Strategy<Value = Vec<Drawn>> {
    let op = (0..3u32, 0..2u32, 0..24usize, prop::bool::weighted(0.15));
    prop::collection::vec(op, 1..10)
}

/// The operations with those of a process one after another.
fn operations<O: Clone>(drawn: &[Drawn], pool: &[O]) -> Vec<Interval<OfProcess<O>>> {
    (1u32..)
        .zip(drawn)
        .map(|(at, (process, key, pick, open))| Interval {
            op: OfProcess {
                key: *key,
                process: *process,
                op: pool[pick % pool.len()].clone(),
            },
            start: 2 * at,
            finish: if *open { NEVER } else { 2 * at + 1 },
        })
        .collect()
}

/// Whether any order is legal: each definite operation after those of its process before it,
/// indefinite ones too or not at all.
fn any_order<M: Model>(model: &M, ops: Ops<'_, M::Op>, states: &[M::State], done: u32) -> bool {
    let is_left = |i: usize| done & (1 << i) == 0;
    if (0..ops.len()).all(|i| !is_left(i) || ops[i].is_indefinite()) {
        return true;
    }
    let is_next = |i: usize| {
        let same = (0..i).filter(|before| ops[*before].op.process == ops[i].op.process);
        is_left(i)
            && same
                .into_iter()
                .all(|b| !is_left(b) || ops[b].is_indefinite())
    };
    (0..ops.len()).filter(|i| is_next(*i)).any(|i| {
        let call = &ops[i].op;
        let key = call.key as usize;
        model.step(&states[key], &call.op).is_some_and(|after| {
            let mut states = states.to_vec();
            states[key] = after;
            any_order(model, ops, &states, done | 1 << i)
        })
    })
}

fn agree<M: Model>(model: &M, ops: Ops<'_, M::Op>) -> Result<bool, TestCaseError>
where
    M::Op: std::fmt::Debug,
{
    let expected = any_order(model, ops, &[model.init(), model.init()], 0);
    let mut search = ProcessOrder::new(model, ops);
    let decision = search
        .run(&mut Budget::unlimited().meter())
        .expect("no limit");
    let found = decision == Decision::Linearizable;
    prop_assert_eq!(found, expected, "{:?}", ops);
    if expected {
        let order = search.order();
        prop_assert!(
            replays_in_process_order(model, ops, &order),
            "{:?} of {:?}",
            order,
            ops
        );
    }
    Ok(expected)
}

fn registers() -> Vec<RegisterOp> {
    use RegisterOp::{Cas, Differs, Read, Write};
    vec![
        Read(0),
        Write(1),
        Read(1),
        Write(2),
        Read(2),
        Cas { old: 1, new: 2 },
        Read(1),
        Write(0),
        Differs(1),
        Cas { old: 0, new: 1 },
    ]
}

fn containers() -> Vec<ContainerOp> {
    use ContainerOp::{Empty, Put, Take, TakeAny};
    vec![
        Put(1),
        Take(1),
        Put(2),
        Take(2),
        Empty,
        TakeAny,
        Put(1),
        Take(1),
    ]
}

proptest! {
    #![proptest_config(cases(20_000))]

    #[test]
    fn registers_agree_with_all_orders(drawn in drawn()) {
        agree(&Register { init: 0 }, &operations(&drawn, &registers()))?;
    }

    #[test]
    fn queues_agree_with_all_orders(drawn in drawn()) {
        agree(&QueueModel, &operations(&drawn, &containers()))?;
    }

    #[test]
    fn stacks_agree_with_all_orders(drawn in drawn()) {
        agree(&StackModel, &operations(&drawn, &containers()))?;
    }
}

#[test]
fn drawn_histories_are_of_both_kinds() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut valid = 0;
    for _ in 0..400 {
        let drawn = drawn().new_tree(&mut runner).expect("a draw").current();
        let ops = operations(&drawn, &registers());
        valid += u32::from(agree(&Register { init: 0 }, &ops).expect("agreement"));
    }
    assert!((40..360).contains(&valid), "{valid} of 400 have an order");
}

fn check(recording: &Recording, model: &str, witness: bool) -> Report {
    let params = Params {
        consistency: vec![lattice::Model::Sequential],
        witness,
        ..Params::default()
    };
    recording
        .try_check(model, &params)
        .expect("a readable history")
}

/// Sets the key of the last call.
fn on_key(recording: &mut Recording, key: &str) {
    for op in recording.ops.iter_mut().rev().take(2) {
        op.key = Some(Value::str(key));
    }
}

#[test]
fn a_stale_read_is_sequentially_consistent() {
    let mut recording = Recording::default();
    recording.call(0, "write", 1);
    recording.call(0, "write", 2);
    recording.call(1, "read", 1);
    recording.call(1, "read", 2);
    assert_eq!(recording.check("register").validity, Validity::Invalid);
    let report = check(&recording, "register", true);
    assert_eq!(report.validity, Validity::Valid, "{:?}", report.findings);
    assert_eq!(report.witness[0].ops, [1, 5, 3, 7]);
    assert_eq!(report.claims[0].model, "sequential");
}

#[test]
fn a_process_never_goes_back() {
    let mut recording = Recording::default();
    recording.call(0, "add", 1);
    recording.call(0, "add", 1);
    recording.call(1, "read", 2);
    recording.call(1, "read", 1);
    let report = check(&recording, "counter", true);
    assert_eq!(report.validity, Validity::Invalid);
    let finding = &report.findings[0];
    assert_eq!(finding.anomaly, "nonsequential");
    assert_eq!(
        finding.summary,
        "read of 1 at 0.007 s by process 1 cannot be explained by any order that keeps that of \
         each process: after the longest there is, the counter can only have held 2"
    );
    assert_eq!(finding.details["minimal_is_least"], true);
    assert_eq!(finding.details["minimal"].as_array().map(Vec::len), Some(2));
}

/// What follows from the claim is asked before the search.
#[test]
fn causality_answers_for_registers() {
    let mut recording = Recording::default();
    recording.call(0, "write", 1);
    recording.call(0, "write", 2);
    recording.call(1, "read", 2);
    recording.call(1, "read", 1);
    let report = check(&recording, "register", true);
    let answers: Vec<_> = report
        .claims
        .iter()
        .map(|c| (c.model, c.validity))
        .collect();
    assert_eq!(answers, [("sequential", Validity::Invalid)]);
    assert_eq!(report.figures["sessions"], 2);
    assert!(!report.findings.is_empty());
}

/// Each key has an order, but no order of both keeps that of each process (Lamport's example).
#[test]
fn keys_are_judged_together() {
    let mut recording = Recording::default();
    for (process, written, read) in [(0, "x", "y"), (1, "y", "x")] {
        recording.call(process, "write", 1);
        on_key(&mut recording, written);
        recording.call(process, "read", Value::Nil);
        on_key(&mut recording, read);
    }
    let report = check(&recording, "register", false);
    assert_eq!(report.validity, Validity::Invalid);
    let minimal = report.findings[0].details["minimal"]
        .as_array()
        .expect("a list");
    let keys: Vec<_> = minimal.iter().map(|op| op["key"].as_str()).collect();
    assert_eq!(keys, [Some("x"), Some("y"), Some("y"), Some("x")]);
}

#[test]
fn a_linearizable_history_needs_no_search_but_for_a_witness() {
    let mut recording = Recording::default();
    recording.call(0, "enqueue", 1);
    on_key(&mut recording, "x");
    recording.call(1, "enqueue", 2);
    on_key(&mut recording, "y");
    recording.invoke(0, "dequeue", Value::Nil);
    recording.ok(0, "dequeue", 1);
    on_key(&mut recording, "x");
    let report = check(&recording, "queue", false);
    assert_eq!(report.validity, Validity::Valid);
    assert!(!report.figures.contains_key("configurations"));
    let report = check(&recording, "queue", true);
    assert_eq!(report.witness[0].ops, [1, 5, 3]);
}

#[test]
fn both_claims_are_answered() {
    let mut recording = Recording::default();
    recording.call(0, "push", 1);
    recording.call(1, "push", 2);
    recording.invoke(1, "pop", Value::Nil);
    recording.ok(1, "pop", 2);
    recording.invoke(0, "pop", Value::Nil);
    recording.ok(0, "pop", Value::Nil);
    let params = Params {
        consistency: vec![lattice::Model::Linearizable, lattice::Model::Sequential],
        ..Params::default()
    };
    let report = recording
        .try_check("stack", &params)
        .expect("a readable history");
    let answers: Vec<_> = report
        .claims
        .iter()
        .map(|c| (c.model, c.validity))
        .collect();
    assert_eq!(
        answers,
        [
            ("linearizable", Validity::Invalid),
            ("sequential", Validity::Invalid)
        ]
    );
    assert_eq!(report.findings.len(), 2);
}

#[test]
fn a_search_without_budget_is_unknown() {
    let ops: Vec<Drawn> = (0..40)
        .map(|i| (i % 8, 0, 1 + 2 * (i as usize % 2), false))
        .collect();
    let mut ops = operations(&ops, &registers());
    for (i, op) in (0u32..).zip(&mut ops) {
        op.op.process = i % 8;
    }
    ops.push(Interval {
        op: OfProcess {
            key: 0,
            process: 0,
            op: RegisterOp::Read(7),
        },
        start: 1000,
        finish: 1001,
    });
    let budget = Budget {
        steps: 500,
        ..Budget::unlimited()
    };
    let model = Register { init: 0 };
    let mut search = ProcessOrder::new(&model, &ops);
    assert_eq!(search.run(&mut budget.meter()), Err(Exhausted::Steps(500)));
    assert_eq!(search.furthest().prefix.len(), 40);
}
