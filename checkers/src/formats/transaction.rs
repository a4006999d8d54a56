//! Formats that record transactions, not calls: what they share.
//!
//! Each transaction becomes two operations without times, the invocation and the completion, of
//! the process that is its session: `[[:r k nil] [:w k v]]`, then `[[:r k 7] [:w k v]]`, `ok` if it
//! committed and `fail` if it aborted. Such files know no real time.
//!
//! A key nobody wrote reads as the number the file says, often 0: whether that is a state before
//! all writes is for the checker to find out, since a file may as well hold a transaction that
//! writes it.

use std::borrow::Cow;
use std::mem;

use crate::op::{Op, OpType, Process};
use crate::value::Value;

use super::Step;
use super::error::{Fault, Parsed};
use super::fields::Context;
use super::scan::OP_VALUES_MAX;
use super::scratch::Scratch;

/// The values that a micro-operation makes: its list and three members.
const VALUES_A_MICRO_OP: usize = 4;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct MicroOp {
    pub writes: bool,
    pub key: i64,
    /// `None` where a read found nothing.
    pub value: Option<i64>,
}

/// The transaction being read, or about to complete.
#[derive(Default)]
pub(super) struct Transaction {
    session: i64,
    micro_ops: Vec<MicroOp>,
    /// Set between the invocation and the completion.
    completion: Option<OpType>,
    scratch: Scratch,
}

impl Transaction {
    /// Forgets the micro-operations of an earlier one, or of an earlier try.
    pub fn clear(&mut self) {
        self.micro_ops.clear();
    }

    pub fn is_empty(&self) -> bool {
        self.micro_ops.is_empty()
    }

    /// Adds what stands at `at`.
    pub fn push(&mut self, micro_op: MicroOp, at: usize) -> Parsed<()> {
        if self.micro_ops.len() >= OP_VALUES_MAX / VALUES_A_MICRO_OP {
            let found = format!("a transaction of more than {OP_VALUES_MAX} values");
            return Err(Fault::found(at, found, "fewer"));
        }
        self.micro_ops.push(micro_op);
        Ok(())
    }

    /// Hands out the invocation of the transaction, for which `used` bytes were read.
    pub fn invoke(&mut self, end: End, op: &mut Op, context: Context) -> Step {
        self.session = end.session;
        self.completion = Some(end.kind);
        self.fill(op, OpType::Invoke, context);
        Step::Op { used: end.used }
    }

    /// Hands out the completion of the transaction that was invoked last, once.
    pub fn complete(&mut self, op: &mut Op, context: Context) -> Option<Step> {
        let kind = self.completion.take()?;
        self.fill(op, kind, context);
        Some(Step::Op { used: 0 })
    }

    fn fill(&mut self, op: &mut Op, kind: OpType, context: Context) {
        self.scratch.recycle(mem::take(&mut op.value));
        let mut list = self.scratch.list();
        for micro_op in &self.micro_ops {
            let value = match micro_op.value {
                Some(value) if micro_op.writes || kind != OpType::Invoke => Value::Int(value),
                _ => Value::Nil,
            };
            let mut parts = self.scratch.list();
            let f = Value::keyword(if micro_op.writes { "w" } else { "r" });
            parts.extend([f, Value::Int(micro_op.key), value]);
            list.push(Value::List(parts));
        }
        *op = Op {
            index: context.position,
            kind,
            process: Process::Client(self.session),
            f: Cow::Borrowed("txn"),
            value: Value::List(list),
            ..Op::default()
        };
    }
}

/// How a transaction ended.
pub(super) struct End {
    pub session: i64,
    /// Committed, aborted, or nobody knows.
    pub kind: OpType,
    /// Bytes of text it took.
    pub used: usize,
}
