//! Every model's search and direct method against all orders.

mod planted;

use proptest::prelude::*;

use super::container::{ContainerOp, Discipline};
use super::counter::CounterOp;
use super::fenced_lock::FencedLockOp;
use super::key_value::KeyValueOp;
use super::log::LogOp;
use super::multi_register::Micro;
use super::mutex::MutexOp;
use super::set::SetOp;
use super::*;
use crate::Value;
use crate::budget::Budget;
use crate::checker::Params;
use crate::linearizable::explain;
use crate::linearizable::model::{Decision, Interval, Model, NEVER, replays};
use crate::linearizable::search::Search;
use crate::linearizable::tests::cases;
use crate::linearizable::vocabulary::Vocabulary;

/// One drawn event: an idle process invokes, a busy one completes.
#[derive(Debug, Clone)]
struct Step {
    process: usize,
    pick: usize,
    outcome: u8,
    honest: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(0.85), 1..20)
}

/// Steps that lie rarely, so that long histories are right up to their end now and then.
fn many_steps() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(0.99), 1..120)
}

fn step(honest: f64) -> impl Strategy<Value = Step> {
    let step = (0..4usize, 0..64usize, 0..12u8, prop::bool::weighted(honest));
    step.prop_map(|(process, pick, outcome, honest)| Step {
        process,
        pick,
        outcome,
        honest,
    })
}

/// Runs the steps on an object whose operations take effect when they complete: the first possible
/// of those `pool` offers, from the one picked, or just that one where a step lies.
fn run<V: Vocabulary>(
    vocabulary: &V,
    steps: &[Step],
    mut pool: impl FnMut() -> Vec<V::Op>,
) -> Vec<Interval<V::Op>> {
    let model = vocabulary.model();
    let mut state = model.init();
    let mut busy = [None; 4];
    let mut ops = Vec::new();
    let mut open = Vec::new();
    for (position, step) in (1u32..).zip(steps) {
        let Some(start) = busy[step.process].take() else {
            busy[step.process] = Some(position);
            continue;
        };
        let pool = pool();
        let from = step.pick % pool.len();
        let mut offers = pool[from..].iter().chain(&pool[..from]);
        let possible = |op: &&V::Op| model.step(&state, op).is_some();
        let op = match step.honest {
            true => offers.find(possible).unwrap_or(&pool[from]).clone(),
            false => pool[from].clone(),
        };
        let after = model.step(&state, &op);
        let is_open = step.outcome < 2;
        if !(is_open && step.honest) {
            state = after.unwrap_or(state);
        }
        match is_open {
            true => open.extend(vocabulary.unanswered(&op).map(|op| (op, start))),
            false => ops.push(Interval {
                op,
                start,
                finish: position,
            }),
        }
    }
    ops.extend(open.into_iter().map(|(op, start)| Interval {
        op,
        start,
        finish: NEVER,
    }));
    ops.sort_by_key(|op| op.start);
    ops
}

/// Whether any order is legal: every definite operation once, indefinite ones at most once.
fn any_order<M: Model>(model: &M, ops: &[Interval<M::Op>], state: &M::State, done: u32) -> bool {
    let left = (0..ops.len()).filter(|i| done & (1 << i) == 0);
    let deadline = left.clone().map(|i| ops[i].finish).min();
    let Some(deadline) = deadline.filter(|deadline| *deadline != NEVER) else {
        return true;
    };
    left.filter(|i| ops[*i].start < deadline).any(|i| {
        let after = model.step(state, &ops[i].op);
        after.is_some_and(|after| any_order(model, ops, &after, done | 1 << i))
    })
}

/// Compares search and direct method with all orders. Whether there is one, and a direct answer.
fn agree<V: Vocabulary>(
    vocabulary: &V,
    mut ops: Vec<Interval<V::Op>>,
) -> Result<(bool, bool), TestCaseError> {
    let model = vocabulary.model();
    let expected = any_order(&model, &ops, &model.init(), 0);
    vocabulary.prune(&mut ops);
    let budget = Budget::unlimited();
    let mut search = Search::new(&model, &ops);
    let decision = search.run(&mut budget.meter()).expect("no limit");
    let found = decision == Decision::Linearizable;
    prop_assert_eq!(found, expected, "search of {:?}", &ops);
    match decision {
        Decision::Linearizable => prop_assert!(replays(&model, &ops, &search.linearization())),
        Decision::Impossible(furthest) => {
            let before = ops[furthest.stuck].finish;
            shrinks(vocabulary, &ops, before, None)?;
        }
    }
    let direct = vocabulary.decide(&ops, true, &mut budget.meter());
    let Some(direct) = direct.expect("no limit") else {
        return Ok((expected, false));
    };
    prop_assert_eq!(
        direct.outcome.is_ok(),
        expected,
        "{} of {:?}",
        direct.method,
        &ops
    );
    match direct.outcome {
        Ok(Some(order)) => prop_assert!(replays(&model, &ops, &order)),
        Ok(None) => {}
        Err(found) => shrinks(vocabulary, &ops, NEVER, Some(&found.story))?,
    }
    Ok((expected, true))
}

/// Shrinks operations that have no order twice: to the same, which have none either.
fn shrinks<V: Vocabulary>(
    vocabulary: &V,
    ops: &[Interval<V::Op>],
    before: u32,
    story: Option<&[u32]>,
) -> Result<(), TestCaseError> {
    let budget = Budget::unlimited();
    let meter = budget.meter();
    let shrink = || {
        explain::core(vocabulary, ops, before, story, &meter, 1 << 20, |_| {
            u64::MAX
        })
    };
    let core = shrink().expect("a small history");
    prop_assert!(core.is_least);
    prop_assert_eq!(&core, &shrink().expect("as before"));
    let model = vocabulary.model();
    let has_order = |kept: &[u32]| {
        let keeps = |i: u32| kept.contains(&i);
        let released = (0u32..).zip(ops).map(|(i, op)| Interval {
            finish: if keeps(i) { op.finish } else { NEVER },
            ..op.clone()
        });
        any_order(&model, &released.collect::<Vec<_>>(), &model.init(), 0)
    };
    prop_assert!(!has_order(&core.ops), "{:?} of {:?}", core, ops);
    for left_out in &core.ops {
        let fewer: Vec<u32> = core
            .ops
            .iter()
            .copied()
            .filter(|op| op != left_out)
            .collect();
        prop_assert!(has_order(&fewer), "{:?} of {:?}", core, ops);
    }
    Ok(())
}

fn params() -> Params {
    Params::default()
}

fn counter_ops() -> Vec<CounterOp> {
    use CounterOp::{Add, Read};
    vec![Add(1), Read(0), Read(1), Add(-1), Read(2), Add(2), Read(3)]
}

/// With reads of the whole set, if asked for.
fn set_ops(whole: bool) -> Vec<SetOp> {
    use SetOp::{Add, Contains, Read, Remove};
    let mut pool = vec![];
    for e in 0..2 {
        pool.extend([Add(e), Contains(e, true), Remove(e), Contains(e, false)]);
    }
    if whole {
        pool.extend([Read([0].into()), Read([0, 1].into()), Read([].into())]);
    }
    pool
}

fn log_ops() -> Vec<LogOp> {
    use LogOp::{Append, Get, Read};
    vec![
        Append(1, None),
        Read([1].into()),
        Append(2, None),
        Get(0, 1),
        Read([1, 2].into()),
        Append(1, Some(1)),
        Get(1, 2),
        Append(2, Some(0)),
        Get(0, 2),
        Read([].into()),
    ]
}

fn mutex_ops(owners: u32) -> Vec<MutexOp> {
    let each = (0..owners).flat_map(|o| [MutexOp::Acquire(o), MutexOp::Release(o)]);
    each.collect()
}

fn fenced_lock_ops() -> Vec<FencedLockOp> {
    use FencedLockOp::{Acquire, Release};
    let of_owner = |o| {
        let acquire = |token| Acquire(o, Some(token));
        [acquire(1), Release(o), acquire(2), acquire(3)]
    };
    (0..2).flat_map(of_owner).collect()
}

fn semaphore_ops() -> Vec<i64> {
    vec![-1, 1, -2, 2]
}

fn two_permits() -> Params {
    Params {
        init: Some(Value::Int(2)),
        ..params()
    }
}

fn multi_register_ops() -> Vec<Box<[Micro]>> {
    let read = |register, value| Micro::Read { register, value };
    let write = |register, value| Micro::Write { register, value };
    vec![
        [write(1, 1), write(2, 1)].into(),
        [read(1, 1), read(2, 1)].into(),
        [write(1, 2)].into(),
        [read(1, 2), write(2, 2)].into(),
        [read(1, 1), read(2, 2)].into(),
        [read(2, 2)].into(),
        [read(1, 2), read(2, 1)].into(),
    ]
}

fn key_values_and_ops() -> (KeyValues, Vec<KeyValueOp>) {
    use KeyValueOp::{Append, Cas, Get, Put};
    let mut vocabulary = KeyValues::new(&params());
    let mut id = |text: &str| {
        let id = vocabulary.id(&Value::str(text));
        vocabulary.find(id)
    };
    let (a, b, aa, ab) = (id("a"), id("b"), id("aa"), id("ab"));
    id("");
    let ops = vec![
        Append(a),
        Get(a),
        Get(aa),
        Append(b),
        Get(ab),
        Put(a),
        Cas { old: a, new: b },
        Get(b),
        Put(0),
        Get(0),
        Cas { old: ab, new: a },
    ];
    (vocabulary, ops)
}

/// Puts and takes of three elements. A take whose result is unknown is always indefinite.
fn repeated() -> Vec<ContainerOp> {
    let each = (0..3).flat_map(|e| [ContainerOp::Put(e), ContainerOp::Take(e)]);
    each.chain([ContainerOp::Empty]).collect()
}

/// Puts of a new element each time, and takes of any; in no order of size.
fn distinct() -> impl FnMut() -> Vec<ContainerOp> {
    let mut fresh = 0;
    let mixed = |n: i64| (n * 7) % 23;
    move || {
        fresh += 1;
        let takes = (1..fresh + 1).map(move |n| ContainerOp::Take(mixed(n)));
        let mut pool = vec![ContainerOp::Empty];
        for take in takes {
            pool.extend([ContainerOp::Put(mixed(fresh)), take]);
        }
        pool
    }
}

fn container<D: Discipline>(steps: &[Step]) -> Result<(), TestCaseError> {
    let vocabulary = Containers::<D>::new(&params());
    // A lie may take an element twice, so that both methods see all kinds of wrong.
    let ops = run(&vocabulary, steps, distinct());
    agree(&vocabulary, ops)?;
    agree(&vocabulary, run(&vocabulary, steps, repeated))?;
    Ok(())
}

proptest! {
    #![proptest_config(cases(20_000))]

    #[test]
    fn queues(steps in steps()) {
        container::<Queue>(&steps)?;
    }

    #[test]
    fn unordered_queues(steps in steps()) {
        container::<UnorderedQueue>(&steps)?;
    }

    #[test]
    fn stacks(steps in steps()) {
        container::<Stack>(&steps)?;
    }

    #[test]
    fn priority_queues(steps in steps()) {
        container::<PriorityQueue>(&steps)?;
    }

    #[test]
    fn counters(steps in steps()) {
        let vocabulary = Counters::new(&params());
        agree(&vocabulary, run(&vocabulary, &steps, counter_ops))?;
    }

    #[test]
    fn sets(steps in steps(), whole in prop::bool::ANY) {
        let vocabulary = Sets::new(&params());
        let (_, direct) = agree(&vocabulary, run(&vocabulary, &steps, || set_ops(whole)))?;
        prop_assert!(direct || whole);
    }

    #[test]
    fn logs(steps in steps()) {
        let vocabulary = Logs::new(&params());
        agree(&vocabulary, run(&vocabulary, &steps, log_ops))?;
    }

    #[test]
    fn mutexes(steps in steps(), owners in 1..3u32) {
        let vocabulary = Mutexes::owned(&params());
        agree(&vocabulary, run(&vocabulary, &steps, || mutex_ops(owners)))?;
    }

    #[test]
    fn fenced_locks(steps in steps()) {
        let vocabulary = FencedLocks::new(&params());
        agree(&vocabulary, run(&vocabulary, &steps, fenced_lock_ops))?;
    }

    #[test]
    fn semaphores(steps in steps()) {
        let vocabulary = Semaphores::new(&two_permits());
        agree(&vocabulary, run(&vocabulary, &steps, semaphore_ops))?;
    }

    #[test]
    fn multi_registers(steps in steps()) {
        let vocabulary = MultiRegisters::new(&params());
        agree(&vocabulary, run(&vocabulary, &steps, multi_register_ops))?;
    }

    #[test]
    fn key_values(steps in steps()) {
        let (vocabulary, ops) = key_values_and_ops();
        agree(&vocabulary, run(&vocabulary, &steps, || ops.clone()))?;
    }
}

/// The direct method against the search on longer histories, which hold deeper containers.
fn longer<D: Discipline>(steps: &[Step]) -> Result<(), TestCaseError> {
    let vocabulary = Containers::<D>::new(&params());
    let mut ops = run(&vocabulary, steps, distinct());
    vocabulary.prune(&mut ops);
    let budget = Budget {
        steps: 20_000,
        ..Budget::unlimited()
    };
    let direct = vocabulary.decide(&ops, true, &mut budget.meter());
    let Some(direct) = direct.expect("within the steps") else {
        return Ok(());
    };
    let model = vocabulary.model();
    if let Ok(decision) = Search::new(&model, &ops).run(&mut budget.meter()) {
        let found = decision == Decision::Linearizable;
        prop_assert_eq!(direct.outcome.is_ok(), found, "{:?}", &ops);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases(4000))]

    #[test]
    fn longer_queues(steps in many_steps()) {
        longer::<Queue>(&steps)?;
    }

    #[test]
    fn longer_unordered_queues(steps in many_steps()) {
        longer::<UnorderedQueue>(&steps)?;
    }

    #[test]
    fn longer_stacks(steps in many_steps()) {
        longer::<Stack>(&steps)?;
    }

    #[test]
    fn longer_priority_queues(steps in many_steps()) {
        longer::<PriorityQueue>(&steps)?;
    }
}

#[test]
fn drawn_histories_are_of_both_kinds_and_direct_methods_apply() {
    use proptest::strategy::ValueTree;
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let vocabulary = Containers::<PriorityQueue>::new(&params());
    let (mut valid, mut direct) = (0, 0);
    for _ in 0..400 {
        let steps = steps().new_tree(&mut runner).expect("a draw").current();
        let (is_valid, is_direct) =
            agree(&vocabulary, run(&vocabulary, &steps, distinct())).expect("agreement");
        valid += u32::from(is_valid);
        direct += u32::from(is_direct);
    }
    assert!(
        (60..380).contains(&valid),
        "{valid} of 400 are linearizable"
    );
    assert!(direct > 200, "{direct} of 400 are decided directly");
}
