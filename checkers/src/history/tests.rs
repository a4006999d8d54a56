//! Pairing against small histories, and against a search for the last open invocation.

use proptest::prelude::*;

use super::*;
use crate::value::Value;

fn op(index: u64, process: Process, kind: OpType, f: &'static str) -> Op {
    Op {
        index,
        time: Some(index as i64 * 10),
        kind,
        process,
        f: f.into(),
        value: Value::Nil,
        key: None,
        node: None,
        error: None,
    }
}

fn client(index: u64, process: i64, kind: OpType, f: &'static str) -> Op {
    op(index, Process::Client(process), kind, f)
}

#[test]
fn pairs_interleaved_calls_and_leaves_the_rest_open() {
    let mut pairing = Pairing::new();
    let invoke = OpType::Invoke;
    assert_eq!(
        pairing.push(&client(0, 7, invoke, "read")),
        Ok(Paired::Invoked(0))
    );
    assert_eq!(
        pairing.push(&client(1, 3, invoke, "write")),
        Ok(Paired::Invoked(1))
    );
    let nemesis = op(2, Process::NEMESIS, OpType::Info, "partition");
    assert_eq!(pairing.push(&nemesis), Ok(Paired::Event));
    let done = Paired::Completed {
        call: 0,
        kind: OpType::Ok,
    };
    assert_eq!(pairing.push(&client(3, 7, OpType::Ok, "read")), Ok(done));
    assert_eq!(
        pairing.push(&client(4, 7, invoke, "cas")),
        Ok(Paired::Invoked(2))
    );
    let open = [
        OpenCall {
            call: 1,
            index: 1,
            process: 3,
        },
        OpenCall {
            call: 2,
            index: 4,
            process: 7,
        },
    ];
    assert_eq!(pairing.open_calls(), open);
    assert_eq!(pairing.calls(), 3);
    assert_eq!(pairing.warnings(), &Warnings::default());
}

#[test]
fn names_each_contradiction() {
    let mut pairing = Pairing::new();
    let alone = pairing.push(&client(0, 1, OpType::Ok, "read")).unwrap_err();
    assert_eq!(
        alone.to_string(),
        "operation 0: process 1 completes `read` but has nothing open, expected its invocation \
         before; if the history holds completions only, pass --lenient"
    );
    pairing.push(&client(1, 1, OpType::Invoke, "read")).unwrap();
    let second = pairing
        .push(&client(2, 1, OpType::Invoke, "write"))
        .unwrap_err();
    assert_eq!(
        second.to_string(),
        "operation 2: process 1 invokes `write` while its operation 1 is open, expected that one \
         to complete first; is an operation missing between the two?"
    );
    let other = pairing
        .push(&client(3, 1, OpType::Ok, "write"))
        .unwrap_err();
    assert_eq!(
        other.to_string(),
        "operation 3: process 1 completes `write`, expected the `read` it invoked in operation 1; \
         are operations missing between the two?"
    );
    let done = Paired::Completed {
        call: 0,
        kind: OpType::Ok,
    };
    assert_eq!(pairing.push(&client(4, 1, OpType::Ok, "read")), Ok(done));
}

#[test]
fn lenient_pairing_takes_completions_alone() {
    let mut pairing = Pairing::lenient();
    let alone = Paired::Alone {
        call: 0,
        kind: OpType::Ok,
    };
    assert_eq!(pairing.push(&client(0, 1, OpType::Ok, "txn")), Ok(alone));
    assert_eq!(
        pairing.push(&client(1, 1, OpType::Invoke, "txn")),
        Ok(Paired::Invoked(1))
    );
}

#[test]
fn warns_of_reuse_and_of_order_and_keeps_only_the_first() {
    let mut pairing = Pairing::new();
    for call in 0..10 {
        pairing
            .push(&client(2 * call, 1, OpType::Invoke, "read"))
            .unwrap();
        pairing
            .push(&client(2 * call + 1, 1, OpType::Info, "read"))
            .unwrap();
    }
    let mut early = client(5, 2, OpType::Invoke, "read");
    early.time = Some(3);
    pairing.push(&early).unwrap();
    let warnings = pairing.warnings();
    assert_eq!(
        (warnings.processes_reused, warnings.times_backwards),
        (9, 1)
    );
    assert_eq!(warnings.indices_backwards, 1);
    let shown: Vec<String> = warnings.first.iter().map(ToString::to_string).collect();
    assert_eq!(shown.len() as u64, Warnings::KEPT_MAX + 2);
    assert_eq!(
        shown[0],
        "operation 2: process 1 is used again after its indefinite operation 1; that one is taken \
         to be open for ever"
    );
    assert_eq!(
        shown[4],
        "operation 5 comes after operation 19; order is the file's"
    );
    assert_eq!(
        shown[5],
        "operation 5: time goes back from 190 ns to 3 ns; order is the file's"
    );
}

fn any_kind() -> impl Strategy<Value = OpType> {
    proptest::sample::select(OpType::NAMES.map(|(kind, _)| kind).to_vec())
}

proptest! {
    /// Each push is judged again by looking back through the operations taken so far.
    #[test]
    fn agrees_with_a_search_backwards(
        steps in prop::collection::vec((0..3i64, any_kind(), 0..2usize), 0..60),
    ) {
        let mut pairing = Pairing::new();
        let mut taken: Vec<Op> = Vec::new();
        for (index, (process, kind, f)) in steps.into_iter().enumerate() {
            let next = client(index as u64, process, kind, ["read", "write"][f]);
            let last = taken.iter().rev().find(|op| op.process == next.process);
            let open = last.filter(|op| op.kind == OpType::Invoke);
            let invoked = taken.iter().filter(|op| op.kind == OpType::Invoke);
            let expected = match (open, kind) {
                (None, OpType::Invoke) => Some(Paired::Invoked(invoked.count())),
                (Some(open), kind) if kind.is_completion() && open.f == next.f => {
                    let call = invoked.take_while(|op| op.index != open.index).count();
                    Some(Paired::Completed { call, kind })
                }
                _ => None,
            };
            prop_assert_eq!(pairing.push(&next).ok(), expected);
            if expected.is_some() {
                taken.push(next);
            }
        }
    }
}
