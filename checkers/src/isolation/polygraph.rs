//! Transactions on registers without an order of their versions: a polygraph (Papadimitriou, *The
//! serializability of concurrent database updates*, JACM 1979).
//!
//! What is known are edges. What is not are choices: of two writers of a key, one comes first, and
//! then everyone who read what it wrote comes before the other as well. A history keeps a level iff
//! the choices can be made so that no cycle arises. For serializability the cycle is one of
//! transactions. For snapshot isolation each transaction is two events, its snapshot and its commit
//! (Zhang et al., *Viper*, EuroSys 2023): dependencies lead from commit to snapshot,
//! anti-dependencies from snapshot to commit, so that a cycle of events is a cycle of transactions
//! without two anti-dependencies in a row. Consistent prefix is the same with writers of a key that
//! may run at once: only their commits are in order (Cerone, Bernardi & Gotsman, CONCUR 2015).

use crate::graph::topology::Tagged;
use crate::graph::{Graph, Kinds, Node, RW, THROUGH, WW};

/// What happens at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A transaction as a whole: serializability.
    Serial,
    /// A snapshot, and later a commit, with no other writer of its keys in between.
    Snapshot,
    /// A snapshot, and later a commit.
    Prefix,
}

/// Nobody wrote it: the source of a read of the initial value.
pub(crate) const INIT: u32 = u32::MAX;
/// The source where nothing was read.
pub(crate) const NOTHING: u32 = u32::MAX - 1;

/// What a transaction did with a key, as others see it: what it found there before it wrote
/// itself, and whether it left a value of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Access {
    pub key: u32,
    /// The transaction that had written what was found, [`INIT`] or [`NOTHING`].
    pub source: u32,
    pub txn: u32,
    pub writes: bool,
}

/// Two writers of a key of which one comes first: `one` where it is true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Choice {
    pub key: u32,
    /// The smaller number; other than the second it may be [`INIT`], and then it is the first.
    pub one: u32,
    pub other: u32,
}

impl Choice {
    /// The choice between two writers, and the side on which `first` comes first.
    pub fn between(key: u32, first: u32, second: u32) -> (Choice, bool) {
        let first_is_one = first == INIT || second != INIT && first < second;
        let (one, other) = match first_is_one {
            true => (first, second),
            false => (second, first),
        };
        (Choice { key, one, other }, first_is_one)
    }

    /// Who comes first and second on a side.
    pub fn side(self, one_first: bool) -> (u32, u32) {
        match one_first {
            true => (self.one, self.other),
            false => (self.other, self.one),
        }
    }
}

/// What all transactions did.
#[derive(Debug)]
pub(crate) struct Accesses {
    /// By key and source.
    all: Vec<Access>,
    /// Where those of each key begin.
    key_begins: Vec<u32>,
    /// Numbers of accesses by transaction, and where those of each begin.
    by_txn: Vec<u32>,
    begins: Vec<u32>,
}

impl Accesses {
    /// Those of transactions below `txns`.
    pub fn new(txns: u32, mut all: Vec<Access>) -> Accesses {
        all.sort_unstable();
        let keys = all.last().map_or(0, |last| last.key as usize + 1);
        let mut key_begins = vec![0u32; keys + 1];
        for access in &all {
            key_begins[access.key as usize + 1] += 1;
        }
        for key in 0..keys {
            key_begins[key + 1] += key_begins[key];
        }
        let mut begins = vec![0u32; txns as usize + 2];
        for access in &all {
            begins[access.txn as usize + 2] += 1;
        }
        for txn in 2..begins.len() {
            begins[txn] += begins[txn - 1];
        }
        let mut by_txn = vec![0; all.len()];
        for (number, access) in (0..).zip(&all) {
            let next = &mut begins[access.txn as usize + 1];
            by_txn[*next as usize] = number;
            *next += 1;
        }
        begins.pop();
        Accesses {
            all,
            key_begins,
            by_txn,
            begins,
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        let numbers = self.by_txn.len() + self.begins.len() + self.key_begins.len();
        let accesses = self.all.len() * size_of::<Access>();
        (accesses + numbers * size_of::<u32>()) as u64
    }

    pub fn txns(&self) -> u32 {
        self.begins.len() as u32 - 1
    }

    pub fn all(&self) -> &[Access] {
        &self.all
    }

    /// Numbers of what a transaction did.
    #[inline]
    pub fn of_txn(&self, txn: u32) -> &[u32] {
        let at = txn as usize;
        &self.by_txn[self.begins[at] as usize..self.begins[at + 1] as usize]
    }

    /// Keys are below this.
    pub fn keys(&self) -> u32 {
        self.key_begins.len() as u32 - 1
    }

    /// Numbers of what was done with a key.
    #[inline]
    pub fn of_key(&self, key: u32) -> std::ops::Range<u32> {
        let at = key as usize;
        self.key_begins[at]..self.key_begins[at + 1]
    }

    /// Who read from `source`.
    pub fn readers(&self, key: u32, source: u32) -> impl Iterator<Item = u32> {
        let own = self.of_key(key);
        let own = &self.all[own.start as usize..own.end as usize];
        let begin = own.partition_point(|access| access.source < source);
        let same = own[begin..].iter();
        same.take_while(move |access| access.source == source)
            .map(|access| access.txn)
    }
}

/// What is known, and who read what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Polygraph<'g> {
    pub form: Form,
    /// Edges between transactions, its first nodes, and waypoints behind them.
    pub graph: &'g Graph,
    /// The kinds of edges that count.
    pub mask: Kinds,
    pub accesses: &'g Accesses,
}

impl Polygraph<'_> {
    /// Events, waypoints included.
    pub fn events(&self) -> u32 {
        match self.form {
            Form::Serial => self.graph.len() as u32,
            _ => self.graph.len() as u32 * 2,
        }
    }

    /// The transaction an event is of, and whether it is its commit; `None` for waypoints.
    #[inline]
    pub fn txn_of(&self, event: Node) -> Option<(u32, bool)> {
        let (node, commits) = match self.form {
            Form::Serial => (event, true),
            _ => (event / 2, event % 2 == 1),
        };
        (node < self.accesses.txns()).then_some((node, commits))
    }

    /// The snapshot and the commit of a transaction, which may be one.
    #[inline]
    pub fn events_of(&self, txn: u32) -> [Node; 2] {
        [self.snapshot(txn), self.commit(txn)]
    }

    fn snapshot(&self, txn: u32) -> Node {
        match self.form {
            Form::Serial => txn,
            _ => txn * 2,
        }
    }

    fn commit(&self, txn: u32) -> Node {
        match self.form {
            Form::Serial => txn,
            _ => txn * 2 + 1,
        }
    }

    /// What is known, as edges between events.
    pub fn known(&self) -> Vec<[Node; 2]> {
        let mut edges = Vec::new();
        for from in 0..self.graph.len() as Node {
            let out = self.graph.out(from, self.mask);
            if self.form == Form::Serial {
                edges.extend(out.map(|(to, _)| [from, to]));
                continue;
            }
            if from < self.accesses.txns() {
                edges.push([from * 2, from * 2 + 1]);
            }
            for (to, kind) in out {
                match kind {
                    THROUGH => edges.extend([[from * 2, to * 2], [from * 2 + 1, to * 2 + 1]]),
                    RW => edges.push([from * 2, to * 2 + 1]),
                    WW if self.form == Form::Prefix => edges.push([from * 2 + 1, to * 2 + 1]),
                    _ => edges.push([from * 2 + 1, to * 2]),
                }
            }
        }
        edges
    }

    /// What a side of a choice asks for: the first writer, and all who read from it, come before
    /// the second.
    pub fn edges(&self, choice: Choice, one_first: bool, tag: u32, edges: &mut Vec<Tagged>) {
        edges.clear();
        let (first, second) = choice.side(one_first);
        let to = self.commit(second);
        if first != INIT {
            let to = match self.form {
                Form::Snapshot => self.snapshot(second),
                _ => to,
            };
            let from = self.commit(first);
            edges.push(Tagged { from, to, tag });
        }
        let readers = self.accesses.readers(choice.key, first);
        edges.extend(readers.filter(|reader| *reader != second).map(|reader| {
            let from = self.snapshot(reader);
            Tagged { from, to, tag }
        }));
    }
}
