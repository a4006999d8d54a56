//! Locks that one process holds at a time.
//!
//! A process holds a lock for certain from the acknowledgement of its `acquire` to the invocation
//! of its `release`, or to the end of the history. Two certain holds of a key must not overlap. An
//! acquire of unknown outcome is no certain hold.
//!
//! A lock with a lease cannot keep that: a holder that was paused does not know that its lease ran
//! out. Such locks hand out *fencing tokens* (Kleppmann, *How to do distributed locking*, 2016),
//! which a resource checks. Where an acquire returns a token, holds may overlap, and each token
//! must be larger than every one handed out before its acquire was invoked.

use rustc_hash::FxHashMap;
use serde_json::json;

use crate::budget::Budget;
use crate::checker::{Checker, NOTHING_TESTED, OpError, Params};
use crate::intern::Interner;
use crate::lowering::Pending;
use crate::report::{Finding, Report, Validity};
use crate::story::{self, when};
use crate::{Op, OpType, Value};

pub const FUNCTIONS: &[&str] = &["acquire", "release"];

/// Judges locks, one for each key. An ok `acquire` may carry a fencing token, an integer.
#[derive(Default)]
pub struct LockSafety {
    pending: Pending<Option<Token>>,
    keys: Interner,
    locks: FxHashMap<u32, Lock>,
    succeeded: u64,
    acquired: u64,
    fenced: u64,
    errors: [u64; ANOMALIES.len()],
    findings: Vec<Finding>,
}

const ANOMALIES: [&str; 2] = ["two-holders", "token-not-larger"];

/// A lock as certain knowledge has it.
#[derive(Debug, Default)]
struct Lock {
    /// In the order in which they acquired it.
    holders: Vec<Hold>,
    largest: Option<Token>,
}

#[derive(Debug, Clone, Copy)]
struct Hold {
    process: i64,
    index: u64,
    time: Option<i64>,
}

/// A fencing token and who was handed it.
#[derive(Debug, Clone, Copy)]
struct Token {
    number: i64,
    by: Hold,
}

impl LockSafety {
    pub fn new(_params: &Params) -> LockSafety {
        LockSafety::default()
    }

    fn acquired(&mut self, op: &Op, process: i64, before: Option<Token>) -> Result<(), OpError> {
        let key = op.key.clone().unwrap_or_default();
        let number = match op.value {
            Value::Int(number) => Some(number),
            Value::Nil => None,
            _ => {
                let problem = format!("an acquire returned {}", op.value);
                return Err(OpError::new(op, problem, "a fencing token, or nil"));
            }
        };
        self.acquired += 1;
        let hold = Hold {
            process,
            index: op.index,
            time: op.time,
        };
        let lock = self.locks.entry(self.keys.intern(&key)).or_default();
        let Some(number) = number else {
            let other = lock
                .holders
                .iter()
                .find(|holder| holder.process != process)
                .copied();
            lock.holders.push(hold);
            if let Some(other) = other {
                let what = format!(
                    "process {process} acquired {} {}, while process {} held it since it acquired \
                     it {}",
                    named(&key),
                    when(hold.index, hold.time),
                    other.process,
                    when(other.index, other.time)
                );
                self.record(0, what, [other, hold], &key);
            }
            return Ok(());
        };
        self.fenced += 1;
        let token = Token { number, by: hold };
        if lock.largest.is_none_or(|largest| largest.number < number) {
            lock.largest = Some(token);
        }
        if let Some(before) = before.filter(|before| number <= before.number) {
            let what = format!(
                "process {process} was handed token {number} for {} {}, which is not larger than \
                 {}, handed out {}",
                named(&key),
                when(hold.index, hold.time),
                before.number,
                when(before.by.index, before.by.time)
            );
            self.record(1, what, [before.by, hold], &key);
        }
        Ok(())
    }

    fn record(&mut self, anomaly: usize, summary: String, holds: [Hold; 2], key: &Value) {
        self.errors[anomaly] += 1;
        if self.findings.len() < Report::FINDINGS_MAX {
            self.findings.push(Finding {
                anomaly: ANOMALIES[anomaly],
                summary,
                ops: holds.map(|hold| hold.index).to_vec(),
                time: holds[1].time,
                details: json!({
                    "key": story::json(key),
                    "processes": holds.map(|hold| hold.process),
                }),
            });
        }
    }
}

fn named(key: &Value) -> String {
    match key {
        Value::Nil => "the lock".to_owned(),
        key => format!("the lock {key}"),
    }
}

impl Checker for LockSafety {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = op.process.client() else {
            return Ok(());
        };
        if !FUNCTIONS.contains(&op.f.as_ref()) {
            return Err(OpError::unknown_function(op, FUNCTIONS));
        }
        let key = self.keys.intern(op.key.as_ref().unwrap_or(&Value::Nil));
        if op.kind == OpType::Invoke {
            let largest = self.locks.get(&key).and_then(|lock| lock.largest);
            self.pending.invoke(op, process, largest)?;
            // From here on it may have let go.
            if let (Some(lock), "release") = (self.locks.get_mut(&key), op.f.as_ref()) {
                lock.holders.retain(|holder| holder.process != process);
            }
            return Ok(());
        }
        let before = *self.pending.completed_by(op, process)?;
        if op.f == "acquire" && op.kind == OpType::Ok {
            self.acquired(op, process, before)?;
        }
        self.succeeded += u64::from(op.kind == OpType::Ok);
        self.pending.close(op, process);
        Ok(())
    }

    fn finish(self: Box<Self>, _budget: &Budget) -> Report {
        let mut report = Report::new("lock-safety", "locks held by one process at a time");
        report.figure("acquired", self.acquired);
        report.figure("fenced", self.fenced);
        for (name, count) in ANOMALIES.into_iter().zip(self.errors) {
            report.figure(name, count);
        }
        report.findings = self.findings;
        if !report.findings.is_empty() {
            report.validity = Validity::Invalid;
        } else if self.succeeded == 0 {
            report.doubt(NOTHING_TESTED);
        } else if self.acquired < 2 {
            report.doubt("no lock was acquired twice: nobody was kept out");
        }
        report
    }
}

#[cfg(test)]
mod tests;
