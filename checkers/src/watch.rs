//! Watches: streams of events that are ordered, unique, complete and resumable.
//!
//! As etcd promises of its watches: events come in the order of their revisions, none comes twice,
//! none is left out between two that come, and a watch resumed goes on where it ended. Each process
//! has one stream of each key; all its watches of it, one after another, are that stream, so that
//! resuming must neither repeat nor lose an event. An event is *known* by its revision from an
//! acknowledged write that returned one, or from any stream.

use std::collections::BTreeMap;

use serde_json::json;

use crate::budget::{Budget, Exhausted};
use crate::checker::{Checker, NOTHING_TESTED, OpError, Params};
use crate::intern::{Interner, ValueId};
use crate::lowering::Pending;
use crate::report::{Finding, Report, Validity};
use crate::story::{self, when};
use crate::{Op, OpType, Value};

pub const FUNCTIONS: &[&str] = &["write", "watch"];

const EVENTS: &str = "a list of events [revision value]";

/// Judges streams of events, of one register for each key. An ok `write` carries its value, or
/// `[value revision]`; `watch` carries the events it saw, also where it ended in an error.
#[derive(Default)]
pub struct Watch {
    pending: Pending<()>,
    keys: Interner,
    values: Interner,
    /// By key and revision: the value, and the operation that told.
    known: BTreeMap<(ValueId, i64), Event>,
    streams: BTreeMap<(ValueId, i64), Vec<Event>>,
    /// Values somebody tried to write, and those whose write failed.
    attempted: rustc_hash::FxHashSet<(ValueId, ValueId)>,
    failed: rustc_hash::FxHashMap<(ValueId, ValueId), u64>,
    writes: u64,
    counts: BTreeMap<&'static str, u64>,
    findings: Vec<Finding>,
}

/// An event as an operation told of it.
#[derive(Debug, Clone, Copy)]
struct Event {
    revision: i64,
    value: ValueId,
    index: u64,
    time: Option<i64>,
}

impl Watch {
    pub fn new(_params: &Params) -> Watch {
        Watch::default()
    }

    fn event(&mut self, op: &Op, revision: i64, value: &Value) -> Event {
        Event {
            revision,
            value: self.values.intern(value),
            index: op.index,
            time: op.time,
        }
    }

    fn write(&mut self, op: &Op, key: ValueId) {
        let revised = match op.value.as_items() {
            Some([value, revision]) => revision.as_int().map(|revision| (value, revision)),
            _ => None,
        };
        let value = revised.map_or(&op.value, |(value, _)| value);
        let id = (key, self.values.intern(value));
        match op.kind {
            OpType::Invoke => {
                self.attempted.insert(id);
            }
            OpType::Fail => {
                self.failed.insert(id, op.index);
            }
            OpType::Ok => {
                self.writes += 1;
                if let Some((value, revision)) = revised {
                    let event = self.event(op, revision, value);
                    self.known.entry((key, revision)).or_insert(event);
                }
            }
            OpType::Info => {}
        }
    }

    fn watch(&mut self, op: &Op, key: ValueId, process: i64) -> Result<(), OpError> {
        let wrong = |found: &Value| OpError::new(op, format!("a watch saw {found}"), EVENTS);
        let items = match &op.value {
            Value::Nil => &[],
            events => events.as_items().ok_or_else(|| wrong(events))?,
        };
        let mut events = Vec::new();
        for item in items {
            let Some([revision, value]) = item.as_items() else {
                return Err(wrong(item));
            };
            let revision = revision.as_int().ok_or_else(|| wrong(item))?;
            events.push(self.event(op, revision, value));
        }
        self.streams
            .entry((key, process))
            .or_default()
            .extend(events);
        Ok(())
    }

    fn found(&mut self, anomaly: &'static str, finding: impl FnOnce(&Watch) -> Finding) {
        *self.counts.entry(anomaly).or_default() += 1;
        if self.findings.len() < Report::FINDINGS_MAX {
            let finding = finding(self);
            self.findings.push(finding);
        }
    }

    /// Judges a stream by itself and by what is known.
    fn judge(
        &mut self,
        key: ValueId,
        process: i64,
        stream: &[Event],
        budget: &Budget,
    ) -> Result<(), Exhausted> {
        let mut meter = budget.meter();
        for pair in stream.windows(2) {
            meter.step(0)?;
            let (before, event) = (pair[0], pair[1]);
            let (anomaly, what) = match event.revision.cmp(&before.revision) {
                std::cmp::Ordering::Greater => continue,
                std::cmp::Ordering::Equal => ("duplicate-event", "again"),
                std::cmp::Ordering::Less => ("out-of-order", "after a later one"),
            };
            self.found(anomaly, |watch| {
                watch.finding(anomaly, key, process, &[before, event], what)
            });
        }
        for event in stream {
            meter.step(0)?;
            let known = *self.known.get(&(key, event.revision)).unwrap_or(event);
            if known.value != event.value {
                let what = "which others know by another value";
                self.found("conflicting-event", |watch| {
                    watch.finding("conflicting-event", key, process, &[known, *event], what)
                });
            }
            let id = (key, event.value);
            if let Some(failed) = self.failed.get(&id).copied() {
                let by = Event {
                    index: failed,
                    ..*event
                };
                let what = "whose write had failed";
                self.found("aborted-event", |watch| {
                    watch.finding("aborted-event", key, process, &[by, *event], what)
                });
            } else if !self.attempted.contains(&id) {
                let what = "which nobody wrote";
                self.found("thin-air-event", |watch| {
                    watch.finding("thin-air-event", key, process, &[*event], what)
                });
            }
        }
        self.gaps(key, process, stream);
        Ok(())
    }

    /// Known events between the first and the last of a stream that it left out.
    fn gaps(&mut self, key: ValueId, process: i64, stream: &[Event]) {
        let revisions = stream.iter().map(|event| event.revision);
        let mut seen: Vec<i64> = revisions.collect();
        seen.sort_unstable();
        let (Some(first), Some(last)) = (seen.first().copied(), seen.last().copied()) else {
            return;
        };
        let known = self.known.range((key, first)..=(key, last));
        let lost = known.filter(|((_, revision), _)| seen.binary_search(revision).is_err());
        let lost: Vec<Event> = lost.map(|(_, event)| *event).collect();
        for event in lost {
            let after = stream.iter().find(|seen| seen.revision > event.revision);
            let after = *after.unwrap_or(&event);
            self.found("lost-event", |watch| {
                let what = "after an event that it never saw";
                watch.finding("lost-event", key, process, &[event, after], what)
            });
        }
    }

    /// The last of the events is the stream's own; one before it is what it contradicts.
    fn finding(
        &self,
        anomaly: &'static str,
        key: ValueId,
        process: i64,
        events: &[Event],
        what: &str,
    ) -> Finding {
        let tell = |event: &Event| {
            format!(
                "{} at revision {}",
                self.values.value(event.value),
                event.revision
            )
        };
        let own = &events[events.len() - 1];
        let other = match events {
            [other, _] => format!(": {} (op {})", tell(other), other.index),
            _ => String::new(),
        };
        let of = match self.keys.value(key) {
            Value::Nil => String::new(),
            key => format!(" of key {key}"),
        };
        Finding {
            anomaly,
            summary: format!(
                "the watch{of} by process {process} saw {} {}, {what}{other}",
                tell(own),
                when(own.index, own.time)
            ),
            ops: events.iter().map(|event| event.index).collect(),
            time: own.time,
            details: json!({
                "key": story::json(self.keys.value(key)),
                "process": process,
                "revisions": events.iter().map(|event| event.revision).collect::<Vec<i64>>(),
            }),
        }
    }
}

impl Checker for Watch {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = op.process.client() else {
            return Ok(());
        };
        if !FUNCTIONS.contains(&op.f.as_ref()) {
            return Err(OpError::unknown_function(op, FUNCTIONS));
        }
        let key = self.keys.intern(op.key.as_ref().unwrap_or(&Value::Nil));
        if op.kind == OpType::Invoke {
            self.pending.invoke(op, process, ())?;
        } else {
            self.pending.completed_by(op, process)?;
        }
        match op.f.as_ref() {
            "write" => self.write(op, key),
            _ if op.kind == OpType::Ok || op.kind == OpType::Info => {
                self.watch(op, key, process)?
            }
            _ => {}
        }
        if op.kind != OpType::Invoke {
            self.pending.close(op, process);
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>, budget: &Budget) -> Report {
        let mut report = Report::new("watch", "ordered, unique, complete and resumable watches");
        let streams = std::mem::take(&mut self.streams);
        for ((key, _), stream) in &streams {
            for event in stream {
                self.known.entry((*key, event.revision)).or_insert(*event);
            }
        }
        let mut exhausted = None;
        for ((key, process), stream) in &streams {
            exhausted = exhausted.or(self.judge(*key, *process, stream, budget).err());
        }
        let events: usize = streams.values().map(Vec::len).sum();
        report.figure("streams", streams.len());
        report.figure("events", events);
        report.figure("writes", self.writes);
        for (anomaly, count) in &self.counts {
            report.figure(anomaly, *count);
        }
        report.findings = std::mem::take(&mut self.findings);
        if !report.findings.is_empty() {
            report.validity = Validity::Invalid;
        } else if let Some(exhausted) = exhausted {
            report.doubt(exhausted.to_string());
        } else if self.writes == 0 && streams.is_empty() {
            report.doubt(NOTHING_TESTED);
        } else if events == 0 {
            report.doubt("no watch saw an event: nothing shows their order");
        }
        report
    }
}

#[cfg(test)]
mod tests;
