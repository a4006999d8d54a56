//! Logs of messages as Kafka has them: sent to a key, given an offset, polled in order.
//!
//! After Jepsen's `kafka` workload. Values are unique for each key. The order of a key's messages
//! is that of their offsets, known from acknowledged sends and from polls; positions are counted
//! without the gaps that transactions leave between offsets.
//!
//! Wrong are: an offset with two values (`inconsistent-offsets`), a value at two (`duplicate`), an
//! acknowledged message that no poll shows though a later one was polled (`lost-write`), a poll of
//! what a failed send wrote (`G1a`) or what its own transaction has not committed yet
//! (`precommitted-read`), a consumer that goes back (`nonmonotonic-poll`) or leaves a message out
//! (`poll-skip`), within one operation too (`int-…`), a producer whose messages end up in another
//! order than it sent them (`nonmonotonic-send`), and transactions that each read what the other
//! sent (`G1c`). Messages of others between those of one operation (`int-send-skip`), and
//! acknowledged ones nobody has got to yet (`unseen`) are counted and allowed.

mod consumers;
mod cycles;
mod history;
mod order;

use std::collections::BTreeMap;

use crate::Op;
use crate::budget::{Budget, Exhausted};
use crate::checker::{Checker, NOTHING_TESTED, OpError, Params};
use crate::report::{Finding, Report, Validity};
use history::History;
use order::Orders;

pub const FUNCTIONS: &[&str] = &["send", "poll", "txn", "subscribe", "assign"];

/// Judges logs. `send`, `poll` and `txn` carry micro-operations: `[:send k v]`, in whose place an
/// acknowledged one has `[:send k [offset v]]`, and `[:poll]`, in whose place an ok one has
/// `[:poll {k [[offset v] …]}]`. `subscribe` and `assign` carry the keys a consumer wants.
#[derive(Default)]
pub struct Kafka {
    history: History,
}

impl Kafka {
    pub fn new(_params: &Params) -> Kafka {
        Kafka::default()
    }
}

/// What was found: all counted, the first few of each kept.
#[derive(Debug, Default)]
struct Found {
    counts: BTreeMap<&'static str, u64>,
    findings: Vec<Finding>,
}

/// Findings kept of one anomaly.
const KEPT_MAX: u64 = 8;

impl Found {
    fn add(&mut self, anomaly: &'static str, finding: impl FnOnce() -> Finding) {
        let count = self.counts.entry(anomaly).or_default();
        *count += 1;
        if *count <= KEPT_MAX {
            self.findings.push(finding());
        }
    }

    /// Counts what is allowed.
    fn count(&mut self, anomaly: &'static str, more: u64) {
        *self.counts.entry(anomaly).or_default() += more;
    }
}

impl Checker for Kafka {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        self.history.push(op)
    }

    fn finish(self: Box<Self>, budget: &Budget) -> Report {
        let mut report = Report::new("kafka", "logs without lost, repeated or reordered messages");
        let mut found = Found::default();
        let judged = judge(&self.history, &mut found, budget);
        report.figure("sends", self.history.sends());
        report.figure("polls", self.history.polls());
        for (anomaly, count) in &found.counts {
            report.figure(anomaly, *count);
        }
        report.findings = found.findings;
        report.findings.truncate(Report::FINDINGS_MAX);
        if !report.findings.is_empty() {
            report.validity = Validity::Invalid;
        }
        if let Err(exhausted) = judged {
            report.doubt(exhausted.to_string());
        } else if !self.history.any_ok() {
            report.doubt(NOTHING_TESTED);
        } else if self.history.polls() == 0 {
            report.doubt("no poll showed a message: nothing shows what became of them");
        }
        report
    }
}

fn judge(history: &History, found: &mut Found, budget: &Budget) -> Result<(), Exhausted> {
    let mut meter = budget.meter();
    let orders = Orders::new(history, &mut meter)?;
    orders.offsets(history, found);
    orders.lost(history, found, &mut meter)?;
    orders.dirty(history, found, &mut meter)?;
    consumers::judge(history, &orders, found, &mut meter)?;
    cycles::judge(history, &orders, found, &mut meter)
}

#[cfg(test)]
mod tests;
