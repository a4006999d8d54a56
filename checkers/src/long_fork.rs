//! Long fork: two reads that saw two writes in opposite orders.
//!
//! After Jepsen's `long-fork` test. Each key is written once, and a read looks at a group of keys
//! in one transaction. Under snapshot isolation or any total order of writes, of two reads of a
//! group one saw all that the other saw. Parallel snapshot isolation (Sovran et al.,
//! *Transactional storage for geo-replicated systems*, SOSP 2011) allows forks.
//!
//! Sets are a chain under inclusion iff, sorted by size, each includes the one before: O(n log n).

use std::collections::BTreeMap;

use serde_json::json;

use crate::budget::Budget;
use crate::checker::{Checker, NOTHING_TESTED, OpError, Params};
use crate::intern::{Interner, ValueId};
use crate::lowering::Pending;
use crate::report::{Finding, Report, Validity};
use crate::story::{self, when};
use crate::{Op, OpType, Value};

pub const FUNCTIONS: &[&str] = &["read", "write", "txn"];

const MICRO_OPS: &str = "one [w key value], or a group of [r key value]";

/// Judges groups of registers that are written once. A transaction is `[[w key value]]` or
/// `[[r key value] …]`; reads of the same keys make a group.
#[derive(Default)]
pub struct LongFork {
    pending: Pending<()>,
    keys: Interner,
    values: Interner,
    /// The value that was written or read of each key, and whether it was seen to be another.
    written: BTreeMap<ValueId, ValueId>,
    rewritten: Option<ValueId>,
    groups: BTreeMap<Vec<ValueId>, Vec<Seen>>,
    succeeded: u64,
}

/// What a read saw of its group.
#[derive(Debug, Clone)]
struct Seen {
    index: u64,
    time: Option<i64>,
    /// Keys that were written, ascending.
    keys: Vec<ValueId>,
}

impl LongFork {
    pub fn new(_params: &Params) -> LongFork {
        LongFork::default()
    }

    fn access<'a>(op: &Op, micro_op: &'a Value) -> Result<(bool, &'a Value, &'a Value), OpError> {
        let wrong = || OpError::new(op, format!("a transaction holds {micro_op}"), MICRO_OPS);
        let Some([f, key, value]) = micro_op.as_items() else {
            return Err(wrong());
        };
        match f.as_name() {
            Some("r") => Ok((false, key, value)),
            Some("w") => Ok((true, key, value)),
            _ => Err(wrong()),
        }
    }

    fn note(&mut self, key: ValueId, value: &Value) {
        let value = self.values.intern(value);
        if *self.written.entry(key).or_insert(value) != value {
            self.rewritten.get_or_insert(key);
        }
    }

    fn complete(&mut self, op: &Op, accesses: &[(bool, &Value, &Value)]) {
        let mut group = Vec::new();
        let mut keys = Vec::new();
        for (_, key, value) in accesses.iter().filter(|(is_write, ..)| !is_write) {
            let key = self.keys.intern(key);
            group.push(key);
            if !value.is_nil() {
                keys.push(key);
                self.note(key, value);
            }
        }
        if group.is_empty() {
            return;
        }
        for list in [&mut group, &mut keys] {
            list.sort_unstable();
            list.dedup();
        }
        self.groups.entry(group).or_default().push(Seen {
            index: op.index,
            time: op.time,
            keys,
        });
    }

    fn fork(&self, one: &Seen, other: &Seen) -> Finding {
        let only = |a: &Seen, b: &Seen| {
            let mut keys = a.keys.iter().filter(|key| !b.keys.contains(key));
            keys.next()
                .map(|key| self.keys.value(*key).clone())
                .unwrap_or_default()
        };
        let (of_one, of_other) = (only(one, other), only(other, one));
        Finding {
            anomaly: "long-fork",
            summary: format!(
                "the read {} saw the write of key {of_one} but not that of key {of_other}, the \
                 read {} saw the second but not the first: no order of the writes fits both",
                when(one.index, one.time),
                when(other.index, other.time),
            ),
            ops: vec![one.index, other.index],
            time: other.time,
            details: json!({ "keys": [story::json(&of_one), story::json(&of_other)] }),
        }
    }
}

impl Checker for LongFork {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = op.process.client() else {
            return Ok(());
        };
        if !FUNCTIONS.contains(&op.f.as_ref()) {
            return Err(OpError::unknown_function(op, FUNCTIONS));
        }
        let items = op.value.as_items().unwrap_or_default();
        let accesses: Result<Vec<_>, OpError> =
            items.iter().map(|item| Self::access(op, item)).collect();
        let accesses = accesses?;
        if op.kind == OpType::Invoke {
            self.pending.invoke(op, process, ())?;
            for (_, key, value) in accesses.iter().filter(|(is_write, ..)| *is_write) {
                let key = self.keys.intern(key);
                self.note(key, value);
            }
            return Ok(());
        }
        self.pending.completed_by(op, process)?;
        if op.kind == OpType::Ok {
            self.complete(op, &accesses);
            self.succeeded += 1;
        }
        self.pending.close(op, process);
        Ok(())
    }

    fn finish(mut self: Box<Self>, _budget: &Budget) -> Report {
        let mut report = Report::new("long-fork", "reads that agree on the order of writes");
        let (mut reads, mut early, mut late, mut forks) = (0u64, 0u64, 0u64, 0u64);
        let mut groups = std::mem::take(&mut self.groups);
        for (group, seen) in &mut groups {
            seen.sort_by_key(|read| (read.keys.len(), read.index));
            reads += seen.len() as u64;
            early += seen.iter().filter(|read| read.keys.is_empty()).count() as u64;
            late += seen
                .iter()
                .filter(|read| read.keys.len() == group.len())
                .count() as u64;
            for pair in seen.windows(2) {
                let is_included = |key| pair[1].keys.binary_search(key).is_ok();
                if !pair[0].keys.iter().all(is_included) {
                    forks += 1;
                    if report.findings.len() < Report::FINDINGS_MAX {
                        let (first, second) = (&pair[0], &pair[1]);
                        report.findings.push(self.fork(first, second));
                    }
                }
            }
        }
        report.figure("reads", reads);
        report.figure("early_reads", early);
        report.figure("late_reads", late);
        report.figure("forks", forks);
        if let Some(key) = self.rewritten {
            report.findings.clear();
            report.doubt(format!(
                "key {} had several values: each key must be written once",
                self.keys.value(key)
            ));
        } else if forks > 0 {
            report.validity = Validity::Invalid;
        } else if self.succeeded == 0 {
            report.doubt(NOTHING_TESTED);
        } else if reads == 0 {
            report.doubt("no read of a group succeeded: nothing shows the order of writes");
        }
        report
    }
}

#[cfg(test)]
mod tests;
