//! Violations told in words, with the operations they are about.

use serde_json::{Value as Json, json};

use crate::budget::Exhausted;
use crate::linearizable::calls::{Call, Calls};
use crate::linearizable::explain::{Cause, Stuck};
use crate::linearizable::minimal::Core;
use crate::linearizable::model::Interval;
use crate::linearizable::vocabulary::{Contradiction, Piece, Vocabulary};
use crate::report::Finding;
use crate::story::{self, when};
use crate::value::Value;

/// Concurrent operations listed in one finding.
const CONCURRENT_MAX: usize = 40;

/// Operations of a linearized prefix whose indices a finding gives: the last ones.
const PREFIX_MAX: usize = 200;

/// The anomaly that every method finds, and that of sequential consistency.
const NONLINEARIZABLE: &str = "nonlinearizable";
const NONSEQUENTIAL: &str = "nonsequential";

/// All that is known of why a key has no order.
pub(crate) struct Evidence<'a> {
    pub cause: &'a Cause,
    /// Where a search got stuck, if one was made.
    pub stuck: Option<&'a Stuck>,
    pub core: Option<Core>,
}

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

    /// The key for programs.
    pub fn key(&self) -> Json {
        story::json(self.history.keys.value(self.key))
    }

    fn call(&self, op: u32) -> &Call<V::Op> {
        &self.history.calls[self.calls[op as usize] as usize]
    }

    /// The operation without its time: `read of 3`.
    fn name(&self, op: u32) -> String {
        self.history.vocabulary.tell(&self.ops[op as usize].op)
    }

    /// The operation with when it finished (else began) and by whom.
    pub fn told(&self, op: u32) -> String {
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
            "key": story::json(self.history.keys.value(call.key)),
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

    /// The finding: in words what cannot be explained and why, and for programs, in `details`:
    ///
    /// - `key`: the object; `method`: what decided;
    /// - `operation`: the one that cannot be placed (`op`, `key`, `process`, `invoke` and
    ///   `complete` as indices, `begin_ns` and `end_ns`, `indefinite`);
    /// - `possible_states`: what the object can have been just before it, at most 16;
    /// - `concurrent`: the operations around it, at most 40 of `concurrent_count`;
    /// - `linearized`: how many operations before it have an order, `last_linearized`: the last of
    ///   them, `prefix`: the indices of the last 200, in that order;
    /// - `minimal`: operations that have no order whatever the others did, `minimal_is_least`:
    ///   whether none of them can be left out;
    /// - `contradiction`: the operations named in words, where a direct method decided.
    pub fn finding(&self, evidence: &Evidence<'_>) -> Finding {
        let cause = evidence.cause;
        let (summary, told) = match cause {
            Cause::Stuck(_, stuck) => (self.nowhere(stuck), None),
            Cause::Contradiction(_, found) => (self.contradiction(found), Some(found)),
        };
        let about = evidence.stuck.map_or(cause.about(), |stuck| stuck.op);
        let concurrent = self.concurrent_with(about);
        let mut summary = format!("{}{summary}", self.subject());
        if about != cause.about()
            && let Some(stuck) = evidence.stuck
        {
            summary = format!("{summary}. First {}", self.nowhere(stuck));
        }
        let listed = &concurrent[..concurrent.len().min(CONCURRENT_MAX)];
        let story = match told {
            Some(found) => found.story.clone(),
            None => [&[about], listed].concat(),
        };
        let mut details = json!({
            "key": self.key(),
            "method": cause.method(),
            "operation": self.json(about),
            "concurrent": self.list(listed),
            "concurrent_count": concurrent.len(),
        });
        if let Some(found) = told {
            details["contradiction"] = self.list(&found.story).into();
        }
        if let Some(stuck) = evidence.stuck {
            self.add_prefix(stuck, &mut details);
        }
        if let Some(core) = &evidence.core {
            self.add_core(core, &mut details);
        }
        self.about(NONLINEARIZABLE, summary, &story, details)
    }

    /// The finding that no order keeps that of each process. Its `details` are as of the other,
    /// but for what real time tells: `key`, `method`, `operation`, `possible_states`, the prefix
    /// and what is minimal.
    pub fn without_order(&self, stuck: &Stuck, core: Option<Core>) -> Finding {
        let summary = format!(
            "{}{} cannot be explained by any order that keeps that of each process: after the \
             longest there is, the {} can only have held {}",
            self.subject(),
            self.told(stuck.op),
            self.history.vocabulary.object(),
            story::either(&stuck.states),
        );
        let mut details = json!({
            "key": self.key(),
            "method": "process-order",
            "operation": self.json(stuck.op),
        });
        self.add_prefix(stuck, &mut details);
        let mut story = vec![stuck.op];
        if let Some(core) = core {
            self.add_core(&core, &mut details);
            story.extend(core.ops.iter().filter(|op| **op != stuck.op));
            story.truncate(CONCURRENT_MAX);
        }
        self.about(NONSEQUENTIAL, summary, &story, details)
    }

    /// A finding about the first operation of the story.
    fn about(
        &self,
        anomaly: &'static str,
        summary: String,
        story: &[u32],
        details: Json,
    ) -> Finding {
        let finish = self.history.moment(self.call(story[0]).finish);
        Finding {
            anomaly,
            summary,
            ops: story.iter().map(|op| self.index(*op)).collect(),
            time: finish.and_then(|m| m.time),
            details,
        }
    }

    fn add_core(&self, core: &Core, details: &mut Json) {
        details["minimal"] = self.list(&core.ops).into();
        details["minimal_is_least"] = core.is_least.into();
    }

    fn add_prefix(&self, stuck: &Stuck, details: &mut Json) {
        let prefix = &stuck.prefix;
        let tail = &prefix[prefix.len().saturating_sub(PREFIX_MAX)..];
        let indices: Vec<u64> = tail.iter().map(|op| self.index(*op)).collect();
        details["possible_states"] = stuck.states.clone().into();
        details["linearized"] = prefix.len().into();
        details["last_linearized"] = prefix.last().map_or(Json::Null, |op| self.json(*op));
        details["prefix"] = indices.into();
    }

    /// What a search says that placed everything before one operation, and could not place that.
    fn nowhere(&self, stuck: &Stuck) -> String {
        format!(
            "{} cannot be explained: just before it the {} can only have held {}, whatever \
             the order of the operations before and around it",
            self.told(stuck.op),
            self.history.vocabulary.object(),
            story::either(&stuck.states),
        )
    }

    /// What contradicts itself.
    fn contradiction(&self, found: &Contradiction) -> String {
        let reason: String = found
            .reason
            .iter()
            .map(|piece| match piece {
                Piece::Text(text) => text.clone(),
                Piece::Told(op) => self.told(*op),
            })
            .collect();
        format!("{} cannot be explained: {reason}", self.told(found.about))
    }

    fn concurrent_with(&self, op: u32) -> Vec<u32> {
        let this = &self.ops[op as usize];
        (0..self.ops.len() as u32)
            .filter(|&other| other != op)
            .filter(|&other| self.ops[other as usize].start < this.finish)
            .filter(|&other| this.start < self.ops[other as usize].finish)
            .collect()
    }

    /// How far a decision came that was not made, and what was too much: `key`, `operations`,
    /// `configurations` visited, `longest_linearized_prefix`, and as of a finding the `operation`
    /// that no attempt got past with what is known of it; `reason` says it in words.
    pub fn unfinished(&self, why: Exhausted, stuck: Option<&Stuck>, visited: usize) -> Json {
        let mut far = json!({
            "key": self.key(),
            "reason": why.to_string(),
            "operations": self.calls.len(),
            "configurations": visited,
            "longest_linearized_prefix": 0,
        });
        let Some(stuck) = stuck.filter(|stuck| !stuck.states.is_empty()) else {
            return far;
        };
        let concurrent = self.concurrent_with(stuck.op);
        let is_open = |op: &&u32| self.ops[**op as usize].is_indefinite();
        let open = concurrent.iter().filter(is_open).count();
        far["reason"] = Json::from(format!(
            "{}{why}: {} of {} operations have an order, and no way was found past the {}, with \
             {} operations around it, {open} of them indefinite, after {visited} configurations",
            self.subject(),
            stuck.prefix.len(),
            self.ops.len(),
            self.told(stuck.op),
            concurrent.len(),
        ));
        far["longest_linearized_prefix"] = stuck.prefix.len().into();
        far["operation"] = self.json(stuck.op);
        far["concurrent_count"] = concurrent.len().into();
        far["concurrent_indefinite"] = open.into();
        self.add_prefix(stuck, &mut far);
        far
    }
}
