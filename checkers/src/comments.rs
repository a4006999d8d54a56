//! Inserts that are seen in the order of real time: strict serializability of comments.
//!
//! After Jepsen's `comments` and `causal-reverse` tests. Rows are inserted one by one, each by a
//! transaction, often into tables of different nodes, and a read returns all there are. If an
//! insert was acknowledged before another began, no read may see the second without the first.
//! Serializability alone allows it. That a read lacks what was acknowledged before it began is not
//! looked at here: see the model `set`.
//!
//! For a read, what was acknowledged before the last begun insert it shows must all be there: O(n
//! log n) for n elements of reads.

use serde_json::json;

use crate::budget::{Budget, Exhausted};
use crate::checker::{Checker, NOTHING_TESTED, OpError, Params};
use crate::intern::{Interner, ValueId};
use crate::lowering::Pending;
use crate::report::{Finding, Report, Validity};
use crate::story::{self, when};
use crate::{Op, OpType, Value};

pub const FUNCTIONS: &[&str] = &["write", "insert", "read"];

/// Missing rows named in one finding.
const MISSING_NAMED_MAX: usize = 6;

const NEVER: u32 = u32::MAX;

/// An insert. Positions are among all events.
#[derive(Debug, Clone, Copy)]
struct Insert {
    begin: u32,
    /// [`NEVER`] where it was not acknowledged.
    end: u32,
    index: u64,
    time: Option<i64>,
}

/// Judges rows, of one table for each key. `write` or `insert` carries the row, an ok `read` all
/// rows.
#[derive(Default)]
pub struct Comments {
    pending: Pending<(u64, u32)>,
    tables: Interner,
    rows: Interner,
    /// By table and row: its insert.
    inserts: rustc_hash::FxHashMap<(ValueId, ValueId), Insert>,
    reads: Vec<Read>,
    events: u32,
    repeated: Option<ValueId>,
    succeeded: u64,
}

#[derive(Debug)]
struct Read {
    table: ValueId,
    rows: Vec<ValueId>,
    index: u64,
    time: Option<i64>,
}

impl Comments {
    pub fn new(_params: &Params) -> Comments {
        Comments::default()
    }

    fn begin(&mut self, op: &Op, process: i64) -> Result<(), OpError> {
        self.pending.invoke(op, process, (op.index, self.events))?;
        if op.f != "read" {
            let id = self.row(op);
            let insert = Insert {
                begin: self.events,
                end: NEVER,
                index: op.index,
                time: op.time,
            };
            if self.inserts.insert(id, insert).is_some() {
                self.repeated.get_or_insert(id.1);
            }
        }
        Ok(())
    }

    fn row(&mut self, op: &Op) -> (ValueId, ValueId) {
        let table = op.key.as_ref().unwrap_or(&Value::Nil);
        (self.tables.intern(table), self.rows.intern(&op.value))
    }

    fn end(&mut self, op: &Op) -> Result<(), OpError> {
        if op.kind == OpType::Fail && op.f != "read" {
            let id = self.row(op);
            self.inserts.remove(&id);
        }
        if op.kind != OpType::Ok {
            return Ok(());
        }
        if op.f != "read" {
            let id = self.row(op);
            if let Some(insert) = self.inserts.get_mut(&id) {
                insert.end = self.events;
                (insert.index, insert.time) = (op.index, op.time);
            }
        } else {
            let rows = op.value.as_items().ok_or_else(|| {
                let problem = format!("a read returned {}", op.value);
                OpError::new(op, problem, "a list of all rows")
            })?;
            let mut rows: Vec<ValueId> = rows.iter().map(|row| self.rows.intern(row)).collect();
            rows.sort_unstable();
            rows.dedup();
            let table = self.tables.intern(op.key.as_ref().unwrap_or(&Value::Nil));
            self.reads.push(Read {
                table,
                rows,
                index: op.index,
                time: op.time,
            });
        }
        self.succeeded += 1;
        Ok(())
    }

    /// The reads that see an insert without one that was acknowledged before it began.
    fn errors(&self, budget: &Budget) -> Result<(u64, Vec<Finding>), Exhausted> {
        let mut meter = budget.meter();
        let mut acknowledged: Vec<(ValueId, u32, ValueId)> = self
            .inserts
            .iter()
            .filter(|(_, insert)| insert.end != NEVER)
            .map(|((table, row), insert)| (*table, insert.end, *row))
            .collect();
        acknowledged.sort_unstable();
        let (mut errors, mut findings) = (0, Vec::new());
        for read in &self.reads {
            let seen = read.rows.iter();
            let seen = seen.filter_map(|row| Some((*row, self.inserts.get(&(read.table, *row))?)));
            let seen: Vec<(ValueId, &Insert)> = seen.collect();
            let Some((last, newest)) = seen.iter().max_by_key(|(_, insert)| insert.begin) else {
                continue;
            };
            meter.step(0)?;
            let begin = acknowledged.partition_point(|entry| entry.0 < read.table);
            let before =
                |entry: &&(ValueId, u32, ValueId)| entry.0 == read.table && entry.1 < newest.begin;
            let due = acknowledged[begin..].iter().take_while(before);
            let there = seen.iter().filter(|(_, insert)| insert.end < newest.begin);
            if due.clone().count() == there.count() {
                continue;
            }
            errors += 1;
            if findings.len() < Report::FINDINGS_MAX {
                let missing = due.map(|(_, _, row)| *row);
                let missing = missing.filter(|row| read.rows.binary_search(row).is_err());
                findings.push(self.error(read, *last, &missing.collect::<Vec<ValueId>>()));
            }
        }
        Ok((errors, findings))
    }

    fn error(&self, read: &Read, last: ValueId, missing: &[ValueId]) -> Finding {
        let of = |row: ValueId| &self.inserts[&(read.table, row)];
        let first = of(missing[0]);
        let named = missing.iter().take(MISSING_NAMED_MAX);
        let named: Vec<String> = named.map(|row| self.rows.value(*row).to_string()).collect();
        Finding {
            anomaly: "out-of-order",
            summary: format!(
                "the read {} saw {} but not {}, which had been acknowledged {} before the insert \
                 of the other began",
                when(read.index, read.time),
                self.rows.value(last),
                named.join(", "),
                when(first.index, first.time),
            ),
            ops: vec![first.index, of(last).index, read.index],
            time: read.time,
            details: json!({
                "table": story::json(self.tables.value(read.table)),
                "seen": story::json(self.rows.value(last)),
                "missing": named,
                "count": missing.len(),
            }),
        }
    }
}

impl Checker for Comments {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = op.process.client() else {
            return Ok(());
        };
        if !FUNCTIONS.contains(&op.f.as_ref()) {
            return Err(OpError::unknown_function(op, FUNCTIONS));
        }
        if op.kind == OpType::Invoke {
            self.begin(op, process)?;
        } else {
            self.pending.completed_by(op, process)?;
            self.end(op)?;
            self.pending.close(op, process);
        }
        self.events += 1;
        Ok(())
    }

    fn finish(self: Box<Self>, budget: &Budget) -> Report {
        let mut report = Report::new("comments", "inserts seen in the order of real time");
        report.figure("inserts", self.inserts.len());
        report.figure("reads", self.reads.len());
        match self.errors(budget) {
            Ok((errors, findings)) => {
                report.figure("errors", errors);
                report.findings = findings;
            }
            Err(exhausted) => report.doubt(exhausted.to_string()),
        }
        if let Some(row) = self.repeated {
            report.findings.clear();
            report.doubt(format!(
                "{} was inserted more than once: who sees it tells nothing; insert unique rows",
                self.rows.value(row)
            ));
        } else if !report.findings.is_empty() {
            report.validity = Validity::Invalid;
        } else if self.succeeded == 0 {
            report.doubt(NOTHING_TESTED);
        } else if self.reads.iter().all(|read| read.rows.is_empty()) {
            report.doubt("no read saw a row: nothing shows their order");
        }
        report
    }
}

#[cfg(test)]
mod tests;
