//! A counter whose reads stay within bounds.
//!
//! After Jepsen's `counter` checker. When a read returns, the counter is at least the sum of what
//! was acknowledged before the read began, and at most the sum of what was attempted before it
//! ended; decrements count the other way round. Adds that certainly failed count for nothing.
//! O(n), and weaker than linearizability: each read is judged alone.

use serde_json::{Value as Json, json};

use crate::budget::Budget;
use crate::checker::{Checker, NOTHING_TESTED, OpError, Params};
use crate::lowering::Pending;
use crate::report::{Finding, Report, Validity};
use crate::story::when;
use crate::{Op, OpType};

pub const FUNCTIONS: &[&str] = &["add", "read"];

/// Judges a counter. `add` carries the number added, which may be negative, an ok `read` the value.
#[derive(Default)]
pub struct CounterBounds {
    pending: Pending<u32>,
    events: Vec<Event>,
    calls: Vec<Call>,
}

/// An invocation or completion of a call, in the order of the history.
#[derive(Debug, Clone, Copy)]
struct Event {
    call: u32,
    is_completion: bool,
}

#[derive(Debug, Clone, Copy)]
struct Call {
    kind: OpType,
    /// What an add adds; what an ok read returned.
    value: i64,
    is_read: bool,
    index: u64,
    time: Option<i64>,
    /// What had been acknowledged when a read began.
    acknowledged: Sums,
}

/// Sums of increments and of decrements.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    up: i128,
    down: i128,
}

impl Sums {
    fn add(&mut self, value: i64) {
        let sum = if value > 0 {
            &mut self.up
        } else {
            &mut self.down
        };
        *sum += i128::from(value);
    }
}

impl CounterBounds {
    pub fn new(_params: &Params) -> CounterBounds {
        CounterBounds::default()
    }

    fn value(op: &Op) -> Result<i64, OpError> {
        op.value.as_int().ok_or_else(|| {
            let problem = format!("`{}` of the counter carries {}", op.f, op.value);
            OpError::new(op, problem, "an integer")
        })
    }
}

impl Checker for CounterBounds {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = op.process.client() else {
            return Ok(());
        };
        let is_read = match op.f.as_ref() {
            "read" => true,
            "add" => false,
            _ => return Err(OpError::unknown_function(op, FUNCTIONS)),
        };
        if op.kind == OpType::Invoke {
            let value = if is_read { 0 } else { Self::value(op)? };
            let call = self.calls.len() as u32;
            self.pending.invoke(op, process, call)?;
            self.calls.push(Call {
                kind: OpType::Info,
                value,
                is_read,
                index: op.index,
                time: op.time,
                acknowledged: Sums::default(),
            });
            self.events.push(Event {
                call,
                is_completion: false,
            });
            return Ok(());
        }
        let call = *self.pending.completed_by(op, process)?;
        let row = &mut self.calls[call as usize];
        if is_read && op.kind == OpType::Ok {
            row.value = Self::value(op)?;
        }
        row.kind = op.kind;
        (row.index, row.time) = (op.index, op.time);
        self.events.push(Event {
            call,
            is_completion: true,
        });
        self.pending.close(op, process);
        Ok(())
    }

    fn finish(mut self: Box<Self>, _budget: &Budget) -> Report {
        let mut report = Report::new("counter-bounds", "a counter that adds up");
        let (mut acknowledged, mut attempted) = (Sums::default(), Sums::default());
        let (mut reads, mut errors) = (0u64, 0u64);
        let mut worst: Option<(i128, Finding)> = None;
        for event in &self.events {
            let call = &mut self.calls[event.call as usize];
            if call.kind == OpType::Fail {
                continue;
            }
            let is_ok = call.kind == OpType::Ok;
            match (call.is_read, event.is_completion) {
                (true, false) => call.acknowledged = acknowledged,
                (true, true) if is_ok => {
                    reads += 1;
                    let lower = call.acknowledged.up + attempted.down;
                    let upper = attempted.up + call.acknowledged.down;
                    let value = i128::from(call.value);
                    let off = (lower - value).max(value - upper);
                    if off <= 0 {
                        continue;
                    }
                    errors += 1;
                    if worst.as_ref().is_none_or(|(most, _)| off > *most) {
                        worst = Some((off, out_of_bounds(call, lower, upper)));
                    }
                }
                (false, false) => attempted.add(call.value),
                (false, true) if is_ok => acknowledged.add(call.value),
                _ => {}
            }
        }
        report.figure("reads", reads);
        report.figure("errors", errors);
        if let Some((_, mut finding)) = worst {
            finding.summary += &format!("; {errors} of {reads} reads are out of bounds");
            report.findings.push(finding);
            report.validity = Validity::Invalid;
        }
        if !self.calls.iter().any(|call| call.kind == OpType::Ok) {
            report.doubt(NOTHING_TESTED);
        } else if reads == 0 {
            report.doubt("no read of the counter succeeded: nothing shows its value");
        }
        report
    }
}

fn out_of_bounds(call: &Call, lower: i128, upper: i128) -> Finding {
    let number = |n: i128| i64::try_from(n).map_or_else(|_| Json::from(n.to_string()), Json::from);
    Finding {
        anomaly: "out-of-bounds",
        summary: format!(
            "the read {} returned {}, though the counter was at least {lower} and at most {upper}",
            when(call.index, call.time),
            call.value
        ),
        ops: vec![call.index],
        time: call.time,
        details: json!({
            "lower": number(lower),
            "value": call.value,
            "upper": number(upper),
        }),
    }
}

#[cfg(test)]
mod tests;
