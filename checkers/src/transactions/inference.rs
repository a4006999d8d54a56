//! What the histories of lists and of registers have in common on their way to a graph: who
//! committed, who wrote a value, and whether that was one to be read.

use serde_json::json;

use super::cases::{Case, Cases};
use super::codes::{Code, CodeMap};
use super::history::{History, Mop, MopKind, Outcome, TxnId};
use crate::graph::{GraphBuilder, Kinds, Node};
use crate::lattice::Anomaly;

/// The graph in the making, and what was found on the way.
#[derive(Debug)]
pub(super) struct Inference<'h> {
    pub history: &'h History,
    pub builder: GraphBuilder,
    pub cases: Cases,
    /// By transaction: it took effect for sure.
    pub committed: Vec<bool>,
    /// Pairs of writes of one value, which make its key undecidable.
    pub ambiguous: Vec<[u32; 2]>,
    /// Of the key at hand: who wrote each value, as a number of a micro-operation.
    pub writers: CodeMap,
}

/// The writer of a value somebody read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Origin {
    Committed(TxnId),
    /// Whose transaction certainly did not happen.
    Aborted(TxnId),
    Nobody,
}

impl<'h> Inference<'h> {
    pub fn new(history: &'h History, committed: Vec<bool>) -> Inference<'h> {
        Inference {
            history,
            builder: GraphBuilder::with_nodes(history.txns.len() as u32),
            cases: Cases::default(),
            committed,
            ambiguous: Vec::new(),
            writers: CodeMap::default(),
        }
    }

    pub fn mop(&self, number: u32) -> &'h Mop {
        &self.history.mops[number as usize]
    }

    /// Learns who wrote what on a key. False where a value was written twice.
    pub fn learn_writers(&mut self, mops: &[u32]) -> bool {
        self.writers.clear();
        for &number in mops {
            let mop = self.mop(number);
            if mop.kind == MopKind::Write
                && let Some(other) = self.writers.insert(mop.value, number)
            {
                self.ambiguous.push([other, number]);
                return false;
            }
        }
        true
    }

    pub fn origin(&self, value: Code) -> Origin {
        let Some(number) = self.writers.get(value) else {
            return Origin::Nobody;
        };
        let txn = self.mop(number).txn;
        match self.history.txn(txn).outcome {
            Outcome::Fail => Origin::Aborted(txn),
            // Somebody read it, so it took effect.
            Outcome::Ok | Outcome::Info => Origin::Committed(txn),
        }
    }

    /// The value the writer put in the place of this one in the same transaction, if any.
    pub fn replaced_by(&self, value: Code) -> Option<&'h Mop> {
        let number = self.writers.get(value)?;
        let mop = self.mop(number);
        let mut own = self.history.mops_of(mop.txn).iter();
        own.by_ref().find(|other| std::ptr::eq(*other, mop));
        own.find(|other| other.key == mop.key && other.kind == MopKind::Write)
    }

    pub fn edge(&mut self, from: TxnId, to: TxnId, kind: Kinds) {
        self.builder.edge(from as Node, to as Node, kind);
    }

    /// Notes an anomaly of one read and the transactions behind it.
    pub fn misread(&mut self, anomaly: Anomaly, read: &Mop, others: &[TxnId], what: &str) {
        let history = self.history;
        self.cases.add(anomaly, || {
            let mut txns = others.to_vec();
            txns.push(read.txn);
            let key = history.key_text(read.key);
            let seen = history.seen_text(read);
            Case {
                summary: format!("{} read {key} = {seen}{what}", history.told(read.txn)),
                txns,
                details: json!({ "key": key, "read": seen }),
            }
        });
    }
}

/// Who committed: acknowledged transactions, and those of unknown outcome whose write was read.
/// `was_read` answers for a key and a value.
pub(super) fn committed(history: &History, was_read: impl Fn(u32, Code) -> bool) -> Vec<bool> {
    let observed = |txn: TxnId| {
        let mut mops = history.mops_of(txn).iter();
        mops.any(|mop| mop.kind == MopKind::Write && was_read(mop.key, mop.value))
    };
    (0..)
        .zip(&history.txns)
        .map(|(txn, row)| match row.outcome {
            Outcome::Ok => true,
            Outcome::Fail => false,
            Outcome::Info => observed(txn),
        })
        .collect()
}

/// Splits the micro-operations of a key by transaction.
pub(super) fn by_txn<'a>(history: &'a History, mops: &'a [u32]) -> impl Iterator<Item = &'a [u32]> {
    mops.chunk_by(|a, b| history.mops[*a as usize].txn == history.mops[*b as usize].txn)
}
