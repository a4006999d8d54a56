//! Stories of violations: who read what, what was newer, and how that was known.

use serde_json::{Value as Json, json};

use super::convergence::{Overwritten, Violation};
use super::history::{History, INIT, Misread, UnitId};
use super::path::{self, Step};
use crate::report::Finding;
use crate::shrink;
use crate::story::{self, when};

/// Steps of a path told in a summary; the details have all.
const STEPS_TOLD_MAX: usize = 6;

/// Tells of the violations of one history.
#[derive(Debug, Clone, Copy)]
pub struct Teller<'a> {
    pub history: &'a History,
}

impl Teller<'_> {
    /// A read nobody can explain.
    pub fn misread(&self, misread: &Misread) -> Finding {
        use super::history::Fault;
        let value = self.history.values.value(misread.value);
        let key = self.history.keys.value(misread.key);
        let why = match misread.fault {
            Fault::ThinAir => "which nobody wrote",
            Fault::Aborted => "which only operations that failed wrote",
            Fault::Intermediate => "which its writer overwrote in the same transaction",
            Fault::Internal => "though the transaction itself had written another value before",
            Fault::Future => "which the transaction itself wrote only later",
        };
        let summary = format!(
            "{} read {value} {}, {why}",
            self.who(misread.unit),
            self.of_key(misread.key)
        );
        let reader = self.history.span(misread.unit);
        let details = json!({
            "key": story::json(key),
            "value": story::json(value),
            "minimal": shrink::of_read(misread.writer, reader, key),
        });
        self.finding(misread.fault.name(), summary, &[misread.unit], details)
    }

    /// A read of an older write than one that its unit had to see, with the path by which the
    /// reader knows of the newer one and the path that orders the two.
    pub fn overwritten(&self, anomaly: &'static str, found: &Overwritten) -> Finding {
        let history = self.history;
        let known = path::path(history, &[], found.newer, found.unit).unwrap_or_default();
        let mut units = vec![found.newer];
        let mut summary = format!(
            "{} read {}, though {}",
            self.who(found.unit),
            self.old_value(found.source, found.key),
            self.wrote(found.newer, found.key),
        );
        let mut order = Vec::new();
        if found.source != INIT {
            order = path::path(history, &[], found.source, found.newer).unwrap_or_default();
            summary += &format!(
                " after {}{}",
                self.wrote(found.source, found.key),
                self.told(found.source, &order, found.newer, &mut units)
            );
            units.insert(0, found.source);
        }
        let knew = if known.is_empty() {
            ", earlier in the same session".to_owned()
        } else {
            self.told(found.newer, &known, found.unit, &mut units)
        };
        summary += &format!(" and the reader knew of that{knew}");
        units.push(found.unit);
        let details = json!({
            "key": story::json(history.keys.value(found.key)),
            "read": story::json(history.value(found.source, found.key)),
            "newer": story::json(history.value(found.newer, found.key)),
            "older_to_newer": self.steps(&order),
            "newer_to_reader": self.steps(&known),
        });
        self.finding(anomaly, summary, &units, details)
    }

    /// Units that must each come before the next, around a cycle.
    pub fn cycle(&self, anomaly: &'static str, steps: &[Step]) -> Finding {
        let mut units = Vec::new();
        let told: Vec<String> = steps
            .iter()
            .take(STEPS_TOLD_MAX)
            .map(|step| self.step(step))
            .collect();
        for step in steps {
            units.extend([step.source, step.reader]);
            units.extend(step.because);
        }
        units.dedup();
        let more = steps.len().saturating_sub(STEPS_TOLD_MAX);
        let more = match more {
            0 => String::new(),
            more => format!("; and {more} steps more"),
        };
        let summary = format!(
            "no order of the operations fits, as each must come before the next and the last \
             before the first: {}{more}",
            told.join("; then in that session or by it ")
        );
        let details = json!({ "steps": self.steps(steps) });
        self.finding(anomaly, summary, &units, details)
    }

    /// The finding for any violation.
    pub fn violation(&self, violation: &Violation) -> Finding {
        match violation {
            Violation::CyclicOrder(steps) => self.cycle("cyclic-causality", steps),
            Violation::CyclicConflicts(steps) => self.cycle("cyclic-conflicts", steps),
            Violation::Overwritten(found) => self.overwritten("causal-violation", found),
        }
    }

    fn finding(
        &self,
        anomaly: &'static str,
        summary: String,
        units: &[UnitId],
        details: Json,
    ) -> Finding {
        let mut ops: Vec<u64> = Vec::new();
        for unit in units {
            let completed = self.history.span(*unit).completed;
            if !ops.contains(&completed) {
                ops.push(completed);
            }
        }
        let last = units.last().map(|unit| self.history.span(*unit));
        Finding {
            anomaly,
            summary,
            ops,
            time: last.and_then(|span| span.time),
            details,
        }
    }

    /// `process 3 (at 0.012 s)`.
    fn who(&self, unit: UnitId) -> String {
        let span = self.history.span(unit);
        let session = self.history.session_of(unit) as usize;
        format!(
            "process {} ({})",
            self.history.processes[session],
            when(span.completed, span.time)
        )
    }

    fn wrote(&self, unit: UnitId, key: u32) -> String {
        let value = self.history.value(unit, key);
        format!("{} wrote {value} to {}", self.who(unit), self.key(key))
    }

    fn old_value(&self, source: UnitId, key: u32) -> String {
        let value = self.history.value(source, key);
        let initial = if source == INIT { "the initial " } else { "" };
        format!("{initial}{value} {}", self.of_key(key))
    }

    /// How `from` was known to `to`, as the rest of a sentence.
    fn told(&self, from: UnitId, steps: &[Step], to: UnitId, units: &mut Vec<UnitId>) -> String {
        let mut told = String::new();
        for step in steps.iter().take(STEPS_TOLD_MAX) {
            units.extend([step.source, step.reader]);
            if step.reader == to && step.source == from {
                told += &format!(", by reading it {}", self.of_key(step.key));
                continue;
            }
            told += &format!(
                ", as {} read {} {} from {}",
                self.who(step.reader),
                self.history.value(step.source, step.key),
                self.of_key(step.key),
                self.who(step.source)
            );
        }
        if steps.len() > STEPS_TOLD_MAX {
            told += &format!(" and {} reads more", steps.len() - STEPS_TOLD_MAX);
        }
        told
    }

    fn step(&self, step: &Step) -> String {
        match step.because {
            None => format!(
                "{} read what {}",
                self.who(step.reader),
                self.wrote(step.source, step.key)
            ),
            Some(because) => format!(
                "{} before {}, which {} read though it knew of the other",
                self.wrote(step.source, step.key),
                self.wrote(step.reader, step.key),
                self.who(because)
            ),
        }
    }

    fn steps(&self, steps: &[Step]) -> Vec<Json> {
        let json = |step: &Step| {
            json!({
                "from": self.history.span(step.source).completed,
                "to": self.history.span(step.reader).completed,
                "key": story::json(self.history.keys.value(step.key)),
                "kind": if step.because.is_some() { "conflict" } else { "reads-from" },
                "because": step.because.map(|unit| self.history.span(unit).completed),
            })
        };
        steps.iter().map(json).collect()
    }

    fn of_key(&self, key: u32) -> String {
        format!("of {}", self.key(key))
    }

    fn key(&self, key: u32) -> String {
        match self.history.keys.value(key) {
            crate::Value::Nil => "the register".to_owned(),
            key => format!("key {key}"),
        }
    }
}
