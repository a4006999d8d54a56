//! The phases and fault windows of a history, read from the operations of named processes.

use crate::events::{FaultWindow, HARNESS, NEMESIS, Phase};
use crate::{Op, OpType, Process, Value};

/// Jepsen's functions that begin a fault, those that end it, and its family. `start-F` and `stop-F`
/// are understood for every family F beside these. A function that can end an open fault ends it,
/// so `start` restarts killed nodes where there are any.
const JEPSEN_PAIRS: [(&str, &str, &str); 7] = [
    ("kill", "start", "kill"),
    ("kill", "restart", "kill"),
    ("pause", "resume", "pause"),
    ("partition", "heal", "partition"),
    ("bump-clock", "reset-clock", "clock"),
    ("strobe-clock", "reset-clock", "clock"),
    ("start", "stop", "fault"),
];

/// What is known of the phases and faults after the operations pushed so far.
///
/// Events without a time are counted and otherwise passed over: windows are intervals of time.
#[derive(Debug, Clone, Default)]
pub struct Timeline {
    phases: Vec<(Phase, i64)>,
    windows: Vec<FaultWindow>,
    /// Positions in `windows` of the faults in place.
    active: Vec<usize>,
    skipped: u64,
    untimed: u64,
    /// The function the nemesis of a Jepsen history has invoked and not completed.
    jepsen_open: Option<String>,
}

impl Timeline {
    /// Takes the next operation; those of clients and of unknown processes say nothing.
    pub fn push(&mut self, op: &Op) {
        let Process::Named(name) = &op.process else {
            return;
        };
        let is_harness = name == HARNESS && op.f == "phase";
        if !is_harness && name != NEMESIS {
            return;
        }
        let Some(time) = op.time else {
            self.untimed += 1;
            return;
        };
        if is_harness {
            let phase = op
                .value
                .get("phase")
                .and_then(Value::as_name)
                .and_then(Phase::from_name);
            self.phases.extend(phase.map(|phase| (phase, time)));
        } else if let Some(event) = op.value.get("event").and_then(Value::as_name) {
            self.own_event(op, event, time);
        } else {
            self.jepsen_event(op, time);
        }
    }

    /// Phases with their begins, in the order they were entered.
    pub fn phases(&self) -> &[(Phase, i64)] {
        &self.phases
    }

    /// Every fault that was in place, in the order of their begins.
    pub fn windows(&self) -> &[FaultWindow] {
        &self.windows
    }

    /// Positions in [`Timeline::windows`] of the faults in place now.
    pub fn active(&self) -> &[usize] {
        &self.active
    }

    /// Planned faults that could not be put in place.
    pub fn skipped(&self) -> u64 {
        self.skipped
    }

    /// Events that had no time.
    pub fn untimed(&self) -> u64 {
        self.untimed
    }

    fn own_event(&mut self, op: &Op, event: &str, time: i64) {
        let fault = op.value.get("fault").and_then(Value::as_int);
        let fault = fault.and_then(|fault| u64::try_from(fault).ok());
        match event {
            "begin" => {
                let what = op.value.get("what").map_or_else(String::new, text);
                self.begin(fault, &op.f, what, time);
            }
            "end" => {
                let windows = &self.windows;
                let is_ended = |at: &usize| match fault {
                    Some(fault) => windows[*at].fault == fault,
                    None => windows[*at].family == op.f,
                };
                let ended: Vec<usize> = self.active.iter().copied().filter(is_ended).collect();
                self.end(&ended, time);
            }
            "skipped" => self.skipped += 1,
            _ => {}
        }
    }

    fn jepsen_event(&mut self, op: &Op, time: i64) {
        let completes = self.jepsen_open.as_deref() == Some(&op.f) && op.kind != OpType::Invoke;
        if !completes {
            self.jepsen_open = Some(op.f.to_string());
            return;
        }
        self.jepsen_open = None;
        let windows = &self.windows;
        let is_ended = |at: &usize| ends(&op.f, &windows[*at].family);
        let ended: Vec<usize> = self.active.iter().copied().filter(is_ended).collect();
        if !ended.is_empty() {
            self.end(&ended, time);
        } else if let Some(family) = begun_by(&op.f) {
            let is_there = self
                .active
                .iter()
                .any(|at| self.windows[*at].family == family);
            if !is_there {
                self.begin(None, family, text(&op.value), time);
            }
        }
    }

    fn begin(&mut self, fault: Option<u64>, family: &str, what: String, time: i64) {
        self.active.push(self.windows.len());
        self.windows.push(FaultWindow {
            fault: fault.unwrap_or(self.windows.len() as u64 + 1),
            family: family.to_owned(),
            what,
            begin: time,
            end: None,
        });
    }

    fn end(&mut self, ended: &[usize], time: i64) {
        for at in ended {
            self.windows[*at].end = Some(time);
        }
        self.active.retain(|at| !ended.contains(at));
    }
}

fn ends(function: &str, family: &str) -> bool {
    function.strip_prefix("stop-") == Some(family)
        || JEPSEN_PAIRS
            .iter()
            .any(|(_, end, of)| *end == function && *of == family)
}

fn begun_by(function: &str) -> Option<&str> {
    function.strip_prefix("start-").or_else(|| {
        JEPSEN_PAIRS
            .iter()
            .find(|(begin, _, _)| *begin == function)
            .map(|(_, _, family)| *family)
    })
}

fn text(value: &Value) -> String {
    match value {
        Value::Nil => String::new(),
        other => other
            .as_name()
            .map_or_else(|| other.to_string(), str::to_owned),
    }
}

#[cfg(test)]
mod tests;
