//! A model other than the register, and what the prunings must not lose.

use super::*;
use crate::budget::Budget;
use crate::linearizable::model::NEVER;

/// A counter that is incremented and read.
struct Counter;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum CounterOp {
    Add(i64),
    Read(i64),
}

impl Model for Counter {
    type State = i64;
    type Op = CounterOp;

    fn init(&self) -> i64 {
        0
    }

    fn step(&self, state: &i64, op: &CounterOp) -> Option<i64> {
        match op {
            CounterOp::Add(n) => Some(state + n),
            CounterOp::Read(n) => (state == n).then_some(*state),
        }
    }

    fn reads_only(&self, op: &CounterOp) -> bool {
        matches!(op, CounterOp::Read(_))
    }

    fn overwrites(&self, _op: &CounterOp) -> bool {
        false
    }
}

fn op(op: CounterOp, start: u32, finish: u32) -> Interval<CounterOp> {
    Interval { op, start, finish }
}

fn decide(ops: &[Interval<CounterOp>]) -> Decision<Furthest<i64>> {
    Search::new(&Counter, ops)
        .run(&mut Budget::unlimited().meter())
        .expect("no limit")
}

#[test]
fn equal_indefinite_operations_add_up() {
    use CounterOp::{Add, Read};
    let adds = [
        op(Add(1), 1, NEVER),
        op(Add(1), 2, NEVER),
        op(Add(1), 3, NEVER),
    ];
    let with = |read| [&adds[..], &[op(Read(read), 4, 5)]].concat();
    for read in 0..=3 {
        assert_eq!(decide(&with(read)), Decision::Linearizable, "{read}");
    }
    let Decision::Impossible(furthest) = decide(&with(4)) else {
        panic!("no order of three increments reads 4");
    };
    assert_eq!(furthest.stuck, 3);
    assert_eq!(furthest.states[0], 0);
}

#[test]
fn an_indefinite_operation_never_precedes_its_invocation() {
    use CounterOp::{Add, Read};
    let ops = [op(Read(1), 1, 2), op(Add(1), 3, NEVER)];
    assert!(matches!(decide(&ops), Decision::Impossible(_)));
}

#[test]
fn the_budget_holds_inside_the_search() {
    let ops: Vec<_> = (0..200)
        .map(|i| op(CounterOp::Add(1 << (i % 40)), i, 1000 + i))
        .collect();
    let last = op(CounterOp::Read(-1), 2000, 2001);
    let ops = [&ops[..], &[last]].concat();
    let budget = Budget {
        bytes: 1 << 20,
        ..Budget::unlimited()
    };
    let mut search = Search::new(&Counter, &ops);
    let exhausted = search.run(&mut budget.meter());
    assert_eq!(exhausted, Err(Exhausted::Bytes(1 << 20)));
    assert_eq!(search.furthest().prefix.len(), 200);
}
