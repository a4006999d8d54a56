//! Values of transactions that failed are never seen.
//!
//! After Jepsen's `dirty-reads` tests. Each `write` sets all rows to one unique value in a
//! transaction; a `read` returns all rows. A value whose write certainly failed must not be in any
//! (Adya 1999, G1a). Rows that differ show a transaction half done, which read atomicity forbids
//! and read committed does not: they are counted, and told only beside a dirty read.

use rustc_hash::FxHashMap;
use serde_json::json;

use crate::budget::Budget;
use crate::checker::{Checker, NOTHING_TESTED, OpError, Params};
use crate::intern::{Interner, ValueId};
use crate::lowering::Pending;
use crate::report::{Finding, Report, Validity};
use crate::story::{self, when};
use crate::{Op, OpType, Value};

pub const FUNCTIONS: &[&str] = &["write", "read"];

/// Judges rows that are written together. An ok `read` carries the list of all rows.
#[derive(Default)]
pub struct DirtyReads {
    pending: Pending<()>,
    values: Interner,
    /// Values whose write failed, by the index of its end.
    failed: FxHashMap<ValueId, u64>,
    reads: Vec<Read>,
    writes: u64,
}

#[derive(Debug)]
struct Read {
    values: Vec<ValueId>,
    index: u64,
    time: Option<i64>,
}

impl DirtyReads {
    pub fn new(_params: &Params) -> DirtyReads {
        DirtyReads::default()
    }

    fn dirty(&self, read: &Read) -> Option<Finding> {
        let found = |value: &ValueId| Some((*value, *self.failed.get(value)?));
        let (value, written) = read.values.iter().find_map(found)?;
        let value = self.values.value(value);
        Some(Finding {
            anomaly: "dirty-read",
            summary: format!(
                "the read {} saw {value}, but its write had failed (op {written})",
                when(read.index, read.time)
            ),
            ops: vec![written, read.index],
            time: read.time,
            details: json!({ "value": story::json(value), "rows": read.values.len() }),
        })
    }
}

impl Checker for DirtyReads {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = self.pending.completion(op, FUNCTIONS)? else {
            return Ok(());
        };
        match (op.f.as_ref(), op.kind) {
            ("read", OpType::Ok) => {
                let rows = op.value.as_items().ok_or_else(|| {
                    let problem = format!("a read returned {}", op.value);
                    OpError::new(op, problem, "a list of all rows")
                })?;
                let mut values: Vec<ValueId> = rows
                    .iter()
                    .filter(|row| **row != Value::Nil)
                    .map(|row| self.values.intern(row))
                    .collect();
                values.sort_unstable();
                values.dedup();
                self.reads.push(Read {
                    values,
                    index: op.index,
                    time: op.time,
                });
            }
            ("write", OpType::Fail) => {
                let value = self.values.intern(&op.value);
                self.failed.insert(value, op.index);
            }
            ("write", OpType::Ok) => self.writes += 1,
            _ => {}
        }
        self.pending.close(op, process);
        Ok(())
    }

    fn finish(self: Box<Self>, _budget: &Budget) -> Report {
        let mut report = Report::new("dirty-reads", "reads of committed writes only");
        let dirty = self.reads.iter().filter_map(|read| self.dirty(read));
        let dirty: Vec<Finding> = dirty.collect();
        let torn = self.reads.iter().filter(|read| read.values.len() > 1);
        report.figure("reads", self.reads.len());
        report.figure("writes", self.writes);
        report.figure("failed_writes", self.failed.len());
        report.figure("dirty_reads", dirty.len());
        report.figure("inconsistent_reads", torn.count());
        report.findings = dirty;
        report.findings.truncate(Report::FINDINGS_MAX);
        if !report.findings.is_empty() {
            report.validity = Validity::Invalid;
        } else if self.writes == 0 && self.reads.is_empty() {
            report.doubt(NOTHING_TESTED);
        } else if self.reads.is_empty() {
            report.doubt("no read succeeded: nothing shows what was seen");
        } else if self.failed.is_empty() {
            report.doubt("no write failed: there was nothing dirty to read");
        }
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::{Recording, anomalies, ints};

    #[test]
    fn only_what_certainly_failed_is_dirty() {
        let mut recording = Recording::default();
        recording.call(0, "write", 1);
        recording.invoke(0, "write", 2);
        recording.info(0, "write", 2);
        recording.call(1, "read", ints(&[1, 2]));
        assert_eq!(recording.check("dirty-reads").validity, Validity::Unknown);
        recording.invoke(2, "write", 3);
        recording.call(1, "read", ints(&[1, 1]));
        recording.fail(2, "write", 3);
        let report = recording.check("dirty-reads");
        assert_eq!(report.validity, Validity::Valid);
        assert_eq!(report.figures["inconsistent_reads"], 1);
        // Also where it was seen before the writer gave up.
        recording.invoke(2, "write", 4);
        recording.call(1, "read", ints(&[4, 1]));
        recording.fail(2, "write", 4);
        let report = recording.check("dirty-reads");
        assert_eq!(anomalies(&report), ["dirty-read"]);
        assert_eq!(
            report.findings[0].summary,
            "the read at 0.012 s saw 4, but its write had failed (op 13)"
        );
    }

    #[test]
    fn unreadable_rows_are_errors() {
        let mut recording = Recording::default();
        recording.call(0, "read", 1);
        let error = recording.try_check("dirty-reads", &Params::default());
        assert!(error.is_err_and(|error| error.expected.contains("rows")));
        let empty = Recording::default().check("dirty-reads");
        assert_eq!(empty.unknown.as_deref(), Some(NOTHING_TESTED));
    }
}
