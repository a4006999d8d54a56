//! Session guarantees of counters, as far as sums tell.
//!
//! A read of a counter shows a sum, not whose adds are in it, so each read is judged by the least
//! and the most it may be: what a guarantee says it must hold, and any of the other adds attempted
//! before it ended. Read your writes, monotonic reads and PRAM are decided where all adds go one
//! way and otherwise as far as the bounds go; the other guarantees are about which adds are held,
//! and a sum that breaks no bound leaves them `unknown`.

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::{Value as Json, json};

use super::{Guarantee, anomaly};
use crate::budget::{Budget, Exhausted, Meter};
use crate::checker::{self, NOTHING_TESTED, OpError, Params};
use crate::intern::Interner;
use crate::lowering::Pending;
use crate::report::{Finding, Report, Validity};
use crate::shrink::{FINDINGS_SHRUNK_MAX, Minimal, UNITS_MAX};
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
    /// Index of the invocation, and of the completion where it has one.
    invoked: u64,
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
                invoked: op.index,
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
        match self.violations(&self.calls, &mut budget.meter()) {
            Ok(found) => {
                report.figure("violations", found.len());
                let told = found.iter().take(Report::FINDINGS_MAX);
                report.findings = told.map(|breach| self.told(breach)).collect();
                let shrunk = report.findings.iter_mut().take(FINDINGS_SHRUNK_MAX);
                for (number, finding) in shrunk.enumerate() {
                    if let Some(minimal) = self.minimal(&found, number, budget) {
                        finding.details["minimal"] = minimal;
                    }
                }
            }
            Err(exhausted) => report.doubt(exhausted.to_string()),
        }
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

/// A read out of its bounds.
#[derive(Debug, Clone, Copy)]
struct Breach {
    read: Call,
    /// The read it is compared with, if it is to one.
    before: Option<Call>,
    /// What its session added since.
    must: i128,
    least: i128,
    most: i128,
}

impl Breach {
    /// Whether this one, of a part of the history, shows the other, of the whole: what was left out
    /// must not have made the bound tighter, as the adds of others may that a read holds.
    fn shows(&self, whole: &Breach) -> bool {
        let value = i128::from(self.read.value);
        let is_low = value < self.least && self.least <= whole.least;
        let is_high = value > self.most && self.most >= whole.most;
        self.read.invoked == whole.read.invoked && (is_low || is_high)
    }
}

impl Counters {
    /// Every read out of its bounds, in the order of their ends.
    fn violations(&self, calls: &[Call], meter: &mut Meter) -> Result<Vec<Breach>, Exhausted> {
        let is_attempt = |call: &&Call| !call.is_read && call.kind != OpType::Fail;
        let mut attempts: Vec<&Call> = calls.iter().filter(is_attempt).collect();
        attempts.sort_unstable_by_key(|call| call.begin);
        let succeeded = calls.iter().filter(|call| call.kind == OpType::Ok);
        let mut succeeded: Vec<&Call> = succeeded.collect();
        succeeded.sort_unstable_by_key(|call| call.end);
        let mut attempts = attempts.into_iter().peekable();
        let mut attempted: FxHashMap<u32, Sums> = FxHashMap::default();
        let mut sessions: FxHashMap<(i64, u32), Session> = FxHashMap::default();
        let mut found = Vec::new();
        for call in succeeded {
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
            found.extend(self.judge(call, session, all));
            session.last = Some((*call, session.own));
        }
        Ok(found)
    }

    fn judge(&self, call: &Call, session: &Session, all: Sums) -> Option<Breach> {
        use Guarantee::*;
        let init = i128::from(self.init);
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
            let must = must.up + must.down;
            let (least, most) = (base + must + others.down, base + must + others.up);
            let is_within = (least..=most).contains(&i128::from(call.value));
            (!is_within).then_some(Breach {
                read: *call,
                before,
                must,
                least,
                most,
            })
        })
    }

    fn told(&self, breach: &Breach) -> Finding {
        let (read, must) = (&breach.read, breach.must);
        let (least, most) = (breach.least, breach.most);
        let key = self.keys.value(read.key);
        let of = match key {
            Value::Nil => "the counter".to_owned(),
            key => format!("counter {key}"),
        };
        let since = match breach.before {
            Some(last) => format!(
                " after it had read {} {} and added {must}",
                last.value,
                when(last.index, last.time),
            ),
            None => format!(", having added {must} itself"),
        };
        let ops = breach.before.iter().map(|last| last.index);
        Finding {
            anomaly: anomaly(self.guarantee),
            summary: format!(
                "process {} read {of} as {} {}{since}: with what others attempted it is at least \
                 {least} and at most {most}",
                read.process,
                read.value,
                when(read.index, read.time)
            ),
            ops: ops.chain([read.index]).collect(),
            time: read.time,
            details: json!({
                "key": story::json(key),
                "value": read.value,
                "least": least.to_string(),
                "most": most.to_string(),
            }),
        }
    }

    /// The fewest calls that show the breach of this number, and no other than the whole history.
    fn minimal(&self, whole: &[Breach], number: usize, budget: &Budget) -> Option<Json> {
        let breach = whole.get(number)?;
        let known: FxHashSet<u64> = whole.iter().map(|breach| breach.read.invoked).collect();
        let matters = |call: &&Call| {
            let is_attempt = !call.is_read && call.kind != OpType::Fail;
            let is_own_read = call.process == breach.read.process && call.kind == OpType::Ok;
            call.key == breach.read.key
                && call.begin < breach.read.end
                && (is_attempt || is_own_read)
        };
        let calls = self.calls.iter().filter(matters).take(UNITS_MAX + 1);
        let calls: Vec<Call> = calls.copied().collect();
        let chosen =
            |kept: &[u32]| -> Vec<Call> { kept.iter().map(|call| calls[*call as usize]).collect() };
        let all = (0..calls.len() as u32).collect();
        let minimal = Minimal::of(all, budget, |kept, budget| {
            let found = self.violations(&chosen(kept), &mut budget.meter()).ok()?;
            let is_new = |found: &Breach| !known.contains(&found.read.invoked);
            Some(!found.iter().any(is_new) && found.iter().any(|found| found.shows(breach)))
        })?;
        let kept = chosen(&minimal.kept).into_iter();
        let ops = kept.flat_map(|call| [call.invoked, call.index]);
        let key = self.keys.value(breach.read.key);
        let keys = (!key.is_nil()).then(|| key.to_string());
        Some(minimal.told(ops, keys.as_slice()))
    }
}

#[cfg(test)]
mod tests;
