//! Election safety: at most one leader a term (Ongaro & Ousterhout, *In search of an
//! understandable consensus algorithm*, USENIX ATC 2014, figure 3).

use std::collections::BTreeMap;

use serde_json::json;

use crate::budget::Budget;
use crate::checker::{Checker, NOTHING_TESTED, OpError, Params};
use crate::intern::Interner;
use crate::lowering::Pending;
use crate::report::{Finding, Report, Validity};
use crate::story::{self, when};
use crate::{Op, OpType, Value};

pub const FUNCTIONS: &[&str] = &["inspect"];

/// Judges elections, of one group for each key. An ok `inspect` carries who leads, as somebody sees
/// it: `[leader term]` or `{:leader n :term t}`; a leader of nil says nothing.
#[derive(Default)]
pub struct LeaderPerTerm {
    pending: Pending<()>,
    groups: Interner,
    leaders: BTreeMap<(u32, i64), Seen>,
    succeeded: u64,
    seen: u64,
    errors: u64,
    findings: Vec<Finding>,
}

/// Who was first seen to lead a term.
#[derive(Debug, Clone)]
struct Seen {
    leader: Value,
    index: u64,
    time: Option<i64>,
    is_contested: bool,
}

impl LeaderPerTerm {
    pub fn new(_params: &Params) -> LeaderPerTerm {
        LeaderPerTerm::default()
    }

    fn inspected(&mut self, op: &Op) -> Result<(), OpError> {
        let parts = match (op.value.as_items(), &op.value) {
            (Some([leader, term]), _) => Some((leader, term.as_int())),
            (_, Value::Map(_)) => {
                let term = op.value.get("term").and_then(Value::as_int);
                op.value.get("leader").map(|leader| (leader, term))
            }
            _ => None,
        };
        let (leader, term) = match parts {
            Some((Value::Nil, _)) => return Ok(()),
            Some((leader, Some(term))) => (leader, term),
            _ => {
                let problem = format!("an inspect returned {}", op.value);
                return Err(OpError::new(
                    op,
                    problem,
                    "[leader term], the term an integer",
                ));
            }
        };
        self.seen += 1;
        let group = self.groups.intern(op.key.as_ref().unwrap_or(&Value::Nil));
        let first = self.leaders.entry((group, term)).or_insert_with(|| Seen {
            leader: leader.clone(),
            index: op.index,
            time: op.time,
            is_contested: false,
        });
        if first.leader == *leader || first.is_contested {
            return Ok(());
        }
        first.is_contested = true;
        self.errors += 1;
        if self.findings.len() < Report::FINDINGS_MAX {
            self.findings.push(Finding {
                anomaly: "two-leaders",
                summary: format!(
                    "term {term} has two leaders: {} was seen to lead it {}, {leader} {}",
                    first.leader,
                    when(first.index, first.time),
                    when(op.index, op.time)
                ),
                ops: vec![first.index, op.index],
                time: op.time,
                details: json!({
                    "term": term,
                    "leaders": [story::json(&first.leader), story::json(leader)],
                }),
            });
        }
        Ok(())
    }
}

impl Checker for LeaderPerTerm {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = self.pending.completion(op, FUNCTIONS)? else {
            return Ok(());
        };
        if op.kind == OpType::Ok {
            self.inspected(op)?;
            self.succeeded += 1;
        }
        self.pending.close(op, process);
        Ok(())
    }

    fn finish(self: Box<Self>, _budget: &Budget) -> Report {
        let mut report = Report::new("leader-per-term", "at most one leader a term");
        report.figure("terms", self.leaders.len());
        report.figure("sightings", self.seen);
        report.figure("contested", self.errors);
        report.findings = self.findings;
        if self.errors > 0 {
            report.validity = Validity::Invalid;
        } else if self.succeeded == 0 {
            report.doubt(NOTHING_TESTED);
        } else if self.seen == 0 {
            report.doubt("no leader was ever seen");
        }
        report
    }
}

#[cfg(test)]
mod tests;
