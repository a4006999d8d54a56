//! Cycles told an edge at a time, each with why it is there.
//!
//! The graph keeps kinds of edges only: the reason is found again from the two transactions.

mod counters;
mod sets;

use serde_json::{Value as Json, json};

use super::codes::Code;
use super::history::{History, Mop, MopKind, NEVER, TxnId};
use super::phenomena::Witness;
use super::vocabulary::Vocabulary;
use crate::graph::cycles::Edge;
use crate::graph::{Kinds, PROCESS, REALTIME, RW, WR, WW};
use crate::lattice::{AnomalySet, ruled_out};
use crate::report::Finding;
use crate::story::seconds;

/// " and 3 others", or nothing.
pub(super) fn others(count: usize) -> String {
    match count {
        0 => String::new(),
        1 => ", as did one other".to_owned(),
        more => format!(", as did {more} others"),
    }
}

/// An edge between transactions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Step {
    pub from: TxnId,
    pub to: TxnId,
    pub kind: Kinds,
}

/// Transactions in the order in which a story names them: T1, T2, …
#[derive(Debug, Default)]
pub(super) struct Labels {
    txns: Vec<TxnId>,
}

impl Labels {
    /// The name of a transaction, a new one if it had none.
    pub fn of(&mut self, txn: TxnId) -> String {
        let known = self.txns.iter().position(|known| *known == txn);
        let at = known.unwrap_or_else(|| {
            self.txns.push(txn);
            self.txns.len() - 1
        });
        format!("T{}", at + 1)
    }

    pub fn txns(&self) -> &[TxnId] {
        &self.txns
    }

    /// All named transactions for programs.
    pub fn json(&self, history: &History) -> Vec<Json> {
        let named = (1..).zip(&self.txns);
        let json = named.map(|(number, txn)| {
            let mut json = history.txn_json(*txn);
            json["label"] = format!("T{number}").into();
            json
        });
        json.collect()
    }
}

/// Leaves the waypoints out: an edge into one is one to the transaction it leads to.
pub(super) fn steps(cycle: &[Edge], txns: usize) -> Vec<Step> {
    let is_txn = |node: u32| (node as usize) < txns;
    let mut steps: Vec<Step> = Vec::new();
    for edge in cycle {
        if is_txn(edge.from) {
            steps.push(Step {
                from: edge.from,
                to: edge.to,
                kind: edge.kind,
            });
        } else if let Some(last) = steps.last_mut() {
            last.to = edge.to;
        }
    }
    steps
}

pub(super) fn kind_name(kind: Kinds) -> &'static str {
    match kind {
        WW => "ww",
        WR => "wr",
        RW => "rw",
        PROCESS => "process",
        _ => "realtime",
    }
}

impl History {
    /// The finding of one cycle.
    pub(super) fn cycle(&self, witness: &Witness) -> Finding {
        let steps = steps(&witness.cycle, self.txns.len());
        let mut labels = Labels::default();
        let route: Vec<String> = steps.iter().map(|step| labels.of(step.from)).collect();
        let mut told = Vec::new();
        let mut edges = Vec::new();
        for step in &steps {
            let (from, to) = (labels.of(step.from), labels.of(step.to));
            let (why, key) = self.reason(step, &from, &to);
            edges.push(json!({
                "from": from,
                "to": to,
                "kind": kind_name(step.kind),
                "key": key,
                "why": why,
            }));
            told.push(why);
        }
        let out = ruled_out([witness.anomaly].into_iter().collect::<AnomalySet>());
        let weakest: Vec<&str> = out.weakest().into_iter().map(|m| m.name()).collect();
        Finding {
            anomaly: witness.anomaly.name(),
            summary: format!(
                "{} → {}, so each would have to come before itself: {}",
                route.join(" → "),
                route[0],
                told.join("; ")
            ),
            ops: self.indices(labels.txns()),
            time: labels
                .txns()
                .iter()
                .filter_map(|txn| self.txn(*txn).times[1])
                .max(),
            details: json!({
                "cycle": edges,
                "transactions": labels.json(self),
                "rules_out": weakest,
            }),
        }
    }

    /// Invocation and completion of each, in the order of the story.
    pub(super) fn indices(&self, txns: &[TxnId]) -> Vec<u64> {
        let mut indices = Vec::new();
        for txn in txns {
            let row = self.txn(*txn);
            indices.extend(row.indices);
            if row.indices[0] == row.indices[1] {
                indices.pop();
            }
        }
        indices
    }

    pub(super) fn reason(&self, step: &Step, from: &str, to: &str) -> (String, Option<String>) {
        let (a, b) = (self.txn(step.from), self.txn(step.to));
        match step.kind {
            PROCESS => (
                format!("process {} ran {from} before {to}", a.process),
                None,
            ),
            REALTIME => {
                let why = match (a.times[1], b.times[0]) {
                    (Some(end), Some(begin)) if a.end != NEVER => format!(
                        "{from} had completed at {} when {to} was invoked at {}",
                        seconds(end),
                        seconds(begin)
                    ),
                    _ => format!("{from} had completed when {to} was invoked"),
                };
                (why, None)
            }
            kind => {
                let found = match self.vocabulary {
                    Vocabulary::Lists => self.list_reason(step, from, to),
                    Vocabulary::Registers => self.register_reason(step, from, to),
                    Vocabulary::Counters => self.counter_reason(step, from, to),
                    Vocabulary::Sets => self.set_reason(step, from, to),
                };
                found.map_or_else(
                    || {
                        (
                            format!("{to} depends on {from} ({})", kind_name(kind)),
                            None,
                        )
                    },
                    |(why, key)| (why, Some(self.key_text(key))),
                )
            }
        }
    }

    pub(super) fn writes(&self, txn: TxnId) -> impl Iterator<Item = &Mop> {
        let mops = self.mops_of(txn).iter();
        mops.filter(|mop| mop.kind == MopKind::Write)
    }

    pub(super) fn reads(&self, txn: TxnId) -> impl Iterator<Item = &Mop> {
        self.mops_of(txn).iter().filter(|mop| mop.is_read())
    }

    /// The write of `txn` that comes first after the first `length` versions of the key, and
    /// whether it was ever read.
    pub(super) fn next_append(&self, txn: TxnId, key: u32, length: usize) -> Option<(Code, usize)> {
        let lists = &self.lists[key as usize];
        let order = lists.branch(lists.longest());
        let at = |mop: &Mop| order.iter().position(|element| *element == mop.value);
        self.writes(txn)
            .filter(|mop| mop.key == key)
            .map(|mop| (mop.value, at(mop).unwrap_or(usize::MAX)))
            .filter(|(_, at)| *at >= length)
            .min_by_key(|(_, at)| *at)
    }

    fn list_reason(&self, step: &Step, from: &str, to: &str) -> Option<(String, u32)> {
        if step.kind == WR {
            let wrote = |txn: TxnId, key: u32, element: Code| {
                let mut writes = self.writes(txn);
                writes.any(|mop| mop.key == key && mop.value == element)
            };
            // What the reader appended itself comes after what it found.
            let (read, element) = self.reads(step.to).find_map(|read| {
                let mut seen = self.elements(read).iter().rev().copied();
                let found = seen.find(|element| !wrote(step.to, read.key, *element))?;
                wrote(step.from, read.key, found).then_some((read, found))
            })?;
            let (key, seen) = (self.key_text(read.key), self.seen_text(read));
            let element = self.codes.text(element);
            let why = format!("{to} read {key} = {seen}, whose {element} {from} appended");
            return Some((why, read.key));
        }
        let place = |mop: &Mop| {
            let lists = &self.lists[mop.key as usize];
            let order = lists.branch(lists.longest());
            order.iter().position(|element| *element == mop.value)
        };
        let (distance, mop, next) = self
            .mops_of(step.from)
            .iter()
            .filter(|mop| match step.kind {
                WW => mop.kind == MopKind::Write,
                _ => mop.kind == MopKind::ReadList,
            })
            .filter_map(|mop| {
                let length = match mop.kind {
                    MopKind::Write => place(mop)? + 1,
                    _ => mop.value as usize,
                };
                let (next, at) = self.next_append(step.to, mop.key, length)?;
                Some((at.saturating_sub(length), mop, next))
            })
            .min_by_key(|(distance, ..)| *distance)?;
        Some((self.append_reason(mop, (next, distance), from, to), mop.key))
    }

    /// Why `to` comes after `from`: it appended what comes next, so far behind what `mop` of `from`
    /// appended or read.
    pub(super) fn append_reason(
        &self,
        mop: &Mop,
        (next, distance): (Code, usize),
        from: &str,
        to: &str,
    ) -> String {
        let (key, next) = (self.key_text(mop.key), self.codes.text(next));
        let unseen = match distance {
            0..=0xffff_ffff => "",
            _ => " (no read shows it, so it is behind all that are shown)",
        };
        match mop.kind {
            MopKind::Write => {
                let before = self.codes.text(mop.value);
                format!("{to} appended {next} to {key} after {from} appended {before}{unseen}")
            }
            _ => {
                let seen = self.seen_text(mop);
                format!("{to} appended {next} to {key} after {from} read {key} = {seen}{unseen}")
            }
        }
    }

    fn register_reason(&self, step: &Step, from: &str, to: &str) -> Option<(String, u32)> {
        if step.kind == WR {
            let read = self.reads(step.to).find(|read| {
                let mut writes = self.writes(step.from);
                writes.any(|mop| mop.key == read.key && mop.value == read.value)
            })?;
            let (key, seen) = (self.key_text(read.key), self.seen_text(read));
            return Some((
                format!("{to} read {key} = {seen}, which {from} wrote"),
                read.key,
            ));
        }
        let of_kind = |mop: &&Mop| match step.kind {
            WW => mop.kind == MopKind::Write,
            _ => mop.kind == MopKind::Read,
        };
        let mops = self.mops_of(step.from).iter().filter(of_kind);
        let (sure, mop, next) = mops
            .filter_map(|mop| {
                let (sure, next) = self.overwritten(mop, step.to)?;
                Some((sure, mop, next))
            })
            .min_by_key(|(sure, ..)| *sure)?;
        let (key, before) = (self.key_text(mop.key), self.codes.text(mop.value));
        let next = self.codes.text(next.value);
        let did = if step.kind == WW { "wrote" } else { "read" };
        let because = match sure {
            0 => " (it had read that value)",
            1 => " (the initial value)",
            _ => " (by the order of the versions)",
        };
        let why = format!("{to} wrote {key} = {next} after {from} {did} {key} = {before}{because}");
        Some((why, mop.key))
    }

    /// The write of `txn` in the place of what this one saw or wrote, and how sure it is that it
    /// came after: 0 where the transaction had read that itself, 1 where that was the initial
    /// value, else 2.
    fn overwritten(&self, mop: &Mop, txn: TxnId) -> Option<(u32, &Mop)> {
        let mut writes = self.writes(txn);
        let next = writes.find(|write| write.key == mop.key && write.value != mop.value)?;
        let same = |other: &Mop| other.key == mop.key && other.value == mop.value;
        if self.reads(txn).any(same) {
            return Some((0, next));
        }
        let written = |other: &Mop| other.kind == MopKind::Write && same(other);
        Some((if self.mops.iter().any(written) { 2 } else { 1 }, next))
    }
}
