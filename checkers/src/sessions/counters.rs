//! Session guarantees of counters, as far as sums tell.
//!
//! A read of a counter shows a sum, not whose adds are in it, so each read is judged by the least
//! and the most it may be: what a guarantee says it must hold, and any of the other adds attempted
//! before it ended. Read your writes, monotonic reads and PRAM are decided where all adds go one
//! way and otherwise as far as the bounds go; the other guarantees are about which adds are held,
//! and a sum that breaks no bound leaves them `unknown`.

use rustc_hash::FxHashMap;
use serde_json::json;

use super::{Guarantee, anomaly};
use crate::budget::{Budget, Exhausted, Meter};
use crate::checker::{self, NOTHING_TESTED, OpError, Params};
use crate::intern::Interner;
use crate::lowering::Pending;
use crate::report::{Finding, Report, Validity};
use crate::story::{self, when};
use crate::{Op, OpType, Value};

const FUNCTIONS: &[&str] = &["add", "increment", "decrement", "read"];

const UNDECIDED: &str = "a sum does not show whose adds it holds: no read breaks a bound, which \
                         does not prove the guarantee";

/// A completed call, or an add that may have happened.
#[derive(Debug, Clone, Copy)]
struct Call {
    process: i64,
    key: u32,
    /// Position of the invocation among all events, and of the completion.
    begin: u64,
    end: u64,
    index: u64,
    time: Option<i64>,
    kind: OpType,
    /// What was added, or read.
    value: i64,
    is_read: bool,
}

/// Judges counters by one guarantee.
pub(crate) struct Counters {
    guarantee: Guarantee,
    init: i64,
    keys: Interner,
    pending: Pending<Call>,
    events: u64,
    calls: Vec<Call>,
}

impl Counters {
    pub fn new(guarantee: Guarantee, params: &Params) -> Counters {
        Counters {
            guarantee,
            init: params.init.as_ref().and_then(Value::as_int).unwrap_or(0),
            keys: Interner::default(),
            pending: Pending::default(),
            events: 0,
            calls: Vec::new(),
        }
    }

    /// What an add adds; 0 for a read that has not answered.
    fn value(op: &Op) -> Result<i64, OpError> {
        let by_default = match op.f.as_ref() {
            "increment" | "decrement" if op.value.is_nil() => Some(1),
            "read" if op.kind != OpType::Ok => Some(0),
            _ => None,
        };
        let value = by_default.or_else(|| op.value.as_int()).ok_or_else(|| {
            let problem = format!("`{}` of the counter carries {}", op.f, op.value);
            OpError::new(op, problem, "an integer")
        })?;
        Ok(if op.f == "decrement" {
            value.saturating_neg()
        } else {
            value
        })
    }
}

impl checker::Checker for Counters {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = op.process.client() else {
            return Ok(());
        };
        if !FUNCTIONS.contains(&op.f.as_ref()) {
            return Err(OpError::unknown_function(op, FUNCTIONS));
        }
        let now = self.events;
        if op.kind == OpType::Invoke {
            let call = Call {
                process,
                key: self.keys.intern(op.key.as_ref().unwrap_or(&Value::Nil)),
                begin: now,
                end: u64::MAX,
                index: op.index,
                time: op.time,
                kind: OpType::Info,
                value: Self::value(op)?,
                is_read: op.f == "read",
            };
            self.pending.invoke(op, process, call)?;
            self.events += 1;
            return Ok(());
        }
        let mut call = *self.pending.completed_by(op, process)?;
        if call.is_read && op.kind == OpType::Ok {
            call.value = Self::value(op)?;
        }
        call.kind = op.kind;
        call.end = now;
        call.index = op.index;
        call.time = op.time;
        self.pending.close(op, process);
        self.calls.push(call);
        self.events += 1;
        Ok(())
    }

    fn finish(mut self: Box<Self>, budget: &Budget) -> Report {
        let open = std::mem::take(&mut self.pending).into_open();
        self.calls.extend(open);
        let mut report = Report::new("sessions", format!("{} counters", self.guarantee.name()));
        let reads = self
            .calls
            .iter()
            .filter(|call| call.is_read && call.kind == OpType::Ok);
        let reads = reads.count();
        report.figure("reads", reads);
        let succeeded = self.calls.iter().any(|call| call.kind == OpType::Ok);
        match self.violations(&mut budget.meter()) {
            Ok(findings) => {
                report.figure("violations", findings.len());
                report.findings = findings;
            }
            Err(exhausted) => report.doubt(exhausted.to_string()),
        }
        report.findings.truncate(Report::FINDINGS_MAX);
        if !report.findings.is_empty() {
            report.validity = Validity::Invalid;
        } else if !succeeded {
            report.doubt(NOTHING_TESTED);
        } else if reads == 0 {
            report.doubt("no read succeeded: nothing shows what was added");
        } else if !is_bounded(self.guarantee) {
            report.doubt(UNDECIDED);
        }
        report
    }
}

/// Whether bounds are all that can be asked of sums.
fn is_bounded(guarantee: Guarantee) -> bool {
    use Guarantee::*;
    matches!(guarantee, ReadYourWrites | MonotonicReads | Pram)
}

/// Sums of what goes up and of what goes down.
#[derive(Debug, Clone, Copy, Default)]
struct Sums {
    up: i128,
    down: i128,
}

impl Sums {
    fn add(&mut self, value: i64) {
        match value {
            0.. => self.up += i128::from(value),
            _ => self.down += i128::from(value),
        }
    }

    fn without(self, other: Sums) -> Sums {
        Sums {
            up: self.up - other.up,
            down: self.down - other.down,
        }
    }
}

/// A session with one counter, so far.
#[derive(Debug, Clone, Copy, Default)]
struct Session {
    /// What it added for sure.
    own: Sums,
    /// Its last read, and what it had added by then.
    last: Option<(Call, Sums)>,
}

impl Counters {
    /// A finding for each read out of its bounds.
    fn violations(&mut self, meter: &mut Meter) -> Result<Vec<Finding>, Exhausted> {
        let mut attempts: Vec<Call> = self.calls.clone();
        attempts.retain(|call| !call.is_read && call.kind != OpType::Fail);
        attempts.sort_unstable_by_key(|call| call.begin);
        self.calls.retain(|call| call.kind == OpType::Ok);
        self.calls.sort_unstable_by_key(|call| call.end);
        let mut attempts = attempts.into_iter().peekable();
        let mut attempted: FxHashMap<u32, Sums> = FxHashMap::default();
        let mut sessions: FxHashMap<(i64, u32), Session> = FxHashMap::default();
        let mut findings = Vec::new();
        for call in &self.calls {
            meter.step(0)?;
            while let Some(attempt) = attempts.next_if(|attempt| attempt.begin < call.end) {
                attempted.entry(attempt.key).or_default().add(attempt.value);
            }
            let all = attempted.get(&call.key).copied().unwrap_or_default();
            let session = sessions.entry((call.process, call.key)).or_default();
            if !call.is_read {
                session.own.add(call.value);
                continue;
            }
            findings.extend(self.judge(call, session, all));
            session.last = Some((*call, session.own));
        }
        Ok(findings)
    }

    fn judge(&self, call: &Call, session: &Session, all: Sums) -> Option<Finding> {
        use Guarantee::*;
        let init = i128::from(self.init);
        let sum = |sums: Sums| sums.up + sums.down;
        let own = session.own;
        let whole = (init, Sums::default(), None);
        let grown = session.last.map(|(last, then)| {
            let own = match self.guarantee {
                MonotonicReads => Sums::default(),
                _ => own.without(then),
            };
            (i128::from(last.value), own, Some(last))
        });
        let asked = match self.guarantee {
            ReadYourWrites => vec![(init, own, None)],
            MonotonicReads => [Some(whole), grown].into_iter().flatten().collect(),
            Pram | Causal | CausalConvergence | CausalMemory => [Some((init, own, None)), grown]
                .into_iter()
                .flatten()
                .collect(),
            _ => vec![whole],
        };
        asked.into_iter().find_map(|(base, must, before)| {
            let others = all.without(must);
            let (least, most) = (base + sum(must) + others.down, base + sum(must) + others.up);
            let value = i128::from(call.value);
            if (least..=most).contains(&value) {
                return None;
            }
            let key = self.keys.value(call.key);
            let of = match key {
                Value::Nil => "the counter".to_owned(),
                key => format!("counter {key}"),
            };
            let since = match before {
                Some(last) => format!(
                    " after it had read {} {} and added {}",
                    last.value,
                    when(last.index, last.time),
                    sum(must)
                ),
                None => format!(", having added {} itself", sum(must)),
            };
            let ops = before.iter().map(|last| last.index).chain([call.index]);
            Some(Finding {
                anomaly: anomaly(self.guarantee),
                summary: format!(
                    "process {} read {of} as {} {}{since}: with what others attempted it is \
                     at least {least} and at most {most}",
                    call.process,
                    call.value,
                    when(call.index, call.time)
                ),
                ops: ops.collect(),
                time: call.time,
                details: json!({
                    "key": story::json(key),
                    "value": call.value,
                    "least": least.to_string(),
                    "most": most.to_string(),
                }),
            })
        })
    }
}

#[cfg(test)]
mod tests;
