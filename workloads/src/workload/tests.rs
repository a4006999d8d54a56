//! What every workload owes the harness.

use std::collections::BTreeSet;

use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::TestRunner;

use super::*;
use crate::call::Step;

fn draw(workload: &dyn Workload, n: u64, runner: &mut TestRunner) -> Call {
    workload
        .call(n)
        .new_tree(runner)
        .expect("generators never reject")
        .current()
}

fn first_calls(workload: &dyn Workload, count: u64) -> Vec<Call> {
    let mut runner = TestRunner::deterministic();
    (0..count).map(|n| draw(workload, n, &mut runner)).collect()
}

#[test]
fn names_are_unique_and_found() {
    let names: BTreeSet<_> = WORKLOADS.iter().map(|kind| kind.name).collect();
    assert_eq!(names.len(), WORKLOADS.len());
    assert!(
        WORKLOADS
            .iter()
            .all(|kind| workload_named(kind.name).unwrap().name == kind.name)
    );
    assert!(workload_named("no-such").is_none());
}

#[test]
fn every_workload_draws_several_functions() {
    for kind in WORKLOADS {
        let fs: BTreeSet<_> = first_calls(&*(kind.build)(), 2000)
            .iter()
            .map(|call| call.f())
            .collect();
        let transactions = fs.contains("txn");
        assert!(transactions || fs.len() > 1, "{}: only {fs:?}", kind.name);
    }
}

#[test]
fn transfers_join_two_different_existing_accounts() {
    let bank = bank::Bank::default();
    for call in first_calls(&bank, 2000) {
        if let Call::Transfer { from, to, amount } = call {
            assert_ne!(from, to);
            assert!((0..bank.accounts).contains(&from) && (0..bank.accounts).contains(&to));
            assert!((1..=bank.transfer_max).contains(&amount));
        }
    }
}

/// What a call writes, with its key, where values are to be unique.
fn written(call: &Call) -> Vec<(i64, i64)> {
    match call {
        Call::Write { key, value } => vec![(*key, *value)],
        Call::Cas { key, new, .. } => vec![(*key, *new)],
        Call::Add { element } | Call::Enqueue { element } => vec![(0, *element)],
        Call::Txn { ops } => {
            let append = |step: &Step| match *step {
                Step::Append { key, element } => Some((key, element)),
                Step::Read { .. } => None,
            };
            ops.iter().filter_map(append).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn written_values_are_unique_per_key() {
    for kind in WORKLOADS {
        let mut seen = BTreeSet::new();
        let calls = first_calls(&*(kind.build)(), 5000);
        for written in calls.iter().flat_map(written) {
            assert!(
                seen.insert(written),
                "{}: {written:?} written twice",
                kind.name
            );
        }
    }
}

#[test]
fn final_reads_of_registers_cover_the_keys_in_use() {
    let registers = register::Registers::default();
    let last = registers.ops_per_generation * 3 + 5;
    let read: Vec<_> = registers
        .final_reads(last + 1)
        .iter()
        .map(|call| call.key())
        .collect();
    for call in first_calls(&registers, last + 1).iter().rev().take(4) {
        assert!(read.contains(&call.key()));
    }
}

#[test]
fn calls_survive_a_plan_file() {
    for kind in WORKLOADS {
        let workload = (kind.build)();
        let calls = workload
            .setup()
            .into_iter()
            .chain(first_calls(&*workload, 200));
        for call in calls {
            let text = serde_json::to_string(&call).unwrap();
            assert_eq!(serde_json::from_str::<Call>(&text).unwrap(), call, "{text}");
        }
    }
}
