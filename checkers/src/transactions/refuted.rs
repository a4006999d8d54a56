//! Why no order of the versions fits, in words: the cycle that is left in any case, and for each
//! order of writers it rests on, what is wrong with the other.

use serde_json::{Value as Json, json};

use super::history::{History, MopKind, TxnId};
use super::serialization::Method;
use super::story::{Labels, Step, kind_name, steps};
use crate::graph::cycles::Edge;
use crate::graph::topology::Tagged;
use crate::graph::{PROCESS, REALTIME, RW, THROUGH, WR, WW};
use crate::isolation::polygraph::{Choice, Form, INIT, Polygraph};
use crate::isolation::refutation::{Forced, Refutation, Why};
use crate::report::Finding;

/// Forced orders told in the summary; the details have more of them.
const FORCED_TOLD_MAX: usize = 3;
const FORCED_KEPT_MAX: usize = 64;

struct Teller<'a, 'g> {
    history: &'a History,
    polygraph: &'a Polygraph<'g>,
    refutation: &'a Refutation,
    labels: Labels,
}

impl History {
    /// The finding of what a search refuted.
    pub(super) fn refuted(
        &self,
        method: Method,
        polygraph: &Polygraph,
        refutation: &Refutation,
    ) -> Finding {
        let mut teller = Teller {
            history: self,
            polygraph,
            refutation,
            labels: Labels::default(),
        };
        let told = teller.cycle(&refutation.cycle);
        let mut reasons = Vec::new();
        for forced in refutation.forced.iter().rev().take(FORCED_KEPT_MAX) {
            reasons.extend(teller.because(forced));
        }
        let sentences: Vec<&str> = reasons
            .iter()
            .take(FORCED_TOLD_MAX)
            .filter_map(|reason| reason["why"].as_str())
            .collect();
        let what = match method.form {
            Form::Serial => "no serial order of the transactions",
            Form::Snapshot => "no order of snapshots and commits",
            Form::Prefix => "no order of commits of which each transaction saw a beginning",
        };
        let because = match sentences.as_slice() {
            [] => String::new(),
            sentences => format!(". {}", sentences.join(". ")),
        };
        let txns = teller.labels.txns();
        Finding {
            anomaly: method.anomaly.name(),
            summary: format!(
                "{what} explains what was read: {}{because}",
                told["told"].as_str().unwrap_or_default()
            ),
            ops: self.indices(txns),
            time: txns.iter().filter_map(|txn| self.txn(*txn).times[1]).max(),
            details: json!({
                "cycle": told["edges"],
                "forced": reasons,
                "combinations_refuted": refutation.conflicts,
                "transactions": teller.labels.json(self),
            }),
        }
    }
}

impl Teller<'_, '_> {
    /// A cycle in words, and its edges.
    fn cycle(&mut self, cycle: &[Tagged]) -> Json {
        let is_txn = |edge: &Tagged| self.polygraph.txn_of(edge.from).is_some();
        let begin = cycle.iter().position(is_txn).unwrap_or(0);
        let cycle = cycle[begin..].iter().chain(&cycle[..begin]);
        let edges = cycle.filter_map(|edge| Some((edge, self.edge(edge)?)));
        let (tags, edges): (Vec<&Tagged>, Vec<Edge>) = edges.unzip();
        let tags: Vec<&Tagged> = tags.into_iter().filter(|edge| is_txn(edge)).collect();
        let mut told = Vec::new();
        let mut json = Vec::new();
        for (step, tag) in steps(&edges, self.history.txns.len()).iter().zip(tags) {
            let (from, to) = (self.label(step.from), self.label(step.to));
            let (why, key) = match self.refutation.choice(tag.tag) {
                Some(choice) => self.chosen(step, choice),
                None => self.history.reason(step, &from, &to),
            };
            json.push(json!({
                "from": from,
                "to": to,
                "kind": kind_name(step.kind),
                "key": key,
                "why": why,
            }));
            told.push(why);
        }
        json!({ "told": told.join("; "), "edges": json })
    }

    /// The node of the graph that an event belongs to.
    fn node(&self, event: u32) -> u32 {
        match self.polygraph.form {
            Form::Serial => event,
            _ => event / 2,
        }
    }

    /// An edge between events as one between transactions; `None` for those within one.
    fn edge(&self, edge: &Tagged) -> Option<Edge> {
        let (from, to) = (self.node(edge.from), self.node(edge.to));
        if from == to {
            return None;
        }
        if let Some(choice) = self.refutation.choice(edge.tag) {
            let (first, _) = choice.side(edge.tag % 2 == 1);
            let kind = if first == from { WW } else { RW };
            return Some(Edge { from, to, kind });
        }
        let is_rw = |event: u32| event.is_multiple_of(2);
        let all = WW | WR | RW | PROCESS | REALTIME | THROUGH;
        let kinds = self.polygraph.graph.out(from, all & self.polygraph.mask);
        let fits = |kind: u8| match self.polygraph.form {
            Form::Serial => true,
            _ => kind == THROUGH || (kind == RW) == is_rw(edge.from),
        };
        let mut kinds = kinds.filter(|(node, kind)| *node == to && fits(*kind));
        kinds.next().map(|(_, kind)| Edge { from, to, kind })
    }

    fn label(&mut self, txn: TxnId) -> String {
        self.labels.of(txn)
    }

    /// The value a transaction left in a key.
    fn left(&self, txn: TxnId, key: u32) -> String {
        let mut mops = self.history.mops_of(txn).iter().rev();
        let last = mops.find(|mop| mop.kind == MopKind::Write && mop.key == key);
        last.map_or_else(String::new, |mop| self.history.codes.text(mop.value))
    }

    /// What a chosen edge says.
    fn chosen(&mut self, step: &Step, choice: Choice) -> (String, Option<String>) {
        let (from, to) = (self.label(step.from), self.label(step.to));
        let key = self.history.key_text(choice.key);
        let writer = if choice.one == step.to {
            choice.other
        } else {
            choice.one
        };
        let value = self.left(step.to, choice.key);
        let why = match (step.kind, writer) {
            (RW, INIT) => {
                format!("{to} wrote {key} = {value} after {from} had read its initial value")
            }
            (RW, writer) => {
                let read = self.left(writer, choice.key);
                format!("{to} wrote {key} = {value} after {from} read {key} = {read}")
            }
            _ => {
                let before = self.left(writer, choice.key);
                format!("{to} wrote {key} = {value} after {from} wrote {key} = {before}")
            }
        };
        (why, Some(key))
    }

    /// Why a side of a choice is the only one.
    fn because(&mut self, forced: &Forced) -> Option<Json> {
        if forced.why == Why::Initial {
            return None;
        }
        let choice = self.refutation.choice(forced.literal)?;
        let (first, second) = choice.side(forced.literal % 2 == 1);
        let (one, other) = (self.label(first), self.label(second));
        let key = self.history.key_text(choice.key);
        let claim = format!("{one} wrote {key} before {other} did");
        let cycle = match &forced.why {
            Why::Cycle(cycle) => Some(self.cycle(cycle)),
            _ => None,
        };
        let why = match &cycle {
            Some(cycle) => {
                let told = cycle["told"].as_str().unwrap_or_default();
                format!("{claim}, or else {told}")
            }
            None => format!("{claim}, or else every choice would lead to a cycle"),
        };
        let edges = cycle.map(|cycle| cycle["edges"].clone());
        Some(json!({ "first": one, "second": other, "key": key, "why": why, "cycle": edges }))
    }
}
