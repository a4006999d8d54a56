//! A growing set: whatever was added is in every read that follows.
//!
//! After Jepsen's `set-full` checker. An element is *known* from the moment its add was
//! acknowledged or a read that showed it completed. A read begun later must show it. An element the
//! last such reads lack is *lost*; one that lacked only for a while is *stale*.

mod elements;
mod losses;

use serde_json::{Value as Json, json};

use crate::budget::Budget;
use crate::checker::{Checker, NOTHING_TESTED, OpError, Params};
use crate::events::{FaultWindow, Timeline};
use crate::history::Pairing;
use crate::intern::Interner;
use crate::report::{Finding, Report, Validity};
use crate::story::{self, when};
use crate::{Op, OpType, Value};
use elements::{Fate, Moment, OneSet, ReadOf, Verdicts};
use losses::Losses;

pub const FUNCTIONS: &[&str] = &["add", "read"];

/// Elements listed in one finding.
const ELEMENTS_LISTED_MAX: usize = 20;

/// Judges sets, one for each key. `add` carries the element, an ok `read` all elements.
pub struct Set {
    linearizable: bool,
    keys: Interner,
    sets: Vec<OneSet>,
    pairing: Pairing,
    calls: Vec<Call>,
    timeline: Timeline,
    events: u32,
    adds_ok: u64,
    reads_ok: u64,
}

#[derive(Debug, Clone, Copy)]
struct Call {
    key: u32,
    begin: Moment,
    /// The element added; `None` for a read.
    element: Option<u32>,
}

impl Set {
    pub fn new(params: &Params) -> Set {
        Set {
            linearizable: params.linearizable,
            keys: Interner::default(),
            sets: Vec::new(),
            pairing: Pairing::new(),
            calls: Vec::new(),
            timeline: Timeline::default(),
            events: 0,
            adds_ok: 0,
            reads_ok: 0,
        }
    }

    fn invoke(&mut self, op: &Op, now: Moment) -> Result<(), OpError> {
        self.pairing
            .push(op)
            .map_err(|error| OpError::misplaced(op, &error))?;
        let key = self.keys.intern(op.key.as_ref().unwrap_or(&Value::Nil));
        if self.sets.len() <= key as usize {
            self.sets.resize_with(key as usize + 1, OneSet::default);
        }
        let element = (op.f == "add").then(|| self.sets[key as usize].attempt(&op.value));
        self.calls.push(Call {
            key,
            begin: now,
            element,
        });
        Ok(())
    }

    fn complete(&mut self, op: &Op, process: i64, now: Moment) -> Result<(), OpError> {
        let Some(call) = self.pairing.open_call(process) else {
            self.pairing
                .push(op)
                .map_err(|error| OpError::misplaced(op, &error))?;
            return Ok(());
        };
        let call = self.calls[call];
        let shown = match &op.value {
            Value::Nil => &[],
            _ if op.f == "add" || op.kind != OpType::Ok => &[],
            other => other.as_items().ok_or_else(|| {
                let problem = format!("a read of the set returned {other}");
                OpError::new(op, problem, "a set or list of elements")
            })?,
        };
        self.pairing
            .push(op)
            .map_err(|error| OpError::misplaced(op, &error))?;
        let set = &mut self.sets[call.key as usize];
        match (call.element, op.kind) {
            (Some(element), OpType::Ok) => {
                set.acknowledge(element, now);
                self.adds_ok += 1;
            }
            (Some(element), OpType::Fail) => set.refuse(element),
            (None, OpType::Ok) => {
                set.read(call.begin, now, shown);
                self.reads_ok += 1;
            }
            _ => {}
        }
        Ok(())
    }
}

impl Checker for Set {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = op.process.client() else {
            self.timeline.push(op);
            return Ok(());
        };
        if !FUNCTIONS.contains(&op.f.as_ref()) {
            return Err(OpError::unknown_function(op, FUNCTIONS));
        }
        let now = Moment {
            position: self.events,
            index: op.index,
            time: op.time,
        };
        if op.kind == OpType::Invoke {
            self.invoke(op, now)?;
        } else {
            self.complete(op, process, now)?;
        }
        self.events = self.events.saturating_add(1);
        Ok(())
    }

    fn finish(self: Box<Self>, _budget: &Budget) -> Report {
        let promise = if self.linearizable {
            "a linearizable growing set"
        } else {
            "a growing set that loses nothing"
        };
        let mut report = Report::new("set", promise);
        report.warn(self.pairing.warnings());
        let mut sum = Summary::default();
        for (key, set) in self.sets.iter().enumerate() {
            let verdicts = set.judge();
            let teller = Teller {
                set,
                key: self.keys.value(key as u32),
                verdicts: &verdicts,
                windows: self.timeline.windows(),
            };
            teller.tell(self.linearizable, &mut report);
            sum.add(verdicts);
        }
        let breaks = |finding: &Finding| self.linearizable || finding.anomaly != "stale";
        if report.findings.iter().any(breaks) {
            report.validity = Validity::Invalid;
        }
        report
            .findings
            .sort_by_key(|finding| (severity(finding.anomaly), finding.time));
        report.findings.truncate(Report::FINDINGS_MAX);
        report.figure("adds_ok", self.adds_ok);
        report.figure("reads_ok", self.reads_ok);
        sum.figures(&mut report);
        if self.adds_ok + self.reads_ok == 0 {
            report.doubt(NOTHING_TESTED);
        } else if self.reads_ok == 0 {
            report.doubt("no read of the set succeeded: nothing shows what it holds");
        } else if sum.stable == 0 {
            report.doubt("no element was confirmed by a read begun after it was known");
        }
        report
    }
}

const ANOMALIES: [&str; 4] = ["lost", "unexpected", "duplicated", "stale"];

fn severity(anomaly: &str) -> usize {
    ANOMALIES
        .iter()
        .position(|name| *name == anomaly)
        .unwrap_or(ANOMALIES.len())
}

/// Counts over all keys.
#[derive(Default)]
struct Summary {
    attempts: u64,
    stable: u64,
    lost: u64,
    stale: u64,
    never_read: u64,
    recovered: u64,
    duplicated: u64,
    unexpected: u64,
    latencies: Vec<i64>,
}

impl Summary {
    fn add(&mut self, mut verdicts: Verdicts) {
        self.attempts += verdicts.attempts;
        self.stable += verdicts.stable;
        self.lost += verdicts.lost.len() as u64;
        self.stale += verdicts.stale.len() as u64;
        self.never_read += verdicts.never_read;
        self.recovered += verdicts.recovered;
        self.duplicated += verdicts.duplicated.len() as u64;
        self.unexpected += verdicts.unexpected.len() as u64;
        self.latencies.append(&mut verdicts.stable_latencies);
    }

    fn figures(&mut self, report: &mut Report) {
        for (name, count) in [
            ("attempts", self.attempts),
            ("stable", self.stable),
            ("lost", self.lost),
            ("stale", self.stale),
            ("never_read", self.never_read),
            ("recovered", self.recovered),
            ("duplicated", self.duplicated),
            ("unexpected", self.unexpected),
        ] {
            report.figure(name, count);
        }
        self.latencies.sort_unstable();
        if let Some(last) = self.latencies.len().checked_sub(1) {
            let at = |q: f64| self.latencies[(last as f64 * q).round() as usize];
            let percentiles =
                json!({ "p50": at(0.5), "p95": at(0.95), "p99": at(0.99), "max": at(1.0) });
            report.figure("stable_latency_ns", percentiles);
        }
    }
}

/// Tells what is wrong with one set.
struct Teller<'a> {
    set: &'a OneSet,
    key: &'a Value,
    verdicts: &'a Verdicts,
    windows: &'a [FaultWindow],
}

impl Teller<'_> {
    fn tell(&self, linearizable: bool, report: &mut Report) {
        let must = if linearizable { "must" } else { "should" };
        let findings = [
            self.absent(
                "lost",
                &self.verdicts.lost,
                "did not show it, nor did any begun later",
            ),
            self.absent(
                "stale",
                &self.verdicts.stale,
                &format!("did not show it yet, though it {must} have"),
            ),
            self.shown(
                "unexpected",
                &self.verdicts.unexpected,
                "which nobody can have added",
            ),
            self.shown("duplicated", &self.verdicts.duplicated, "more than once"),
        ];
        report.findings.extend(findings.into_iter().flatten());
    }

    fn absent(&self, anomaly: &'static str, fates: &[Fate], did: &str) -> Option<Finding> {
        let first = fates.iter().min_by_key(|fate| fate.absent.begin.position)?;
        let how = if first.acknowledged {
            "its add was acknowledged"
        } else {
            "a read had shown it"
        };
        let summary = format!(
            "{}element {} is {anomaly}: {how} {}, but the read begun {} {did}",
            self.subject(),
            self.set.element(first.element),
            when(first.known.index, first.known.time),
            when(first.absent.begin.index, first.absent.begin.time),
        );
        let details = json!({
            "known_ns": first.known.time,
            "missing_read_ns": first.absent.begin.time,
            "last_seen_ns": first.seen.and_then(|read| read.begin.time),
        });
        let mut ops = vec![
            first.known.index,
            first.absent.begin.index,
            first.absent.end.index,
        ];
        ops.extend(first.seen.map(|read| read.begin.index));
        let elements: Vec<u32> = fates.iter().map(|fate| fate.element).collect();
        let time = first.absent.end.time;
        let mut finding = self.finding(anomaly, summary, ops, time, (&elements, details));
        let losses = Losses::of(fates, self.windows);
        if !losses.is_empty() {
            finding.details["by_fault"] = losses.json(self.set);
        }
        if anomaly == "lost" && !losses.is_empty() {
            finding.summary += &format!("; {}", losses.told(self.set));
        }
        Some(finding)
    }

    fn shown(&self, anomaly: &'static str, shown: &[(u32, ReadOf)], how: &str) -> Option<Finding> {
        let (element, read) = shown.iter().min_by_key(|(_, read)| read.end.position)?;
        let summary = format!(
            "{}the read {} showed element {}, {how}",
            self.subject(),
            when(read.end.index, read.end.time),
            self.set.element(*element),
        );
        let ops = vec![read.begin.index, read.end.index];
        let elements: Vec<u32> = shown.iter().map(|(element, _)| *element).collect();
        Some(self.finding(anomaly, summary, ops, read.end.time, (&elements, json!({}))))
    }

    fn finding(
        &self,
        anomaly: &'static str,
        mut summary: String,
        ops: Vec<u64>,
        time: Option<i64>,
        (elements, mut details): (&[u32], Json),
    ) -> Finding {
        if elements.len() > 1 {
            summary += &format!("; {} elements are {anomaly} in all", elements.len());
        }
        let listed = elements.iter().take(ELEMENTS_LISTED_MAX);
        let listed: Vec<Json> = listed.map(|e| story::json(self.set.element(*e))).collect();
        details["elements"] = listed.into();
        details["count"] = elements.len().into();
        details["key"] = story::json(self.key);
        Finding {
            anomaly,
            summary,
            ops,
            time,
            details,
        }
    }

    fn subject(&self) -> String {
        match self.key {
            Value::Nil => String::new(),
            key => format!("key {key}: "),
        }
    }
}

#[cfg(test)]
mod tests;
