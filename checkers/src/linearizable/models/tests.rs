//! Every model's search and direct method against all orders.

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
use crate::budget::Budget;
use crate::checker::Params;
use crate::linearizable::explain;
use crate::linearizable::model::{Decision, Interval, Model, NEVER, replays};
use crate::linearizable::search::Search;
use crate::linearizable::tests::cases;
use crate::linearizable::vocabulary::Vocabulary;
use crate::recording::{Recording, ints};
use crate::report::Validity;
use crate::{OpType, Process, Value};

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
    let shrink = || explain::core(vocabulary, ops, before, story, &budget.meter(), 1 << 20);
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
    #![proptest_config(cases(1500))]

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
        use CounterOp::{Add, Read};
        let pool = || vec![Add(1), Read(0), Read(1), Add(-1), Read(2), Add(2), Read(3)];
        let vocabulary = Counters::new(&params());
        agree(&vocabulary, run(&vocabulary, &steps, pool))?;
    }

    #[test]
    fn sets(steps in steps(), whole in prop::bool::ANY) {
        use SetOp::{Add, Contains, Read, Remove};
        let pool = || {
            let mut pool = vec![];
            for e in 0..2 {
                pool.extend([Add(e), Contains(e, true), Remove(e), Contains(e, false)]);
            }
            if whole {
                pool.extend([Read([0].into()), Read([0, 1].into()), Read([].into())]);
            }
            pool
        };
        let vocabulary = Sets::new(&params());
        let (_, direct) = agree(&vocabulary, run(&vocabulary, &steps, pool))?;
        prop_assert!(direct || whole);
    }

    #[test]
    fn logs(steps in steps()) {
        use LogOp::{Append, Get, Read};
        let pool = || vec![
            Append(1, None), Read([1].into()), Append(2, None), Get(0, 1), Read([1, 2].into()),
            Append(1, Some(1)), Get(1, 2), Append(2, Some(0)), Get(0, 2), Read([].into()),
        ];
        let vocabulary = Logs::new(&params());
        agree(&vocabulary, run(&vocabulary, &steps, pool))?;
    }

    #[test]
    fn mutexes(steps in steps(), owners in 1..3u32) {
        let pool = || (0..owners)
            .flat_map(|o| [MutexOp::Acquire(o), MutexOp::Release(o)])
            .collect();
        let vocabulary = Mutexes::owned(&params());
        agree(&vocabulary, run(&vocabulary, &steps, pool))?;
    }

    #[test]
    fn fenced_locks(steps in steps()) {
        use FencedLockOp::{Acquire, Release};
        let pool = || (0..2)
            .flat_map(|o| [Acquire(o, Some(1)), Release(o), Acquire(o, Some(2)), Acquire(o, Some(3))])
            .collect();
        let vocabulary = FencedLocks::new(&params());
        agree(&vocabulary, run(&vocabulary, &steps, pool))?;
    }

    #[test]
    fn semaphores(steps in steps()) {
        let two = Params { init: Some(Value::Int(2)), ..params() };
        let vocabulary = Semaphores::new(&two);
        agree(&vocabulary, run(&vocabulary, &steps, || vec![-1, 1, -2, 2]))?;
    }

    #[test]
    fn multi_registers(steps in steps()) {
        let pool = || {
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
        };
        let vocabulary = MultiRegisters::new(&params());
        agree(&vocabulary, run(&vocabulary, &steps, pool))?;
    }

    #[test]
    fn key_values(steps in steps()) {
        let mut vocabulary = KeyValues::new(&params());
        let mut id = |text: &str| {
            let id = vocabulary.id(&Value::str(text));
            vocabulary.find(id)
        };
        let (a, b, aa, ab) = (id("a"), id("b"), id("aa"), id("ab"));
        id("");
        let pool = || {
            use KeyValueOp::{Append, Cas, Get, Put};
            vec![
                Append(a), Get(a), Get(aa), Append(b), Get(ab), Put(a), Cas { old: a, new: b },
                Get(b), Put(0), Get(0), Cas { old: ab, new: a },
            ]
        };
        agree(&vocabulary, run(&vocabulary, &steps, pool))?;
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
    #![proptest_config(cases(1500))]

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

/// `f` with what it is invoked with and what it returns, by process 0.
fn call(recording: &mut Recording, f: &'static str, arguments: Value, result: Value) {
    recording.invoke(0, f, arguments);
    recording.event(Process::Client(0), OpType::Ok, f, result);
}

#[test]
fn every_model_reads_its_functions_and_finds_a_planted_anomaly() {
    type Calls = Vec<(&'static str, Value, Value)>;
    let (nil, one, two) = (Value::Nil, Value::Int(1), Value::Int(2));
    let told = |e: i64, there| Value::List(vec![Value::Int(e), Value::Bool(there)]);
    let micro = |f, v: &Value| {
        let micro = vec![Value::keyword(f), Value::keyword("x"), v.clone()];
        Value::List(vec![Value::List(micro)])
    };
    let alike = |f, v: &Value| (f, v.clone(), v.clone());
    let answer = |f, v: &Value| (f, Value::Nil, v.clone());
    let cases: Vec<(&str, Calls, (&'static str, Value, Value))> = vec![
        (
            "queue",
            vec![alike("enqueue", &one), alike("enqueue", &two)],
            answer("dequeue", &two),
        ),
        (
            "unordered-queue",
            vec![alike("enqueue", &one)],
            answer("dequeue", &nil),
        ),
        (
            "stack",
            vec![alike("push", &one), alike("push", &two)],
            answer("pop", &one),
        ),
        (
            "priority-queue",
            vec![alike("insert", &two), alike("insert", &one)],
            answer("delete-min", &two),
        ),
        (
            "counter",
            vec![alike("add", &two), alike("decrement", &nil)],
            answer("read", &two),
        ),
        (
            "linearizable-set",
            vec![alike("add", &one), ("contains", one.clone(), told(1, true))],
            ("contains", one.clone(), told(1, false)),
        ),
        (
            "kv",
            vec![
                alike("put", &Value::str("a")),
                alike("append", &Value::str("b")),
            ],
            answer("get", &Value::str("ba")),
        ),
        (
            "multi-register",
            vec![("txn", micro("w", &one), micro("w", &one))],
            ("txn", micro("r", &nil), micro("r", &two)),
        ),
        (
            "log",
            vec![
                ("append", one.clone(), ints(&[1, 0])),
                ("get", Value::Int(0), ints(&[0, 1])),
            ],
            answer("read", &ints(&[2])),
        ),
        (
            "mutex",
            vec![alike("acquire", &nil)],
            alike("acquire", &nil),
        ),
        (
            "owner-mutex",
            vec![alike("acquire", &one), alike("release", &one)],
            alike("release", &one),
        ),
        (
            "fenced-lock",
            vec![answer("acquire", &two), alike("release", &nil)],
            answer("acquire", &two),
        ),
        (
            "semaphore",
            vec![alike("acquire", &nil)],
            alike("acquire", &nil),
        ),
    ];
    for (model, calls, anomaly) in cases {
        let mut recording = Recording::default();
        for (f, arguments, result) in calls {
            call(&mut recording, f, arguments, result);
        }
        let report = recording.check(model);
        assert_eq!(
            report.validity,
            Validity::Valid,
            "{model}: {:?}",
            report.findings
        );
        let (f, arguments, result) = anomaly;
        call(&mut recording, f, arguments, result);
        let report = recording.check(model);
        assert_eq!(report.validity, Validity::Invalid, "{model}");
        let summary = &report.findings[0].summary;
        assert!(
            summary.contains("cannot be explained"),
            "{model}: {summary}"
        );
    }
}
