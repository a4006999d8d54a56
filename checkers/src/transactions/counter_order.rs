//! An order of transactions on counters in which every sum is right: what proves that they are
//! serializable, as no dependency does.
//!
//! Transactions are placed one after another, each when all that the graph puts before it are
//! placed and it reads what is there. One that changes nothing is placed at once: whatever follows
//! finds all as before. Of the others the one that ended first is tried first, and another if that
//! leads nowhere; none that takes a counter that only grows (or falls) past what a transaction yet
//! to be placed has read. What is there depends on who is placed, not on their order, so no set of
//! them is tried twice. One of unknown outcome that nothing proves is placed where nothing else can
//! be. The search is bounded, and says only that there is an order: that it finds none is no proof.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashSet;

use super::history::{History, MopKind, Outcome, TxnId};
use super::serialization::Searched;
use super::verdict::Evidence;
use crate::budget::{Exhausted, Meter};
use crate::graph::{Graph, Kinds, Node, PROCESS, REALTIME, RW, THROUGH, WR, WW};
use crate::lattice::{Model, ruled_out, weaker_or_equal};

/// Steps of the search for an order: many more would not find what these do not.
const STEPS_MAX: u64 = 1 << 22;

/// Models and the order each keeps, the strongest first.
const ORDERS: [(Model, Kinds); 3] = [
    (Model::StrictSerializable, REALTIME),
    (Model::StrongSessionSerializable, PROCESS),
    (Model::Serializable, 0),
];

/// Looks for orders that prove what is not ruled out.
pub(super) fn search(evidence: &Evidence, graph: &Graph, meter: &mut Meter) -> Searched {
    let mut searched = Searched::default();
    let out = ruled_out(evidence.shown());
    let deeds: Vec<Deed> = (0..evidence.history.txns.len() as TxnId)
        .map(|txn| Deed::of(evidence.history, txn))
        .collect();
    let is_timeless = evidence.history.sessions_only;
    let always = if is_timeless { PROCESS } else { 0 };
    for (model, kept) in ORDERS {
        let is_untold = is_timeless && model.keeps_real_time();
        if is_untold || out.contains(model) || searched.valid.contains(model) {
            continue;
        }
        let mask = WW | WR | RW | THROUGH | kept | always;
        let mut placing = Placing::new(evidence, graph, &deeds, mask);
        match placing.solve(&mut meter.fresh(STEPS_MAX)) {
            Ok(true) => searched.valid = searched.valid.or(weaker_or_equal(model)),
            Ok(false) => {}
            Err(exhausted) if evidence.claims.contains(&model) => {
                searched.cut_short.get_or_insert((model, exhausted));
            }
            Err(_) => {}
        }
    }
    searched
}

/// What a transaction must find, by key, and what it adds.
struct Deed {
    needs: Vec<(usize, i128)>,
    adds: Vec<(usize, i128)>,
}

impl Deed {
    fn of(history: &History, txn: TxnId) -> Deed {
        let mut own: BTreeMap<usize, i128> = BTreeMap::new();
        let mut needs = Vec::new();
        for mop in history.mops_of(txn) {
            let key = mop.key as usize;
            let number = i128::from(history.codes.as_int(mop.value).unwrap_or(0));
            let own = own.entry(key).or_default();
            match mop.kind {
                MopKind::Write => *own += number,
                MopKind::Read => needs.push((key, number - *own)),
                _ => {}
            }
        }
        needs.sort_unstable();
        needs.dedup();
        let adds = own.into_iter().filter(|(_, amount)| *amount != 0);
        Deed {
            needs,
            adds: adds.collect(),
        }
    }
}

/// What may be placed next, the best first: whether it need not have happened, when it ended, and
/// which it is.
type Candidate = (bool, u32, TxnId);

/// A choice that was made, and the others there were.
struct Choice {
    rest: Vec<Candidate>,
    /// How many were placed before it.
    placed: usize,
}

struct Placing<'a, 'h> {
    evidence: &'a Evidence<'h>,
    graph: &'a Graph,
    deeds: &'a [Deed],
    mask: Kinds,
    /// By node: edges into it from what is not placed.
    open: Vec<u32>,
    ready: BTreeSet<Candidate>,
    placed: Vec<TxnId>,
    /// Sure transactions that are not placed.
    left: usize,
    /// By key: its value, whether it only grows (1) or falls (-1), and what is yet to be read, with
    /// that sign.
    values: Vec<i128>,
    signs: Vec<i128>,
    awaited: Vec<BTreeMap<i128, u32>>,
    /// Who is placed as a number, and those numbers that lead nowhere. Two alike would only hide an
    /// order.
    print: u64,
    dead: FxHashSet<u64>,
}

/// A number for a transaction that is like no other (SplitMix64).
fn print(txn: TxnId) -> u64 {
    let mut z = u64::from(txn)
        .wrapping_add(1)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl<'a, 'h> Placing<'a, 'h> {
    fn new(evidence: &'a Evidence<'h>, graph: &'a Graph, deeds: &'a [Deed], mask: Kinds) -> Self {
        let history = evidence.history;
        let keys = history.keys.codes.len();
        let mut placing = Placing {
            evidence,
            graph,
            deeds,
            mask,
            open: vec![0; graph.len()],
            ready: BTreeSet::new(),
            placed: Vec::new(),
            left: evidence.committed.iter().filter(|sure| **sure).count(),
            values: vec![i128::from(history.init); keys],
            signs: history.directions(),
            awaited: vec![BTreeMap::new(); keys],
            print: 0,
            dead: FxHashSet::default(),
        };
        for node in 0..graph.len() as Node {
            for (to, _) in graph.out(node, mask) {
                placing.open[to as usize] += 1;
            }
        }
        for txn in 0..history.txns.len() as TxnId {
            placing.await_reads(txn, true);
        }
        let first: Vec<Node> = (0..graph.len() as Node)
            .filter(|node| placing.open[*node as usize] == 0)
            .collect();
        first.into_iter().for_each(|node| placing.reach(node));
        placing
    }

    fn candidate(&self, txn: TxnId) -> Candidate {
        let row = self.evidence.history.txn(txn);
        (!self.evidence.committed[txn as usize], row.end, txn)
    }

    fn deed(&self, txn: TxnId) -> &'a Deed {
        &self.deeds[txn as usize]
    }

    /// Takes note that what a transaction read is yet to be there, or no longer.
    fn await_reads(&mut self, txn: TxnId, comes: bool) {
        for (key, value) in &self.deed(txn).needs {
            let awaited = &mut self.awaited[*key];
            let value = self.signs[*key] * value;
            let count = awaited.entry(value).or_default();
            match comes {
                true => *count += 1,
                false => *count -= 1,
            }
            if *count == 0 {
                awaited.remove(&value);
            }
        }
    }

    /// Whether a transaction reads what is there.
    fn runs(&self, txn: TxnId) -> bool {
        let mut needs = self.deed(txn).needs.iter();
        needs.all(|(key, value)| self.values[*key] == *value)
    }

    /// A node without anything before it: a transaction is ready, a waypoint leads on.
    fn reach(&mut self, node: Node) {
        let mut reached = vec![node];
        while let Some(node) = reached.pop() {
            if (node as usize) < self.evidence.history.txns.len() {
                let failed = self.evidence.history.txn(node).outcome == Outcome::Fail;
                if !failed {
                    self.ready.insert(self.candidate(node));
                }
                continue;
            }
            for (to, _) in self.graph.out(node, self.mask) {
                self.open[to as usize] -= 1;
                if self.open[to as usize] == 0 {
                    reached.push(to);
                }
            }
        }
    }

    /// The opposite of [`Placing::reach`].
    fn leave(&mut self, node: Node) {
        let mut left = vec![node];
        while let Some(node) = left.pop() {
            if (node as usize) < self.evidence.history.txns.len() {
                self.ready.remove(&self.candidate(node));
                continue;
            }
            for (to, _) in self.graph.out(node, self.mask) {
                self.open[to as usize] += 1;
                if self.open[to as usize] == 1 {
                    left.push(to);
                }
            }
        }
    }

    /// Adds what a transaction adds, or takes it out again.
    fn apply(&mut self, txn: TxnId, sign: i128) {
        for (key, amount) in &self.deed(txn).adds {
            self.values[*key] += sign * amount;
        }
        self.await_reads(txn, sign < 0);
        self.print ^= print(txn);
    }

    fn place(&mut self, candidate: Candidate) {
        let (optional, _, txn) = candidate;
        self.ready.remove(&candidate);
        self.placed.push(txn);
        self.left -= usize::from(!optional);
        self.apply(txn, 1);
        let out: Vec<Node> = self.graph.out(txn, self.mask).map(|(to, _)| to).collect();
        for to in out {
            self.open[to as usize] -= 1;
            if self.open[to as usize] == 0 {
                self.reach(to);
            }
        }
    }

    fn take_back(&mut self, placed: usize) {
        while self.placed.len() > placed {
            let Some(txn) = self.placed.pop() else {
                return;
            };
            let out: Vec<Node> = self.graph.out(txn, self.mask).map(|(to, _)| to).collect();
            for to in out {
                self.open[to as usize] += 1;
                if self.open[to as usize] == 1 {
                    self.leave(to);
                }
            }
            self.apply(txn, -1);
            let candidate = self.candidate(txn);
            self.left += usize::from(!candidate.0);
            self.ready.insert(candidate);
        }
    }

    /// Whether a counter has gone past what is yet to be read.
    fn is_past(&self, txn: TxnId) -> bool {
        self.deed(txn).adds.iter().any(|(key, _)| {
            let next = self.awaited[*key].keys().next();
            let here = self.signs[*key] * self.values[*key];
            next.is_some_and(|next| *next < here)
        })
    }

    /// Places what changes nothing; answers what may come next, the best last.
    fn candidates(&mut self, meter: &mut Meter) -> Result<Vec<Candidate>, Exhausted> {
        loop {
            let mut idle = Vec::new();
            let mut others = Vec::new();
            // When the first that is to come had ended: what began later is to come later.
            let mut first_end = None;
            for candidate in &self.ready {
                meter.step(0)?;
                let (optional, end, txn) = *candidate;
                let adds = !self.deed(txn).adds.is_empty();
                first_end = first_end.or((adds && !optional).then_some(end));
                match adds {
                    _ if !self.runs(txn) => {}
                    true => others.push(*candidate),
                    false if optional => {}
                    false => idle.push(*candidate),
                }
            }
            if idle.is_empty() {
                let begin = |txn: TxnId| self.evidence.history.txn(txn).begin;
                let is_later = |txn| first_end.is_some_and(|end| begin(txn) > end);
                others.sort_by_key(|candidate| Reverse((is_later(candidate.2), *candidate)));
                return Ok(others);
            }
            idle.into_iter().for_each(|candidate| self.place(candidate));
        }
    }

    /// Whether all that happened for sure finds a place.
    fn solve(&mut self, meter: &mut Meter) -> Result<bool, Exhausted> {
        let mut choices = vec![Choice {
            rest: self.candidates(meter)?,
            placed: self.placed.len(),
        }];
        while self.left > 0 {
            meter.step(0)?;
            let Some(choice) = choices.last_mut() else {
                return Ok(false);
            };
            let placed = choice.placed;
            let next = choice.rest.pop();
            self.take_back(placed);
            let Some(next) = next else {
                self.dead.insert(self.print);
                choices.pop();
                continue;
            };
            self.place(next);
            if self.is_past(next.2) {
                continue;
            }
            let rest = self.candidates(meter)?;
            if self.dead.contains(&self.print) {
                continue;
            }
            choices.push(Choice {
                rest,
                placed: self.placed.len(),
            });
        }
        Ok(true)
    }
}
