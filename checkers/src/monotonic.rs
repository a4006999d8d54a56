//! A register that only grows, read by processes that never see it shrink.
//!
//! After Jepsen's `monotonic` tests. Each process's reads of a key must not decrease: a read that
//! returns less than one before it by the same process went to a replica further behind. Reads by
//! different processes are not compared. O(n), and nothing need be known of the writes.

use rustc_hash::FxHashMap;
use serde_json::json;

use crate::budget::Budget;
use crate::checker::{Checker, NOTHING_TESTED, OpError, Params};
use crate::intern::Interner;
use crate::lowering::Pending;
use crate::report::{Finding, Report, Validity};
use crate::story::{self, when};
use crate::{Op, OpType, Value};

pub const FUNCTIONS: &[&str] = &["inc", "read"];

/// Judges growing registers, one for each key. An ok `read` carries an integer, or nil before the
/// first `inc`.
#[derive(Default)]
pub struct Monotonic {
    pending: Pending<()>,
    keys: Interner,
    /// The largest read of each process and key.
    largest: FxHashMap<(i64, u32), Read>,
    succeeded: u64,
    reads: u64,
    /// Reads that some read before could have contradicted.
    compared: u64,
    errors: u64,
    findings: Vec<Finding>,
}

#[derive(Debug, Clone, Copy)]
struct Read {
    value: i64,
    index: u64,
    time: Option<i64>,
}

impl Monotonic {
    pub fn new(_params: &Params) -> Monotonic {
        Monotonic::default()
    }

    fn read(&mut self, op: &Op, process: i64, value: i64) {
        let key = op.key.clone().unwrap_or_default();
        let read = Read {
            value,
            index: op.index,
            time: op.time,
        };
        self.reads += 1;
        let Some(before) = self.largest.get_mut(&(process, self.keys.intern(&key))) else {
            self.largest.insert((process, self.keys.intern(&key)), read);
            return;
        };
        self.compared += 1;
        if value >= before.value {
            *before = read;
            return;
        }
        self.errors += 1;
        if self.findings.len() < Report::FINDINGS_MAX {
            let of = match &key {
                Value::Nil => String::new(),
                key => format!(" of key {key}"),
            };
            self.findings.push(Finding {
                anomaly: "non-monotonic-read",
                summary: format!(
                    "process {process} read {value}{of} {}, after it had read {} {}",
                    when(read.index, read.time),
                    before.value,
                    when(before.index, before.time)
                ),
                ops: vec![before.index, read.index],
                time: read.time,
                details: json!({
                    "key": story::json(&key),
                    "before": before.value,
                    "value": value,
                }),
            });
        }
    }
}

impl Checker for Monotonic {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = self.pending.completion(op, FUNCTIONS)? else {
            return Ok(());
        };
        if op.f == "read" && op.kind == OpType::Ok {
            match op.value {
                // Nothing is less than every number.
                Value::Nil => self.read(op, process, i64::MIN),
                Value::Int(value) => self.read(op, process, value),
                _ => {
                    let problem = format!("a read returned {}", op.value);
                    return Err(OpError::new(op, problem, "an integer or nil"));
                }
            }
        }
        self.succeeded += u64::from(op.kind == OpType::Ok);
        self.pending.close(op, process);
        Ok(())
    }

    fn finish(self: Box<Self>, _budget: &Budget) -> Report {
        let mut report = Report::new("monotonic", "reads that never go back");
        report.figure("reads", self.reads);
        report.figure("errors", self.errors);
        report.findings = self.findings;
        if self.errors > 0 {
            report.validity = Validity::Invalid;
        } else if self.succeeded == 0 {
            report.doubt(NOTHING_TESTED);
        } else if self.compared == 0 {
            report.doubt("no process read the same key twice: there is nothing to compare");
        }
        report
    }
}

#[cfg(test)]
mod tests;
