//! Violations told in words, with the operations they are about.

use serde_json::{Value as Json, json};

use crate::linearizable::calls::{Calls, name_of};
use crate::linearizable::register::RegisterOp;
use crate::linearizable::search::Furthest;
use crate::linearizable::zones::Conflict;
use crate::report::Finding;
use crate::story::{self, when};
use crate::value::Value;

/// Concurrent operations listed in one finding.
const CONCURRENT_MAX: usize = 40;

/// The anomaly both methods find.
const ANOMALY: &str = "nonlinearizable";

/// Tells of one key's calls. `calls[i]` is the call of the `i`-th searched operation.
pub(crate) struct Teller<'a> {
    pub history: &'a Calls,
    pub key: u32,
    pub calls: &'a [u32],
}

impl Teller<'_> {
    /// The key in words: the subject of a sentence, with its colon.
    fn subject(&self) -> String {
        match self.history.keys.value(self.key) {
            Value::Nil => String::new(),
            key => format!("key {key}: "),
        }
    }

    fn value(&self, id: u32) -> &Value {
        self.history.values.value(id)
    }

    /// The operation without its time: `read of 3`.
    fn name(&self, op: u32) -> String {
        match self.op(op) {
            RegisterOp::Read(value) => format!("read of {}", self.value(value)),
            RegisterOp::Write(value) => format!("write of {}", self.value(value)),
            RegisterOp::Cas { old, new } => {
                format!("cas from {} to {}", self.value(old), self.value(new))
            }
            RegisterOp::Differs(value) => format!("failed cas from {}", self.value(value)),
        }
    }

    /// The operation with when it finished (else began) and by whom.
    fn told(&self, op: u32) -> String {
        let call = &self.history.calls[self.calls[op as usize] as usize];
        let moment = self
            .history
            .moment(call.finish)
            .or_else(|| self.history.moment(call.start));
        let at = moment.map(|m| when(m.index, m.time)).unwrap_or_default();
        format!("{} {at} by process {}", self.name(op), call.process)
    }

    fn op(&self, op: u32) -> RegisterOp {
        self.history.calls[self.calls[op as usize] as usize].op
    }

    fn index(&self, op: u32) -> u64 {
        let call = &self.history.calls[self.calls[op as usize] as usize];
        let moment = self
            .history
            .moment(call.finish)
            .or_else(|| self.history.moment(call.start));
        moment.map_or(0, |m| m.index)
    }

    fn json(&self, op: u32) -> Json {
        let call = &self.history.calls[self.calls[op as usize] as usize];
        let start = self.history.moment(call.start);
        let finish = self.history.moment(call.finish);
        json!({
            "f": name_of(call.op),
            "op": self.name(op),
            "process": call.process,
            "invoke": start.map(|m| m.index),
            "complete": finish.map(|m| m.index),
            "begin_ns": start.and_then(|m| m.time),
            "end_ns": finish.and_then(|m| m.time),
        })
    }

    fn finding(&self, summary: String, about: u32, story: &[u32], mut details: Json) -> Finding {
        let call = &self.history.calls[self.calls[about as usize] as usize];
        details["key"] = story::json(self.history.keys.value(self.key));
        details["operation"] = self.json(about);
        Finding {
            anomaly: ANOMALY,
            summary: format!("{}{summary}", self.subject()),
            ops: story.iter().map(|op| self.index(*op)).collect(),
            time: self.history.moment(call.finish).and_then(|m| m.time),
            details,
        }
    }

    /// The search placed everything before one operation, and could not place that.
    pub fn stuck(&self, furthest: &Furthest<u32>) -> Finding {
        let stuck = furthest.stuck as u32;
        let concurrent = self.concurrent_with(stuck);
        let states: Vec<String> = furthest
            .states
            .iter()
            .map(|s| self.value(*s).to_string())
            .collect();
        let summary = format!(
            "{} cannot be explained: just before it the register can only have held {}, whatever \
             the order of the operations before and around it",
            self.told(stuck),
            story::either(&states),
        );
        let mut story = vec![stuck];
        story.extend(concurrent.iter().take(CONCURRENT_MAX));
        let listed = &story[1..];
        let details = json!({
            "method": "search",
            "possible_states": states,
            "concurrent": listed.iter().map(|op| self.json(*op)).collect::<Vec<_>>(),
            "concurrent_count": concurrent.len(),
            "linearized": furthest.prefix.len(),
            "last_linearized": furthest.prefix.last().map(|op| self.json(*op)),
        });
        self.finding(summary, stuck, &story, details)
    }

    fn concurrent_with(&self, op: u32) -> Vec<u32> {
        let call = |op: u32| &self.history.calls[self.calls[op as usize] as usize];
        let this = call(op);
        (0..self.calls.len() as u32)
            .filter(|&other| other != op)
            .filter(|&other| call(other).start < this.finish)
            .filter(|&other| this.start < self.deadline(other))
            .collect()
    }

    /// When the operation must have taken effect.
    fn deadline(&self, op: u32) -> u32 {
        self.history
            .interval(self.calls[op as usize])
            .map_or(0, |interval| interval.finish)
    }

    /// The zones of the values contradict each other.
    pub fn conflict(&self, conflict: Conflict) -> Finding {
        let (about, story, reason) = match conflict {
            Conflict::Unwritten { op } => (op, vec![op], self.unwritten(op)),
            Conflict::Replaced { first, second } => {
                let reason = format!(
                    "the {} had found the same value and replaced it, and nothing wrote that value \
                     again",
                    self.told(first)
                );
                (second, vec![first, second], reason)
            }
            Conflict::Circular { op } => {
                let reason = "what it found was written only by operations that come after it";
                (op, vec![op], reason.to_owned())
            }
            Conflict::Early { earlier, later } => self.early(earlier, later),
            Conflict::Crossed {
                a_end,
                b_begin,
                b_end,
                a_begin,
            } => self.crossed(a_end, b_begin, b_end, a_begin),
        };
        let summary = format!("{} cannot be explained: {reason}", self.told(about));
        let details = json!({
            "method": "zones",
            "story": story.iter().map(|op| self.json(*op)).collect::<Vec<_>>(),
        });
        self.finding(summary, about, &story, details)
    }

    fn unwritten(&self, op: u32) -> String {
        let Some(found) = self.op(op).found() else {
            return "nothing wrote what it found".to_owned();
        };
        format!(
            "nothing that may have taken effect ever wrote {}, and the register began as {}",
            self.value(found),
            self.value(self.history.init)
        )
    }

    fn early(&self, earlier: u32, later: u32) -> (u32, Vec<u32>, String) {
        let (first, second) = (self.op(earlier), self.op(later));
        if second.found().is_some() && second.found() == first.written() {
            let reason = format!("it had finished before the {} began", self.told(earlier));
            return (later, vec![later, earlier], reason);
        }
        let reason = format!(
            "it began after the {} had finished, which by the compare-and-sets between them came \
             after it",
            self.told(later)
        );
        (earlier, vec![later, earlier], reason)
    }

    fn crossed(
        &self,
        a_end: Option<u32>,
        b_begin: u32,
        b_end: u32,
        a_begin: u32,
    ) -> (u32, Vec<u32>, String) {
        let between = if b_begin == b_end {
            format!("the {} had finished before it began", self.told(b_end))
        } else {
            format!(
                "the {} had finished before it began, as had what the {} goes with",
                self.told(b_end),
                self.told(b_begin)
            )
        };
        let held = match self.op(a_begin).found().or(self.op(a_begin).written()) {
            Some(value) => self.value(value).to_string(),
            None => "that value".to_owned(),
        };
        let (replaced, mut story) = match a_end {
            Some(a_end) => (
                format!(
                    "and since the {} had finished before the {} began, that replaced {held} \
                     for good",
                    self.told(a_end),
                    self.told(b_begin)
                ),
                vec![a_end],
            ),
            None => (
                format!("and that replaced the initial {held} for good"),
                Vec::new(),
            ),
        };
        story.push(b_begin);
        if b_end != b_begin {
            story.push(b_end);
        }
        story.push(a_begin);
        (a_begin, story, format!("{between}, {replaced}"))
    }
}
