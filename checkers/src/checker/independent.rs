//! Independent keys in plain vectors: whether `[1 2]` is the value 2 of key 1, or a pair.
//!
//! Jepsen prints the tuples of its independent keys as plain vectors in some formats. Registers
//! tell the two apart soundly: the invocation of a read has no value to carry but its key, so
//! `[k nil]` is a tuple and nil is none; the arguments of a compare-and-set are a pair already, so
//! a tuple is `[k [old new]]`. A write tells nothing and waits for one of these.

use std::collections::VecDeque;

use super::{Checker, OpError};
use crate::budget::Budget;
use crate::report::Report;
use crate::{Op, OpType, Value};

/// Events kept until one tells; then values are taken as they stand.
const AHEAD_MAX: usize = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Undecided,
    Plain,
    Tuples,
}

/// Separates keys from values before a checker gets the operations.
pub(super) struct Independent {
    mode: Mode,
    ahead: VecDeque<Op>,
    checker: Box<dyn Checker>,
}

impl Independent {
    /// Puts this before `checker`, where keys may stand in values. `told`: what the caller says, if
    /// it does. `detect`: whether reads, writes and compare-and-sets are what the history holds.
    pub fn before(told: Option<bool>, detect: bool, checker: Box<dyn Checker>) -> Box<dyn Checker> {
        let mode = match told {
            Some(true) => Mode::Tuples,
            None if detect => Mode::Undecided,
            _ => return checker,
        };
        Box::new(Independent {
            mode,
            ahead: VecDeque::new(),
            checker,
        })
    }

    /// Hands over what is kept.
    fn flush(&mut self) -> Result<(), OpError> {
        if self.mode == Mode::Undecided {
            self.mode = Mode::Plain;
        }
        while let Some(kept) = self.ahead.pop_front() {
            self.hand_over(&kept)?;
        }
        Ok(())
    }

    fn hand_over(&mut self, op: &Op) -> Result<(), OpError> {
        let is_call = op.process.client().is_some() && op.key.is_none();
        if self.mode == Mode::Plain || !is_call {
            return self.checker.push(op);
        }
        match op.value.as_items() {
            Some([key, value]) => self.checker.push(&Op {
                key: Some(key.clone()),
                value: value.clone(),
                ..op.clone()
            }),
            _ if op.kind != OpType::Invoke && op.value.is_nil() => self.checker.push(op),
            _ => Err(OpError::new(
                op,
                format!("the value {} has no key", op.value),
                "a pair [key value], as the operations before it",
            )),
        }
    }
}

impl Checker for Independent {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        if self.mode == Mode::Undecided {
            self.mode = told_by(op);
            let is_call = op.process.client().is_some();
            let waits = is_call && (op.kind == OpType::Invoke || !self.ahead.is_empty());
            if self.mode == Mode::Undecided && !waits {
                return self.checker.push(op);
            }
            if self.mode == Mode::Undecided && self.ahead.len() < AHEAD_MAX {
                self.ahead.push_back(op.clone());
                return Ok(());
            }
        }
        self.flush()?;
        self.hand_over(op)
    }

    fn finish(mut self: Box<Self>, budget: &Budget) -> Report {
        let kept = self.flush();
        let mut report = self.checker.finish(budget);
        if let Err(error) = kept {
            report.doubt(error.to_string());
        }
        report
    }
}

fn told_by(op: &Op) -> Mode {
    if op.process.client().is_none() || op.kind != OpType::Invoke {
        return Mode::Undecided;
    }
    if op.key.is_some() {
        return Mode::Plain;
    }
    match (op.f.as_ref(), op.value.as_items()) {
        ("read", Some([_, Value::Nil])) => Mode::Tuples,
        ("cas", Some([_, arguments])) if arguments.as_items().is_some_and(|a| a.len() == 2) => {
            Mode::Tuples
        }
        ("write", Some([_, _])) => Mode::Undecided,
        _ => Mode::Plain,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::recording::Recording;

    type Keyed = (Option<Value>, Value);

    /// Keeps the key and value of what it is pushed.
    struct Seen(Arc<Mutex<Vec<Keyed>>>);

    impl Checker for Seen {
        fn push(&mut self, op: &Op) -> Result<(), OpError> {
            let mut seen = self.0.lock().expect("one thread");
            seen.push((op.key.clone(), op.value.clone()));
            Ok(())
        }

        fn finish(self: Box<Self>, _: &Budget) -> Report {
            Report::new("seen", "nothing")
        }
    }

    fn seen(told: Option<bool>, recording: &Recording) -> Vec<Keyed> {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut checker = Independent::before(told, true, Box::new(Seen(seen.clone())));
        for op in &recording.ops {
            checker.push(op).expect("an operation with a key");
        }
        checker.finish(&Budget::unlimited());
        let seen = seen.lock().expect("one thread");
        seen.clone()
    }

    fn pair(a: Value, b: Value) -> Value {
        Value::List(vec![a, b])
    }

    #[test]
    fn a_read_of_a_key_and_nil_tells_that_pairs_are_tuples() {
        let mut recording = Recording::default();
        recording.invoke(0, "write", pair(Value::Int(7), Value::Int(1)));
        recording.ok(0, "write", pair(Value::Int(7), Value::Int(1)));
        recording.invoke(1, "read", pair(Value::Int(7), Value::Nil));
        recording.ok(1, "read", pair(Value::Int(7), Value::Int(1)));
        let key = Some(Value::Int(7));
        let one = (key.clone(), Value::Int(1));
        let expected = [one.clone(), one.clone(), (key, Value::Nil), one];
        assert_eq!(seen(None, &recording), expected);
        let untold: Vec<_> = (recording.ops.iter())
            .map(|op| (None, op.value.clone()))
            .collect();
        assert_eq!(seen(Some(false), &recording), untold);
    }

    #[test]
    fn a_read_of_nil_tells_that_pairs_are_values() {
        let mut recording = Recording::default();
        recording.invoke(0, "write", pair(Value::Int(7), Value::Int(1)));
        recording.ok(0, "write", pair(Value::Int(7), Value::Int(1)));
        recording.invoke(1, "read", Value::Nil);
        recording.ok(1, "read", pair(Value::Int(7), Value::Int(1)));
        for (key, _) in seen(None, &recording) {
            assert_eq!(key, None);
        }
    }

    #[test]
    fn writes_alone_are_taken_as_they_stand() {
        let mut recording = Recording::default();
        for process in 0..3 {
            recording.invoke(process, "write", pair(Value::Int(7), Value::Int(process)));
        }
        assert_eq!(seen(None, &recording).len(), 3);
        assert!(seen(None, &recording).iter().all(|(key, _)| key.is_none()));
        assert!(
            seen(Some(true), &recording)
                .iter()
                .all(|(key, _)| key.is_some())
        );
    }

    #[test]
    fn a_value_without_a_key_among_tuples_is_an_error() {
        let mut recording = Recording::default();
        recording.invoke(0, "write", Value::Int(1));
        let seen = Box::new(Seen(Arc::default()));
        let mut checker = Independent::before(Some(true), true, seen);
        let error = checker.push(&recording.ops[0]).unwrap_err();
        assert!(error.to_string().contains("has no key"), "{error}");
    }
}
