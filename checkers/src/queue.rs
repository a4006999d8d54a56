//! A queue judged as a whole: what goes in comes out.
//!
//! After Jepsen's `total-queue` checker: order is not looked at. Every acknowledged enqueue must be
//! dequeued by the end, and nothing may be dequeued that nobody tried to enqueue. Elements that
//! come out more often than they went in are counted, and allowed: at-least-once queues do that.
//!
//! A dequeue whose outcome is unknown may have taken an element. Where there are as many of those
//! as lost elements, the answer is `unknown`.

use serde_json::json;

use crate::budget::Budget;
use crate::checker::{Checker, NOTHING_TESTED, OpError, Params};
use crate::intern::Interner;
use crate::lowering::Pending;
use crate::report::{Finding, Report, Validity};
use crate::story::{self, when};
use crate::{Op, OpType, Value};

pub const FUNCTIONS: &[&str] = &["enqueue", "dequeue", "drain"];

/// Elements listed in one finding.
const ELEMENTS_LISTED_MAX: usize = 20;

/// Judges a queue. `enqueue` carries the element, an ok `dequeue` the element taken or nil, an ok
/// `drain` all elements taken.
#[derive(Default)]
pub struct TotalQueue {
    elements: Interner,
    counts: Vec<Counts>,
    pending: Pending<bool>,
    succeeded: u64,
    /// Dequeues that may have taken an element unseen, and drains that may have taken any number.
    unseen_dequeues: u64,
    unseen_drains: u64,
}

/// What happened to an element.
#[derive(Debug, Clone, Copy, Default)]
struct Counts {
    attempts: u64,
    acknowledged: u64,
    dequeued: u64,
    /// The event that shows it: its last acknowledgement or dequeue.
    index: u64,
    time: Option<i64>,
}

impl TotalQueue {
    pub fn new(_params: &Params) -> TotalQueue {
        TotalQueue::default()
    }

    fn count(&mut self, element: &Value) -> &mut Counts {
        let id = self.elements.intern(element) as usize;
        if self.counts.len() <= id {
            self.counts.resize(id + 1, Counts::default());
        }
        &mut self.counts[id]
    }

    fn complete(&mut self, op: &Op, process: i64) -> Result<(), OpError> {
        self.pending.completed_by(op, process)?;
        let taken: &[Value] = match (op.f.as_ref(), op.kind) {
            ("drain", OpType::Ok) => op.value.as_items().ok_or_else(|| {
                let problem = format!("a drain returned {}", op.value);
                OpError::new(op, problem, "a list of elements")
            })?,
            ("dequeue", OpType::Ok) if !op.value.is_nil() => std::slice::from_ref(&op.value),
            ("dequeue", OpType::Info) => {
                self.unseen_dequeues += 1;
                &[]
            }
            ("drain", OpType::Info) => {
                self.unseen_drains += 1;
                &[]
            }
            _ => &[],
        };
        for element in taken {
            let counts = self.count(element);
            counts.dequeued += 1;
            (counts.index, counts.time) = (op.index, op.time);
        }
        if op.f == "enqueue" && op.kind == OpType::Ok {
            let counts = self.count(&op.value);
            counts.acknowledged += 1;
            if counts.dequeued == 0 {
                (counts.index, counts.time) = (op.index, op.time);
            }
        }
        self.succeeded += u64::from(op.kind == OpType::Ok);
        self.pending.close(op, process);
        Ok(())
    }

    /// A finding about the elements of which `count` says there are some.
    fn finding(
        &self,
        anomaly: &'static str,
        how: &str,
        count: impl Fn(&Counts) -> u64,
    ) -> (u64, Option<Finding>) {
        let wrong = self.counts.iter().zip(0u32..);
        let mut wrong: Vec<(&Counts, u32)> = wrong.filter(|(c, _)| count(c) > 0).collect();
        wrong.sort_by_key(|(counts, id)| (counts.index, *id));
        let total = wrong.iter().map(|(counts, _)| count(counts)).sum();
        let finding = wrong.first().map(|(first, id)| {
            let element = self.elements.value(*id);
            let mut summary = format!("element {element} {how} {}", when(first.index, first.time));
            if wrong.len() > 1 {
                summary += &format!("; {} elements are {anomaly} in all", wrong.len());
            }
            let listed = wrong.iter().take(ELEMENTS_LISTED_MAX);
            let listed = listed.map(|(_, id)| story::json(self.elements.value(*id)));
            let listed: Vec<serde_json::Value> = listed.collect();
            Finding {
                anomaly,
                summary,
                ops: vec![first.index],
                time: first.time,
                details: json!({ "elements": listed, "count": total }),
            }
        });
        (total, finding)
    }
}

impl Checker for TotalQueue {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = op.process.client() else {
            return Ok(());
        };
        if !FUNCTIONS.contains(&op.f.as_ref()) {
            return Err(OpError::unknown_function(op, FUNCTIONS));
        }
        if op.kind != OpType::Invoke {
            return self.complete(op, process);
        }
        self.pending.invoke(op, process, op.f == "drain")?;
        if op.f == "enqueue" {
            self.count(&op.value).attempts += 1;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, _budget: &Budget) -> Report {
        let mut report = Report::new("total-queue", "a queue that loses and invents nothing");
        let sum = |count: fn(&Counts) -> u64| self.counts.iter().map(count).sum::<u64>();
        report.figure("attempts", sum(|c| c.attempts));
        report.figure("acknowledged", sum(|c| c.acknowledged));
        report.figure("ok", sum(|c| c.attempts.min(c.dequeued)));
        let recovered = |c: &Counts| c.attempts.min(c.dequeued).saturating_sub(c.acknowledged);
        report.figure("recovered", sum(recovered));
        let (lost, loss) = self.finding(
            "lost",
            "never came out; its enqueue was acknowledged",
            |c| c.acknowledged.saturating_sub(c.dequeued),
        );
        let (unexpected, invention) = self.finding(
            "unexpected",
            "came out, which nobody tried to enqueue,",
            |c| {
                if c.attempts == 0 { c.dequeued } else { 0 }
            },
        );
        let (duplicated, repetition) = self.finding(
            "duplicated",
            "came out more often than it went in, last",
            |c| {
                if c.attempts == 0 {
                    0
                } else {
                    c.dequeued.saturating_sub(c.attempts)
                }
            },
        );
        report.figure("lost", lost);
        report.figure("unexpected", unexpected);
        report.figure("duplicated", duplicated);
        let open: Vec<bool> = std::mem::take(&mut self.pending).into_open().collect();
        let drains = self.unseen_drains + open.iter().filter(|is_drain| **is_drain).count() as u64;
        let unseen = self.unseen_dequeues + open.len() as u64;
        let may_be_taken = drains > 0 || lost <= unseen;
        report.findings = [loss, invention, repetition]
            .into_iter()
            .flatten()
            .collect();
        if unexpected > 0 || (lost > 0 && !may_be_taken) {
            report.validity = Validity::Invalid;
        } else if self.succeeded == 0 {
            report.doubt(NOTHING_TESTED);
        } else if lost > 0 {
            report.doubt(format!(
                "{lost} elements are missing, but dequeues of unknown outcome may have taken them"
            ));
        }
        report
    }
}

#[cfg(test)]
mod tests;
