//! Violations told in words, with the operations they are about.

use serde_json::{Value as Json, json};

use crate::linearizable::calls::{Call, Calls};
use crate::linearizable::model::{Interval, Model};
use crate::linearizable::search::Furthest;
use crate::linearizable::vocabulary::{Contradiction, Piece, Vocabulary};
use crate::report::Finding;
use crate::story::{self, when};
use crate::value::Value;

/// Concurrent operations listed in one finding.
const CONCURRENT_MAX: usize = 40;

/// The anomaly every method finds.
const ANOMALY: &str = "nonlinearizable";

/// Tells of one key's calls. `calls[i]` is the call of the operation `ops[i]`.
pub(crate) struct Teller<'a, V: Vocabulary> {
    pub history: &'a Calls<V>,
    pub key: u32,
    pub ops: &'a [Interval<V::Op>],
    pub calls: &'a [u32],
}

impl<V: Vocabulary> Teller<'_, V> {
    /// The key in words: the subject of a sentence, with its colon.
    fn subject(&self) -> String {
        match self.history.keys.value(self.key) {
            Value::Nil => String::new(),
            key => format!("key {key}: "),
        }
    }

    fn call(&self, op: u32) -> &Call<V::Op> {
        &self.history.calls[self.calls[op as usize] as usize]
    }

    /// The operation without its time: `read of 3`.
    fn name(&self, op: u32) -> String {
        self.history.vocabulary.tell(&self.ops[op as usize].op)
    }

    /// The operation with when it finished (else began) and by whom.
    fn told(&self, op: u32) -> String {
        let call = self.call(op);
        let moment = self.history.moment(call.finish);
        let moment = moment.or_else(|| self.history.moment(call.start));
        let at = moment.map(|m| when(m.index, m.time)).unwrap_or_default();
        format!("{} {at} by process {}", self.name(op), call.process)
    }

    /// The index of its completion, else of its invocation.
    pub fn index(&self, op: u32) -> u64 {
        let call = self.call(op);
        let moment = self.history.moment(call.finish);
        let moment = moment.or_else(|| self.history.moment(call.start));
        moment.map_or(0, |m| m.index)
    }

    fn json(&self, op: u32) -> Json {
        let call = self.call(op);
        let start = self.history.moment(call.start);
        let finish = self.history.moment(call.finish);
        json!({
            "op": self.name(op),
            "process": call.process,
            "invoke": start.map(|m| m.index),
            "complete": finish.map(|m| m.index),
            "begin_ns": start.and_then(|m| m.time),
            "end_ns": finish.and_then(|m| m.time),
            "indefinite": self.ops[op as usize].is_indefinite(),
        })
    }

    fn list(&self, ops: &[u32]) -> Vec<Json> {
        ops.iter().map(|op| self.json(*op)).collect()
    }

    fn finding(&self, summary: String, about: u32, story: &[u32], mut details: Json) -> Finding {
        details["key"] = story::json(self.history.keys.value(self.key));
        details["operation"] = self.json(about);
        let finish = self.history.moment(self.call(about).finish);
        Finding {
            anomaly: ANOMALY,
            summary: format!("{}{summary}", self.subject()),
            ops: story.iter().map(|op| self.index(*op)).collect(),
            time: finish.and_then(|m| m.time),
            details,
        }
    }

    /// The search placed everything before one operation, and could not place that. `core`: the
    /// operations that contradict each other whatever the others did, where they were found.
    pub fn stuck(
        &self,
        model: &V::Model,
        furthest: &Furthest<<V::Model as Model>::State>,
        core: Option<&[u32]>,
    ) -> Finding {
        let stuck = furthest.stuck as u32;
        let concurrent = self.concurrent_with(stuck);
        let vocabulary = &self.history.vocabulary;
        let states: Vec<String> = furthest
            .states
            .iter()
            .map(|state| vocabulary.tell_state(model, state))
            .collect();
        let summary = format!(
            "{} cannot be explained: just before it the {} can only have held {}, whatever \
             the order of the operations before and around it",
            self.told(stuck),
            vocabulary.object(),
            story::either(&states),
        );
        let mut story = vec![stuck];
        story.extend(concurrent.iter().take(CONCURRENT_MAX));
        let mut details = json!({
            "method": "search",
            "possible_states": states,
            "concurrent": self.list(&story[1..]),
            "concurrent_count": concurrent.len(),
            "linearized": furthest.prefix.len(),
            "last_linearized": furthest.prefix.last().map(|op| self.json(*op)),
        });
        if let Some(core) = core {
            details["minimal"] = Json::from(self.list(core));
        }
        self.finding(summary, stuck, &story, details)
    }

    fn concurrent_with(&self, op: u32) -> Vec<u32> {
        let this = &self.ops[op as usize];
        (0..self.ops.len() as u32)
            .filter(|&other| other != op)
            .filter(|&other| self.ops[other as usize].start < this.finish)
            .filter(|&other| this.start < self.ops[other as usize].finish)
            .collect()
    }

    /// A direct method found what contradicts itself.
    pub fn contradiction(&self, method: &str, found: &Contradiction) -> Finding {
        let reason: String = found
            .reason
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Told(op) => self.told(*op),
            })
            .collect();
        let summary = format!("{} cannot be explained: {reason}", self.told(found.about));
        let details = json!({ "method": method, "minimal": self.list(&found.story) });
        self.finding(summary, found.about, &found.story, details)
    }
}
