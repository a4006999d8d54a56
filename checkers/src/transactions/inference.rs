//! What the histories of all vocabularies have in common on their way to a graph: who
//! committed, who wrote a value, and whether that was one to be read.

use rustc_hash::FxHashSet;
use serde_json::json;

use super::cases::{Case, Cases};
use super::codes::{Code, CodeMap};
use super::history::{History, Mop, MopKind, Outcome, TxnId};
use crate::budget::{Exhausted, Meter};
use crate::graph::{GraphBuilder, Kinds, Node};
use crate::isolation::polygraph::Access;
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
    /// What each transaction did with each register, for what the order of versions leaves open.
    pub accesses: Vec<Access>,
    /// The keys were not all looked at: what is here is true, but not all there is.
    pub exhausted: Option<Exhausted>,
}

/// How the values of one key tell who depends on whom.
pub(super) trait Rules {
    /// Whether a value says who wrote it.
    const NAMES_WRITERS: bool = true;

    /// Who took effect for sure, by micro-operations by key and where those of each begin.
    fn committed(history: &History, _mops: &[u32], _begins: &[u32]) -> Vec<bool> {
        committed(history)
    }

    /// Checks what a transaction did with the key by itself.
    fn check_internal(&self, own: &[u32], inference: &mut Inference);

    /// Infers from the micro-operations of a key, whose writers are known.
    fn look(
        &mut self,
        key: u32,
        mops: &[u32],
        inference: &mut Inference,
        meter: &mut Meter,
    ) -> Result<(), Exhausted>;
}

/// Infers key after key, as far as the budget goes.
pub(super) fn infer<'h, R: Rules>(
    history: &'h History,
    rules: &mut R,
    meter: &mut Meter,
) -> Inference<'h> {
    let (mops, begins) = history.by_key();
    let mut inference = Inference::new(history, R::committed(history, &mops, &begins));
    for key in 0..history.keys.codes.len() {
        let mops = &mops[begins[key] as usize..begins[key + 1] as usize];
        let looked = inference.look(key as u32, mops, rules, meter);
        if let Err(exhausted) = looked {
            inference.exhausted = Some(exhausted);
            break;
        }
    }
    inference
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
            accesses: Vec::new(),
            exhausted: None,
        }
    }

    fn look<R: Rules>(
        &mut self,
        key: u32,
        mops: &[u32],
        rules: &mut R,
        meter: &mut Meter,
    ) -> Result<(), Exhausted> {
        for own in by_txn(self.history, mops) {
            meter.step(self.builder.bytes())?;
            rules.check_internal(own, self);
        }
        match !R::NAMES_WRITERS || self.learn_writers(mops) {
            true => rules.look(key, mops, self, meter),
            false => Ok(()),
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

    /// Notes acknowledged transactions that wrote the key after they had found the same in it.
    /// `updates` say what each found, and who; `seen` puts that into words.
    pub fn lost_updates(
        &mut self,
        key: u32,
        updates: &mut Vec<(u32, TxnId)>,
        did: &str,
        seen: impl Fn(u32) -> String,
    ) {
        let history = self.history;
        updates.retain(|(_, txn)| history.txn(*txn).outcome == Outcome::Ok);
        updates.sort_unstable();
        for same in updates.chunk_by(|a, b| a.0 == b.0) {
            if same.len() < 2 {
                continue;
            }
            self.cases.add(Anomaly::LostUpdate, || {
                let txns: Vec<TxnId> = same.iter().map(|(_, txn)| *txn).collect();
                let (seen, key) = (seen(same[0].0), history.key_text(key));
                Case {
                    summary: format!(
                        "{} and {} both read {key} = {seen} and then {did} it{}",
                        history.told(txns[0]),
                        history.told(txns[1]),
                        super::story::others(txns.len() - 2)
                    ),
                    txns,
                    details: json!({ "key": key, "read": seen }),
                }
            });
        }
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
fn committed(history: &History) -> Vec<bool> {
    let writes_of = |txn: TxnId| {
        let mops = history.mops_of(txn).iter();
        mops.filter(|mop| mop.kind == MopKind::Write)
            .map(|mop| (mop.key, mop.value))
    };
    let unknown = (0..)
        .zip(&history.txns)
        .filter(|(_, row)| row.outcome == Outcome::Info);
    let asked: FxHashSet<(u32, Code)> = unknown.flat_map(|(txn, _)| writes_of(txn)).collect();
    let read = history.read_of(&asked);
    (0..)
        .zip(&history.txns)
        .map(|(txn, row)| match row.outcome {
            Outcome::Ok => true,
            Outcome::Fail => false,
            Outcome::Info => writes_of(txn).any(|write| read.contains(&write)),
        })
        .collect()
}

/// Splits the micro-operations of a key by transaction.
pub(super) fn by_txn<'a>(history: &'a History, mops: &'a [u32]) -> impl Iterator<Item = &'a [u32]> {
    mops.chunk_by(|a, b| history.mops[*a as usize].txn == history.mops[*b as usize].txn)
}
