//! Anomalies planted in valid histories are found, of every model.

use proptest::strategy::ValueTree;

use super::*;
use crate::recording::{Recording, ints, planted_seeds};
use crate::report::Validity;
use crate::synthetic::{Container, ContainerLoad};
use crate::{OpType, Process};

/// Events of each; elements put are distinct in so many.
const EVENTS: usize = 40;
/// Steps of a search; where a direct method answers, it may take more than that.
const STEPS_MAX: u64 = 5000;

/// Draws valid histories, and appends operations one after another that cannot all have happened.
fn plant<V: Vocabulary>(
    vocabulary: &V,
    mut pool: impl FnMut() -> Vec<V::Op>,
    anomalies: &[&[V::Op]],
) {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let events = proptest::collection::vec(step(1.0), EVENTS);
    for _ in 0..planted_seeds(40) {
        let mut steps = events.new_tree(&mut runner).expect("a draw").current();
        // What is indefinite could explain an anomaly.
        steps.iter_mut().for_each(|step| step.outcome = u8::MAX);
        let valid = run(vocabulary, &steps, &mut pool);
        assert_eq!(decide(vocabulary, &valid), Some(true), "{valid:?}");
        for anomaly in anomalies {
            let mut broken = valid.clone();
            for op in *anomaly {
                let start = 2 * (EVENTS + broken.len()) as u32;
                broken.push(Interval {
                    op: op.clone(),
                    start,
                    finish: start + 1,
                });
            }
            assert_eq!(decide(vocabulary, &broken), Some(false), "{broken:?}");
        }
    }
}

/// The answer of the direct method, if there is one, and of the search: they must agree.
fn decide<V: Vocabulary>(vocabulary: &V, ops: &[Interval<V::Op>]) -> Option<bool> {
    let budget = Budget {
        steps: STEPS_MAX,
        ..Budget::unlimited()
    };
    let model = vocabulary.model();
    let searched = Search::new(&model, ops).run(&mut budget.meter());
    let searched = searched.map(|decision| decision == Decision::Linearizable);
    let direct = vocabulary.decide(ops, false, &mut budget.meter()).ok()?;
    match direct.map(|direct| direct.outcome.is_ok()) {
        Some(found) if searched.is_ok_and(|searched| searched != found) => None,
        found => found.or(searched.ok()),
    }
}

fn plant_in<D: Discipline>(wrong_order: &[ContainerOp]) {
    use ContainerOp::{Empty, Put, Take};
    let anomalies: [&[ContainerOp]; 4] = [
        &[Take(999)],
        &[Put(100), Empty],
        &[Put(100), Take(100), Take(100)],
        wrong_order,
    ];
    plant(&Containers::<D>::new(&params()), distinct(), &anomalies);
}

#[test]
fn anomalies_in_containers_are_found() {
    use ContainerOp::{Put, Take};
    plant_in::<Queue>(&[Put(100), Put(101), Take(101)]);
    plant_in::<Stack>(&[Put(100), Put(101), Take(100)]);
    plant_in::<PriorityQueue>(&[Put(100), Put(101), Take(101)]);
    plant_in::<UnorderedQueue>(&[Take(100), Put(100)]);
}

#[test]
fn anomalies_in_other_objects_are_found() {
    let params = params();
    let read = |n| CounterOp::Read(n);
    let counters: [&[CounterOp]; 2] = [&[read(1_000_000)], &[CounterOp::Add(1), read(-1_000)]];
    plant(&Counters::new(&params), counter_ops, &counters);
    let contains = |there| SetOp::Contains(7, there);
    let sets: [&[SetOp]; 3] = [
        &[contains(true)],
        &[SetOp::Add(7), contains(false)],
        &[SetOp::Add(7), SetOp::Remove(7), contains(true)],
    ];
    plant(&Sets::new(&params), || set_ops(false), &sets);
    plant(&Sets::new(&params), || set_ops(true), &sets);
    let logs: [&[LogOp]; 2] = [
        &[LogOp::Get(0, 9)],
        &[LogOp::Append(3, None), LogOp::Read([].into())],
    ];
    plant(&Logs::new(&params), log_ops, &logs);
    let read = |register, value| -> Box<[Micro]> { [Micro::Read { register, value }].into() };
    let torn: Box<[Micro]> = [1, 2]
        .map(|register| Micro::Write { register, value: 1 })
        .into();
    let registers: [&[Box<[Micro]>]; 2] = [&[read(1, 9)], &[torn, read(1, 1), read(2, 2)]];
    plant(
        &MultiRegisters::new(&params),
        multi_register_ops,
        &registers,
    );
    let (vocabulary, ops) = key_values_and_ops();
    let gets: [&[KeyValueOp]; 1] = [&[KeyValueOp::Put(0), ops[1]]];
    plant(&vocabulary, || ops.clone(), &gets);
}

#[test]
fn anomalies_in_locks_are_found() {
    let params = params();
    let twice: [&[MutexOp]; 2] = [
        &[MutexOp::Acquire(0), MutexOp::Acquire(1)],
        &[MutexOp::Release(0), MutexOp::Release(0)],
    ];
    plant(&Mutexes::shared(&params), || mutex_ops(2), &twice);
    plant(&Mutexes::owned(&params), || mutex_ops(2), &twice);
    let acquire = |token| FencedLockOp::Acquire(0, Some(token));
    let fenced: [&[FencedLockOp]; 2] = [
        &[acquire(50_000), acquire(60_000)],
        &[acquire(50_000), FencedLockOp::Release(0), acquire(40_000)],
    ];
    let mut token = 0;
    let growing = || {
        token += 1;
        let of_owner = |o| {
            [
                FencedLockOp::Acquire(o, Some(token)),
                FencedLockOp::Release(o),
            ]
        };
        (0..2).flat_map(of_owner).collect()
    };
    plant(&FencedLocks::new(&params), growing, &fenced);
    let permits: [&[i64]; 2] = [&[-2, -1], &[2, 2]];
    plant(&Semaphores::new(&two_permits()), semaphore_ops, &permits);
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

/// Appends a call that nothing overlaps.
fn append(recording: &mut Recording, f: &'static str, argument: Value, result: Value) {
    let process = Process::Client(1 << 20);
    recording.event(process.clone(), OpType::Invoke, f, argument);
    recording.event(process, OpType::Ok, f, result);
}

#[test]
fn generated_containers_are_valid_and_planted_anomalies_are_found() {
    let containers = [
        (Container::Queue, "enqueue", "dequeue"),
        (Container::Stack, "push", "pop"),
        (Container::PriorityQueue, "insert", "delete-min"),
    ];
    let element = |e: i64| Value::Int(e << 41);
    let seeds = 0..planted_seeds(4);
    for (seed, (container, put, take)) in seeds.flat_map(|seed| containers.map(|c| (seed, c))) {
        let load = ContainerLoad {
            container,
            processes: 10,
            calls: 1000,
            indefinite_puts_permille: 10,
            seed,
        };
        let recording = Recording {
            ops: load.history(),
        };
        let report = recording.check(container.model());
        assert_eq!(report.validity, Validity::Valid, "{:?}", report.findings);
        let taken = recording
            .ops
            .iter()
            .find(|op| op.kind == OpType::Ok && op.f == take && !op.value.is_nil());
        let again = taken.expect("an element was taken").value.clone();
        let plants = [
            vec![(take, Value::Nil, again)],
            vec![(take, Value::Nil, element(9))],
            vec![
                (put, element(1), element(1)),
                (take, Value::Nil, Value::Nil),
            ],
            match container {
                Container::Stack => vec![
                    (put, element(1), element(1)),
                    (put, element(2), element(2)),
                    (take, Value::Nil, element(1)),
                ],
                _ => vec![
                    (put, element(1), element(1)),
                    (put, element(2), element(2)),
                    (take, Value::Nil, element(2)),
                ],
            },
        ];
        for plant in plants {
            let mut broken = recording.clone();
            for (f, argument, result) in plant {
                append(&mut broken, f, argument, result);
            }
            let report = broken.check(container.model());
            assert_eq!(report.validity, Validity::Invalid, "{container:?} {seed}");
            assert!(report.findings[0].details["minimal_is_least"] == true);
        }
    }
}
