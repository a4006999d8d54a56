//! Counters: `add n`, `increment`, `decrement` (by 1, or by their value) and `read`.

use crate::Op;
use crate::checker::{OpError, Params};
use crate::linearizable::model::Model;
use crate::linearizable::models::{number, number_or};
use crate::linearizable::vocabulary::Vocabulary;

/// An operation on a counter, with its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CounterOp {
    Add(i64),
    Read(i64),
}

/// One counter.
#[derive(Debug, Clone, Copy)]
pub struct Counter {
    pub init: i64,
}

impl Model for Counter {
    type State = i64;
    type Op = CounterOp;

    fn init(&self) -> i64 {
        self.init
    }

    fn step(&self, state: &i64, op: &CounterOp) -> Option<i64> {
        match op {
            CounterOp::Add(n) => state.checked_add(*n),
            CounterOp::Read(n) => (state == n).then_some(*state),
        }
    }

    fn reads_only(&self, op: &CounterOp) -> bool {
        matches!(op, CounterOp::Read(_) | CounterOp::Add(0))
    }
}

/// How histories write counters.
pub(crate) struct Counters {
    init: i64,
}

impl Counters {
    /// A counter begins at [`Params::init`], or 0.
    pub fn new(params: &Params) -> Counters {
        let init = params.init.as_ref().and_then(crate::Value::as_int);
        Counters {
            init: init.unwrap_or(0),
        }
    }
}

impl Vocabulary for Counters {
    type Op = CounterOp;
    type Model = Counter;

    fn functions(&self) -> &'static [&'static str] {
        &["add", "increment", "decrement", "read"]
    }

    fn object(&self) -> &'static str {
        "counter"
    }

    fn model(&self) -> Counter {
        Counter { init: self.init }
    }

    fn invoked(&mut self, op: &Op) -> Result<CounterOp, OpError> {
        match op.f.as_ref() {
            "read" => Ok(CounterOp::Read(0)),
            "add" => number(op).map(CounterOp::Add),
            "increment" => number_or(op, 1).map(CounterOp::Add),
            _ => number_or(op, 1).map(|n| CounterOp::Add(n.saturating_neg())),
        }
    }

    fn answered(&mut self, call: &CounterOp, op: &Op) -> Result<Option<CounterOp>, OpError> {
        match call {
            CounterOp::Read(_) => number(op).map(|n| Some(CounterOp::Read(n))),
            add => Ok(Some(*add)),
        }
    }

    fn unanswered(&self, call: &CounterOp) -> Option<CounterOp> {
        matches!(call, CounterOp::Add(_)).then_some(*call)
    }

    fn tell(&self, op: &CounterOp) -> String {
        match op {
            CounterOp::Add(n) => format!("add of {n}"),
            CounterOp::Read(n) => format!("read of {n}"),
        }
    }

    fn tell_state(&self, _model: &Counter, state: &i64) -> String {
        state.to_string()
    }
}
