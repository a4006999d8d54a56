//! Writing Plume's text, for PolySI, Plume, AWDIT and dbcop to read.
//!
//! Only committed and aborted transactions of integers have words in it. A single read or write of
//! a keyed register is a transaction of one. A read of nil, the state before all writes, is
//! written as 0, which is refused where 0 is also written: readers could not tell the two apart.
//! Invocations, and operations of processes that are not clients, are left out.

use std::io::Write as _;

use crate::formats::{OpWriter, Unwritable};
use crate::op::{Op, OpType};
use crate::value::Value;

use super::ABORTED;

#[derive(Default)]
pub(super) struct Lines {
    /// The transactions written so far.
    transactions: i64,
    nil_was_read: bool,
    zero_was_written: bool,
}

const INDEFINITE: &str = "a transaction that may or may not have happened";
const FOREIGN: &str = "no transaction of reads and writes of integers";
const AMBIGUOUS: &str = "both a read of nil and a write of 0, which plume's readers take for one";

impl OpWriter for Lines {
    fn write(&mut self, op: &Op, out: &mut Vec<u8>) -> Result<(), Unwritable> {
        let unwritable = |what| Unwritable {
            format: super::PLUME.name,
            index: op.index,
            what,
        };
        let Some(session) = op.process.client() else {
            return Ok(());
        };
        let transaction = match op.kind {
            OpType::Invoke => return Ok(()),
            OpType::Info => return Err(unwritable(INDEFINITE)),
            OpType::Ok => self.transactions,
            OpType::Fail => ABORTED,
        };
        self.transactions += i64::from(op.kind == OpType::Ok);
        for micro_op in micro_ops(op).ok_or_else(|| unwritable(FOREIGN))? {
            let (writes, key, value) = micro_op.ok_or_else(|| unwritable(FOREIGN))?;
            if op.kind == OpType::Fail && !writes {
                continue;
            }
            self.nil_was_read |= value.is_none();
            self.zero_was_written |= writes && value == Some(0);
            if self.nil_was_read && self.zero_was_written {
                return Err(unwritable(AMBIGUOUS));
            }
            let f = if writes { 'w' } else { 'r' };
            let value = value.unwrap_or(0);
            writeln!(out, "{f}({key},{value},{session},{transaction})")
                .expect("a Vec takes every write");
        }
        Ok(())
    }
}

/// Whether it writes, its key, and its value unless that is a nil read.
type Parts = (bool, i64, Option<i64>);

/// The micro-operations of a transaction, each `None` if it is not one that plume knows.
fn micro_ops(op: &Op) -> Option<Vec<Option<Parts>>> {
    if let Some(key) = &op.key {
        return Some(vec![parts(&op.f, key, &op.value)]);
    }
    let items = op.value.as_items()?.iter();
    let micro_op = |item: &Value| match item.as_items()? {
        [f, key, value] => parts(f.as_name()?, key, value),
        _ => None,
    };
    Some(items.map(micro_op).collect())
}

fn parts(f: &str, key: &Value, value: &Value) -> Option<Parts> {
    let writes = match f {
        "r" | "read" => false,
        "w" | "write" => true,
        _ => return None,
    };
    let value = match value {
        Value::Nil if !writes => None,
        value => Some(value.as_int()?),
    };
    Some((writes, key.as_int()?, value))
}
