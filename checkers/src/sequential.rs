//! Keys written one after another are seen in that order.
//!
//! After Jepsen's `sequential` test. A client writes subkeys 0, 1, … of a key, each in a
//! transaction of its own; a reader reads them backwards, the last written first. Once it has seen
//! one, all it reads afterwards were written before: none may be missing. Sequential consistency
//! forbids it, serializability alone does not.

use serde_json::json;

use crate::budget::Budget;
use crate::checker::{Checker, NOTHING_TESTED, OpError, Params};
use crate::lowering::Pending;
use crate::report::{Finding, Report, Validity};
use crate::story::{self, when};
use crate::{Op, OpType, Value};

pub const FUNCTIONS: &[&str] = &["read", "write"];

/// Judges sequences of subkeys. `write` carries the key; an ok `read` carries `[key subkeys]`, or
/// the subkeys alone where the history is keyed: what each held, the last written first, nil where
/// it was not there.
#[derive(Default)]
pub struct SequentialKeys {
    pending: Pending<()>,
    succeeded: u64,
    all: u64,
    none: u64,
    some: u64,
    bad: u64,
    findings: Vec<Finding>,
}

impl SequentialKeys {
    pub fn new(_params: &Params) -> SequentialKeys {
        SequentialKeys::default()
    }

    fn read(&mut self, op: &Op) -> Result<(), OpError> {
        let wrong = || {
            let problem = format!("a read returned {}", op.value);
            OpError::new(op, problem, "[key subkeys], the last written first")
        };
        let (key, subkeys) = match (&op.key, op.value.as_items()) {
            (Some(key), Some(subkeys)) => (key, subkeys),
            (None, Some([key, subkeys])) => (key, subkeys.as_items().ok_or_else(wrong)?),
            _ => return Err(wrong()),
        };
        let missing = subkeys.iter().filter(|subkey| subkey.is_nil()).count();
        let first = subkeys.iter().position(|subkey| !subkey.is_nil());
        let gap = first.and_then(|first| {
            let gap = subkeys[first..].iter().position(Value::is_nil);
            gap.map(|gap| (first, first + gap))
        });
        if let Some((seen, gap)) = gap {
            self.bad += 1;
            if self.findings.len() < Report::FINDINGS_MAX {
                self.findings.push(Finding {
                    anomaly: "out-of-order",
                    summary: format!(
                        "the read of key {key} {} saw {} but then not the subkey {} places before \
                         it, which was written earlier",
                        when(op.index, op.time),
                        subkeys[seen],
                        gap - seen
                    ),
                    ops: vec![op.index],
                    time: op.time,
                    details: json!({ "key": story::json(key), "seen": seen, "missing": gap }),
                });
            }
        } else if missing == 0 {
            self.all += 1;
        } else if missing == subkeys.len() {
            self.none += 1;
        } else {
            self.some += 1;
        }
        Ok(())
    }
}

impl Checker for SequentialKeys {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = self.pending.completion(op, FUNCTIONS)? else {
            return Ok(());
        };
        if op.f == "read" && op.kind == OpType::Ok {
            self.read(op)?;
        }
        self.succeeded += u64::from(op.kind == OpType::Ok);
        self.pending.close(op, process);
        Ok(())
    }

    fn finish(self: Box<Self>, _budget: &Budget) -> Report {
        let mut report = Report::new("sequential-keys", "writes seen in their order");
        report.figure("all", self.all);
        report.figure("some", self.some);
        report.figure("none", self.none);
        report.figure("bad", self.bad);
        report.findings = self.findings;
        if self.bad > 0 {
            report.validity = Validity::Invalid;
        } else if self.succeeded == 0 {
            report.doubt(NOTHING_TESTED);
        } else if self.all + self.some == 0 {
            report.doubt("no read saw a subkey: nothing shows their order");
        }
        report
    }
}

#[cfg(test)]
mod tests;
