//! Independent keys in plain vectors: whether `[1 2]` is the value 2 of key 1, or a pair.
//!
//! Jepsen prints the tuples of its independent keys as plain vectors in some formats. Registers
//! tell the two apart soundly: the invocation of a read has no value to carry but its key, so
//! `[k nil]` is a tuple and nil is none; the arguments of a compare-and-set are a pair already, so
//! a tuple is `[k [old new]]`. A write tells nothing and waits for one of these.

use std::collections::VecDeque;

use crate::checker::OpError;
use crate::{Op, OpType, Value};

/// Events kept until one tells; then values are taken as they stand.
const AHEAD_MAX: usize = 1000;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Undecided,
    Plain,
    Tuples,
}

/// Finds keys in values.
#[derive(Debug)]
pub(crate) struct Keys {
    mode: Mode,
    ahead: VecDeque<Op>,
}

impl Keys {
    /// `told`: what the caller says, if it does. `detect`: whether reads, writes and
    /// compare-and-sets are what the history holds.
    pub fn new(told: Option<bool>, detect: bool) -> Keys {
        let mode = match told {
            Some(true) => Mode::Tuples,
            Some(false) => Mode::Plain,
            None if detect => Mode::Undecided,
            None => Mode::Plain,
        };
        Keys {
            mode,
            ahead: VecDeque::new(),
        }
    }

    /// Whether values are taken as they stand.
    #[inline]
    pub fn are_plain(&self) -> bool {
        self.mode == Mode::Plain
    }

    /// Takes an event; hands it and those kept before it to `take`, if it can be told by now.
    pub fn push(
        &mut self,
        op: &Op,
        mut take: impl FnMut(&Op) -> Result<(), OpError>,
    ) -> Result<(), OpError> {
        if self.mode == Mode::Undecided {
            self.mode = told_by(op);
            let is_call = op.process.client().is_some();
            let waits = is_call && (op.kind == OpType::Invoke || !self.ahead.is_empty());
            if self.mode == Mode::Undecided && !waits {
                return take(op);
            }
            if self.mode == Mode::Undecided && self.ahead.len() < AHEAD_MAX {
                self.ahead.push_back(op.clone());
                return Ok(());
            }
        }
        self.flush(&mut take)?;
        self.hand_over(op, &mut take)
    }

    /// Hands over what is kept.
    pub fn flush(
        &mut self,
        take: &mut impl FnMut(&Op) -> Result<(), OpError>,
    ) -> Result<(), OpError> {
        if self.mode == Mode::Undecided {
            self.mode = Mode::Plain;
        }
        while let Some(kept) = self.ahead.pop_front() {
            self.hand_over(&kept, take)?;
        }
        Ok(())
    }

    fn hand_over(
        &self,
        op: &Op,
        take: &mut impl FnMut(&Op) -> Result<(), OpError>,
    ) -> Result<(), OpError> {
        let is_call = op.process.client().is_some() && op.key.is_none();
        if self.mode == Mode::Plain || !is_call {
            return take(op);
        }
        match op.value.as_items() {
            Some([key, value]) => take(&Op {
                key: Some(key.clone()),
                value: value.clone(),
                ..op.clone()
            }),
            _ if op.kind != OpType::Invoke && op.value.is_nil() => take(op),
            _ => Err(OpError::new(
                op,
                format!("the value {} has no key", op.value),
                "a pair [key value], as the operations before it",
            )),
        }
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
