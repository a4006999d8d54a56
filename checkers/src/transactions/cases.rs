//! What is found in the history itself, without a cycle: counted, and a few of each kept.

use std::collections::BTreeMap;

use serde_json::{Value as Json, json};

use super::codes::Code;
use super::history::{History, Mop, MopKind, Outcome, TxnId};
use crate::lattice::Anomaly;

/// Cases of an anomaly kept with their evidence.
const KEPT_MAX: usize = 8;

#[derive(Debug)]
pub(super) struct Case {
    pub summary: String,
    pub txns: Vec<TxnId>,
    pub details: Json,
}

#[derive(Debug, Default)]
pub(super) struct Tally {
    pub count: u64,
    pub first: Vec<Case>,
}

#[derive(Debug, Default)]
pub(super) struct Cases {
    pub by_anomaly: BTreeMap<Anomaly, Tally>,
}

impl Cases {
    /// Counts a case; its evidence is only put together if it is one of the first.
    pub fn add(&mut self, anomaly: Anomaly, case: impl FnOnce() -> Case) {
        let tally = self.by_anomaly.entry(anomaly).or_default();
        tally.count += 1;
        if tally.first.len() < KEPT_MAX {
            tally.first.push(case());
        }
    }
}

/// Elements of a list shown at the end, where it is long.
const TAIL: usize = 3;

impl History {
    /// How sentences name a transaction: by the index it is found under.
    pub fn told(&self, txn: TxnId) -> String {
        let row = self.txn(txn);
        let index = match row.outcome {
            Outcome::Info => row.indices[0],
            _ => row.indices[1],
        };
        format!("the transaction at op {index} (process {})", row.process)
    }

    /// A list as sentences show it: `[1 2]`, `[… 7 8 9]`.
    pub fn list_text(&self, elements: &[Code]) -> String {
        format!("[{}]", self.tail_text(elements))
    }

    /// A set as sentences show it: `#{1 2}`, `#{… 7 8 9}`.
    pub fn set_text(&self, elements: &[Code]) -> String {
        let mut sorted = elements.to_vec();
        sorted.sort_unstable();
        format!("#{{{}}}", self.tail_text(&sorted))
    }

    fn tail_text(&self, elements: &[Code]) -> String {
        let (dots, shown) = match elements.len() {
            0..=4 => ("", elements),
            long => ("… ", &elements[long - TAIL..]),
        };
        let shown: Vec<String> = shown.iter().map(|code| self.codes.text(*code)).collect();
        format!("{dots}{}", shown.join(" "))
    }

    /// What a read saw.
    pub fn seen_text(&self, mop: &Mop) -> String {
        match mop.kind {
            MopKind::ReadList => self.list_text(self.elements(mop)),
            MopKind::ReadSet => self.set_text(self.elements(mop)),
            _ => self.codes.text(mop.value),
        }
    }

    /// A transaction for programs.
    pub fn txn_json(&self, txn: TxnId) -> Json {
        let row = self.txn(txn);
        let mops = self.mops_of(txn).iter().map(|mop| {
            let key = self.key_text(mop.key);
            match mop.kind {
                MopKind::Write => {
                    let name = self.vocabulary.write().name();
                    format!("{name} {key} {}", self.codes.text(mop.value))
                }
                MopKind::Unknown => format!("r {key} ?"),
                _ => format!("r {key} {}", self.seen_text(mop)),
            }
        });
        json!({
            "index": row.indices[0],
            "completion_index": row.indices[1],
            "process": row.process,
            "invoked_at": row.times[0],
            "completed_at": row.times[1],
            "outcome": match row.outcome {
                Outcome::Ok => "ok",
                Outcome::Fail => "fail",
                Outcome::Info => "info",
            },
            "micro_operations": mops.collect::<Vec<String>>(),
        })
    }
}
