//! The smallest part of a history that shows the same anomaly.
//!
//! Of the keys a finding is about, a history of some of the transactions, each with what it did
//! with these keys, keeps every model the whole one keeps, if all that was read is there. So the
//! transactions of the story are taken together with those that wrote what they read, fed to the
//! checker again, and left out as long as it finds the same, and nothing that it did not find in
//! the whole history ([`least`]).

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};

use super::codes::Code;
use super::history::{History, Mop, MopKind, NEVER, Outcome, TxnId};
use super::vocabulary::Vocabulary;
use crate::budget::Budget;
use crate::report::Report;
use crate::shrink::{FINDINGS_SHRUNK_MAX, Minimal, UNITS_MAX, shared_keys};
use crate::value::MicroF;
use crate::{Op, OpType, Process, Value};

/// Adds to the first finding of each anomaly the transactions it takes. `again` judges a history.
pub(super) fn shrink(
    history: &History,
    report: &mut Report,
    budget: &Budget,
    again: impl Fn(&[Op], &Budget) -> Report,
) {
    let whole = anomalies(report);
    let mut shrunk: Vec<&'static str> = Vec::new();
    for finding in &mut report.findings {
        if shrunk.len() == FINDINGS_SHRUNK_MAX || shrunk.contains(&finding.anomaly) {
            continue;
        }
        shrunk.push(finding.anomaly);
        let part = Part::of(history, &finding.ops);
        let Some(txns) = part.txns() else {
            continue;
        };
        let minimal = Minimal::of(txns, budget, |kept, budget| {
            let found = anomalies(&again(&part.ops(kept), budget));
            Some(found.contains(finding.anomaly) && found.is_subset(&whole))
        });
        if let Some(minimal) = minimal {
            let keys = part.keys.iter().map(|key| history.key_text(*key));
            let keys: Vec<String> = keys.collect();
            finding.details["minimal"] = minimal.told(history.indices(&minimal.kept), &keys);
        }
    }
}

fn anomalies(report: &Report) -> BTreeSet<String> {
    let names = report
        .figures
        .get("anomalies")
        .and_then(|names| names.as_array());
    let names = names.into_iter().flatten().filter_map(|name| name.as_str());
    names.map(str::to_owned).collect()
}

/// The keys a story is about.
struct Part<'h> {
    history: &'h History,
    story: Vec<TxnId>,
    keys: Vec<u32>,
}

impl<'h> Part<'h> {
    /// The keys that two transactions of the story touch, or the only one does.
    fn of(history: &'h History, ops: &[u64]) -> Part<'h> {
        let told: FxHashSet<u64> = ops.iter().copied().collect();
        let is_told = |txn: &TxnId| {
            let indices = history.txn(*txn).indices;
            indices.iter().all(|index| told.contains(index))
        };
        let story: Vec<TxnId> = (0..history.txns.len() as TxnId).filter(is_told).collect();
        let keys = |txn: &TxnId| history.mops_of(*txn).iter().map(|mop| mop.key).collect();
        let touched: Vec<Vec<u32>> = story.iter().map(keys).collect();
        let keys = shared_keys(&touched);
        Part {
            history,
            story,
            keys,
        }
    }

    fn mops(&self, txn: TxnId) -> impl Iterator<Item = &'h Mop> {
        let mops = self.history.mops_of(txn).iter();
        mops.filter(|mop| self.keys.binary_search(&mop.key).is_ok())
    }

    /// The story's transactions and all that wrote what they read of the keys; `None` where they
    /// are too many.
    fn txns(&self) -> Option<Vec<TxnId>> {
        let mut writers: FxHashMap<(u32, Code), TxnId> = FxHashMap::default();
        let mut adders: Vec<TxnId> = Vec::new();
        let mut longest: FxHashMap<u32, (u32, TxnId)> = FxHashMap::default();
        for txn in 0..self.history.txns.len() as TxnId {
            for mop in self.mops(txn) {
                if mop.kind == MopKind::Write {
                    writers.insert((mop.key, mop.value), txn);
                    // A sum does not say whose amounts are in it.
                    let is_sum = self.history.vocabulary == Vocabulary::Counters;
                    adders.extend(is_sum.then_some(txn));
                }
                if mop.is_collection() {
                    let known = longest.entry(mop.key).or_insert((mop.value, txn));
                    if known.0 < mop.value {
                        *known = (mop.value, txn);
                    }
                }
            }
        }
        let mut all: BTreeSet<TxnId> = BTreeSet::new();
        let mut open = self.story.clone();
        open.extend(adders);
        // The longest list is the order of its key, the largest set has all that is ordered.
        open.extend(longest.values().map(|(_, txn)| *txn));
        while let Some(txn) = open.pop() {
            if !all.insert(txn) {
                continue;
            }
            if all.len() > UNITS_MAX {
                return None;
            }
            for mop in self.mops(txn) {
                let single = [mop.value];
                let seen = match mop.kind {
                    MopKind::Read => &single[..],
                    _ => self.history.elements(mop),
                };
                open.extend(
                    seen.iter()
                        .filter_map(|value| writers.get(&(mop.key, *value))),
                );
            }
        }
        Some(all.into_iter().collect())
    }

    /// The events of some transactions, with what they did with the keys.
    fn ops(&self, txns: &[TxnId]) -> Vec<Op> {
        let mut events: Vec<(u32, Op)> = Vec::new();
        for txn in txns {
            let row = self.history.txn(*txn);
            if row.invoked {
                events.push((row.begin, self.op(*txn, OpType::Invoke, 0)));
            }
            let kind = match row.outcome {
                Outcome::Ok => OpType::Ok,
                Outcome::Fail => OpType::Fail,
                Outcome::Info => continue,
            };
            if row.end != NEVER {
                events.push((row.end, self.op(*txn, kind, 1)));
            }
        }
        events.sort_by_key(|(at, _)| *at);
        events.into_iter().map(|(_, op)| op).collect()
    }

    fn op(&self, txn: TxnId, kind: OpType, side: usize) -> Op {
        let row = self.history.txn(txn);
        let mops = self.mops(txn).map(|mop| {
            let f = match mop.kind {
                MopKind::Write => self.history.vocabulary.write(),
                _ => MicroF::Read,
            };
            let value = match mop.kind {
                MopKind::Write => self.value(mop.value),
                MopKind::Read if kind == OpType::Ok => self.value(mop.value),
                MopKind::ReadList | MopKind::ReadSet if kind == OpType::Ok => {
                    let elements = self.history.elements(mop).iter();
                    Value::List(elements.map(|e| self.value(*e)).collect())
                }
                _ => Value::Nil,
            };
            let key = self.value(self.history.keys.codes[mop.key as usize]);
            Value::List(vec![Value::keyword(f.name()), key, value])
        });
        Op {
            index: row.indices[side],
            time: row.times[side],
            kind,
            process: Process::Client(row.process),
            f: super::FUNCTIONS[0].into(),
            value: Value::List(mops.collect()),
            ..Op::default()
        }
    }

    fn value(&self, code: Code) -> Value {
        self.history.codes.value(code)
    }
}
