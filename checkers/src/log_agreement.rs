//! Replicated logs that agree: of any two committed logs one is a prefix of the other (the log
//! matching and state machine safety properties of Raft, Ongaro & Ousterhout 2014, figure 3).
//!
//! Every entry is compared with the first one seen at its place. O(entries read).

use serde_json::json;

use crate::budget::Budget;
use crate::checker::{Checker, NOTHING_TESTED, OpError, Params};
use crate::intern::{Interner, ValueId};
use crate::lowering::Pending;
use crate::report::{Finding, Report, Validity};
use crate::story::{self, when};
use crate::{Op, OpType, Value};

pub const FUNCTIONS: &[&str] = &["read"];

/// Judges logs, one for each key. An ok `read` carries the committed entries of one replica from
/// the first on, or `{:from place :entries […]}` for a part.
#[derive(Default)]
pub struct LogAgreement {
    pending: Pending<()>,
    keys: Interner,
    entries: Interner,
    logs: Vec<Vec<Entry>>,
    reads: u64,
    compared: u64,
    errors: u64,
    findings: Vec<Finding>,
}

/// What was first seen at a place.
#[derive(Debug, Clone, Copy)]
struct Entry {
    id: ValueId,
    index: u64,
    time: Option<i64>,
}

/// Entries a log may have.
const ENTRIES_MAX: usize = 1 << 28;

/// No entry of this place was seen.
const UNSEEN: ValueId = ValueId::MAX;

impl LogAgreement {
    pub fn new(_params: &Params) -> LogAgreement {
        LogAgreement::default()
    }

    fn read(&mut self, op: &Op) -> Result<(), OpError> {
        let wrong = || {
            let problem = format!("a read of the log returned {}", op.value);
            OpError::new(
                op,
                problem,
                "a list of entries, or {:from place :entries […]}",
            )
        };
        let (from, entries) = match &op.value {
            Value::Nil => (0, &[][..]),
            Value::List(entries) => (0, entries.as_slice()),
            Value::Map(_) => {
                let from = op.value.get("from").and_then(Value::as_int);
                let entries = op.value.get("entries").and_then(Value::as_items);
                let from = from.and_then(|from| usize::try_from(from).ok());
                from.zip(entries).ok_or_else(wrong)?
            }
            _ => return Err(wrong()),
        };
        let end = from.saturating_add(entries.len());
        if end > ENTRIES_MAX {
            return Err(wrong());
        }
        let key = self.keys.intern(op.key.as_ref().unwrap_or(&Value::Nil)) as usize;
        if self.logs.len() <= key {
            self.logs.resize_with(key + 1, Vec::new);
        }
        let log = &mut self.logs[key];
        if log.len() < end && !entries.is_empty() {
            let unseen = Entry {
                id: UNSEEN,
                index: 0,
                time: None,
            };
            log.resize(end, unseen);
        }
        self.reads += 1;
        for (place, entry) in (from..).zip(entries) {
            let seen = Entry {
                id: self.entries.intern(entry),
                index: op.index,
                time: op.time,
            };
            let first = &mut log[place];
            if first.id == UNSEEN {
                *first = seen;
                continue;
            }
            self.compared += 1;
            if first.id != seen.id {
                let divergence = (*first, place);
                self.diverge(divergence, entry, op);
                break;
            }
        }
        Ok(())
    }

    fn diverge(&mut self, (first, place): (Entry, usize), entry: &Value, op: &Op) {
        self.errors += 1;
        if self.findings.len() == Report::FINDINGS_MAX {
            return;
        }
        let expected = self.entries.value(first.id);
        let node = op
            .node
            .as_deref()
            .map_or_else(String::new, |node| format!(" of {node}"));
        self.findings.push(Finding {
            anomaly: "diverging-log",
            summary: format!(
                "the log{node} read {} has {entry} at place {place}, where the one read {} has \
                 {expected}",
                when(op.index, op.time),
                when(first.index, first.time)
            ),
            ops: vec![first.index, op.index],
            time: op.time,
            details: json!({
                "place": place,
                "entries": [story::json(expected), story::json(entry)],
            }),
        });
    }
}

impl Checker for LogAgreement {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = self.pending.completion(op, FUNCTIONS)? else {
            return Ok(());
        };
        if op.kind == OpType::Ok {
            self.read(op)?;
        }
        self.pending.close(op, process);
        Ok(())
    }

    fn finish(self: Box<Self>, _budget: &Budget) -> Report {
        let mut report = Report::new("log-agreement", "logs that agree");
        report.figure("reads", self.reads);
        report.figure("entries_compared", self.compared);
        report.figure("diverging_reads", self.errors);
        report.findings = self.findings;
        if self.errors > 0 {
            report.validity = Validity::Invalid;
        } else if self.reads == 0 {
            report.doubt(NOTHING_TESTED);
        } else if self.compared == 0 {
            report.doubt("no place of a log was read twice: there is nothing to compare");
        }
        report
    }
}

#[cfg(test)]
mod tests;
