//! Dependencies of transactions that add to counters and read them.
//!
//! A sum does not say whose amounts are in it, so only what holds of every way to make it is
//! inferred. What a read shows of others is its value without the initial one and what its own
//! transaction had added; it must lie between the least and the most that others may have added
//! ([`Totals`]), else nobody committed it, or no order that is kept explains it.
//!
//! - A transaction without whose amounts the read is out of reach was seen: it wrote a version that
//!   is, or comes before, the one that was read (`ww` and `wr`). One with whose amounts it is out
//!   of reach was not: its version comes behind (`rw`, then `ww`). Both as for sets, by a tree of
//!   waypoints ([`below`]).
//! - Where all amounts have one sign, versions only grow, or only fall: the values read, sorted,
//!   are in their order. Between two that follow each other is a waypoint that stands for whoever
//!   wrote the versions in between: who read the one leads to it by `rw`, and it leads to who read
//!   the other by `wr`, so each way across has its one anti-dependency. Two who read the same and
//!   then added lost an update.
//! - A transaction of unknown outcome took effect for sure if some read is out of reach without it.
//!
//! None of that proves an order: a sum may be that of no set of amounts that fits. What proves one
//! is to run it: see [`counter_order`](super::counter_order).

use super::codes::Code;
use super::history::{History, Mop, MopKind, Outcome, TxnId};
use super::inference::{Inference, Rules, by_txn};
use super::sums::{Inc, Kept, Sums, Totals};
use crate::budget::{Exhausted, Meter};
use crate::graph::ranges::below;
use crate::graph::{Node, RW, THROUGH, WR};
use crate::lattice::Anomaly;

/// Transactions told beside the reader of what is out of bounds.
const OTHERS_TOLD_MAX: usize = 3;

/// What a read saw.
#[derive(Debug, Clone, Copy)]
struct Seen {
    mop: u32,
    txn: TxnId,
    value: Code,
    /// The initial value and what its transaction had added before: what is not of others.
    base: i128,
    /// What others had added.
    others: i128,
    /// What its transaction added, later too.
    own: Sums,
    /// The transaction did not read the counter again before it added to it.
    precedes_inc: bool,
}

impl Seen {
    /// How much less than the most it is, and how much more than the least.
    fn room(&self, all: Sums) -> [i128; 2] {
        let others = all - self.own;
        [others.plus - self.others, self.others - others.minus]
    }
}

/// One key while it is looked at.
#[derive(Debug, Default)]
pub(super) struct Incs {
    incs: Vec<Inc>,
    seen: Vec<Seen>,
}

/// What was done to a key: increments that may have happened, and reads.
fn gather(history: &History, mops: &[u32]) -> Incs {
    let mut all = Incs::default();
    for own in by_txn(history, mops) {
        let begin = all.seen.len();
        let mut sums = Sums::default();
        for &number in own {
            let mop = &history.mops[number as usize];
            let amount = history.codes.as_int(mop.value).unwrap_or(0);
            if mop.kind == MopKind::Write {
                let is_first = sums == Sums::default() && amount != 0;
                if let Some(last) = all.seen[begin..].last_mut().filter(|_| is_first) {
                    last.precedes_inc = true;
                }
                sums = sums + Sums::of(amount);
                continue;
            }
            let base = i128::from(history.init) + sums.net();
            all.seen.push(Seen {
                mop: number,
                txn: mop.txn,
                value: mop.value,
                base,
                others: i128::from(amount) - base,
                own: Sums::default(),
                precedes_inc: false,
            });
        }
        all.seen[begin..]
            .iter_mut()
            .for_each(|seen| seen.own = sums);
        let txn = history.mops[own[0] as usize].txn;
        if history.txn(txn).outcome != Outcome::Fail && sums != Sums::default() {
            all.incs.push(Inc { txn, sums });
        }
    }
    all
}

impl Rules for Incs {
    const NAMES_WRITERS: bool = false;

    fn committed(history: &History, mops: &[u32], begins: &[u32]) -> Vec<bool> {
        let rows = history.txns.iter();
        let mut committed: Vec<bool> = rows.map(|row| row.outcome == Outcome::Ok).collect();
        for ends in begins.windows(2) {
            let key = gather(history, &mops[ends[0] as usize..ends[1] as usize]);
            let all = key.totals();
            let rooms = key.seen.iter().map(|seen| seen.room(all));
            let Some([up, down]) = rooms.reduce(|a, b| [a[0].min(b[0]), a[1].min(b[1])]) else {
                continue;
            };
            // A read out of all bounds proves nothing.
            for inc in key.incs.iter().filter(|_| up >= 0 && down >= 0) {
                committed[inc.txn as usize] |= inc.sums.plus > up || -inc.sums.minus > down;
            }
        }
        committed
    }

    /// A read after a read of its own transaction must show that and its own amounts since.
    fn check_internal(&self, own: &[u32], inference: &mut Inference) {
        let key = gather(inference.history, own);
        for pair in key
            .seen
            .windows(2)
            .filter(|pair| pair[0].others != pair[1].others)
        {
            let before = inference.history.codes.text(pair[0].value);
            let added = pair[1].base - pair[0].base;
            let what = format!(" after it had read {before} and then added {added}");
            inference.misread(Anomaly::Internal, inference.mop(pair[1].mop), &[], &what);
        }
    }

    fn look(
        &mut self,
        key: u32,
        mops: &[u32],
        inference: &mut Inference,
        meter: &mut Meter,
    ) -> Result<(), Exhausted> {
        *self = gather(inference.history, mops);
        let totals = Totals::new(inference.history, &self.incs);
        let amounts = mops.iter().map(|number| inference.mop(*number));
        let amounts = amounts.filter(|mop| mop.kind == MopKind::Write);
        let amounts = amounts.filter_map(|mop| inference.history.codes.as_int(mop.value));
        let divisor = amounts.fold(0, |divisor, n| gcd(divisor, n.unsigned_abs()));
        for seen in std::mem::take(&mut self.seen) {
            meter.step(inference.builder.bytes())?;
            if self.is_possible(&seen, divisor, &totals, inference) {
                self.seen.push(seen);
            }
        }
        self.seen_and_not(totals.all, inference, meter)?;
        let direction = totals.all.direction();
        if direction != 0 {
            self.values(direction, inference, meter)?;
            self.lost_updates(key, inference);
        }
        Ok(())
    }
}

fn gcd(a: u64, b: u64) -> u64 {
    match b {
        0 => a,
        b => gcd(b, a % b),
    }
}

/// What is wrong with a read that shows less or more than an order allows, and who makes it so.
fn wrong(history: &History, seen: &Seen, kept: Kept, is_less: bool) -> (Anomaly, String) {
    let process = history.txn(seen.txn).process;
    let by_process = match history.sessions_only {
        true => Anomaly::Nonserializable,
        false => Anomaly::NonserializableProcess,
    };
    let (anomaly, why) = match (kept, is_less) {
        // It may be that its own amounts are missing.
        (Kept::Nothing, _) if seen.base != i128::from(history.init) => {
            (Anomaly::Internal, "all that was ever added")
        }
        (Kept::Nothing, _) => (Anomaly::GarbageRead, "all that was ever added"),
        (Kept::Sessions, true) => {
            let why = format!("what process {process} had added before");
            return (by_process, why);
        }
        (Kept::Sessions, false) => {
            let why = format!("all but what process {process} added only after");
            return (by_process, why);
        }
        (Kept::RealTime, true) => (
            Anomaly::NonserializableRealtime,
            "what was acknowledged before it began",
        ),
        (Kept::RealTime, false) => (
            Anomaly::NonserializableRealtime,
            "all but what was begun only after it ended",
        ),
    };
    (anomaly, why.to_owned())
}

impl Incs {
    fn totals(&self) -> Sums {
        self.incs
            .iter()
            .fold(Sums::default(), |sum, inc| sum + inc.sums)
    }

    /// Whether others can have added what a read saw; notes what is wrong where they cannot, or
    /// not in an order that is kept.
    fn is_possible(
        &self,
        seen: &Seen,
        divisor: u64,
        totals: &Totals,
        inference: &mut Inference,
    ) -> bool {
        let history = inference.history;
        let read = inference.mop(seen.mop);
        let is_multiple = match divisor {
            0 => true,
            divisor => seen.others % i128::from(divisor) == 0,
        };
        if !is_multiple {
            let what = format!(", but all that was ever added are multiples of {divisor}");
            inference.misread(Anomaly::GarbageRead, read, &[], &what);
            return false;
        }
        for kept in [Kept::Nothing, Kept::Sessions, Kept::RealTime] {
            if kept == Kept::RealTime && history.sessions_only {
                break;
            }
            let [least, most] = totals.range(history, seen.txn, seen.own, kept);
            if (least..=most).contains(&seen.others) {
                continue;
            }
            let is_less = seen.others < least;
            let bound = match is_less {
                true => format!("at least {}", least + seen.base),
                false => format!("at most {}", most + seen.base),
            };
            let (anomaly, why) = wrong(history, seen, kept, is_less);
            let others = self.told(seen.txn, kept, is_less, history);
            let what = format!(", but {why} makes it {bound}");
            inference.misread(anomaly, read, &others, &what);
            return kept != Kept::Nothing;
        }
        true
    }

    /// Some of the transactions that an order puts before a reader, or behind.
    fn told(&self, reader: TxnId, kept: Kept, before: bool, history: &History) -> Vec<TxnId> {
        let row = history.txn(reader);
        let is_told = |inc: &&Inc| {
            let other = history.txn(inc.txn);
            let follows = match before {
                true => other.outcome == Outcome::Ok && other.end < row.begin,
                false => other.begin > row.end,
            };
            match kept {
                Kept::Nothing => false,
                Kept::Sessions => follows && other.process == row.process,
                Kept::RealTime => follows,
            }
        };
        let told = self.incs.iter().filter(is_told).map(|inc| inc.txn);
        match before {
            true => told.rev().take(OTHERS_TOLD_MAX).collect(),
            false => told.take(OTHERS_TOLD_MAX).collect(),
        }
    }

    /// Who must have been seen, and who cannot have been.
    fn seen_and_not(
        &self,
        all: Sums,
        inference: &mut Inference,
        meter: &mut Meter,
    ) -> Result<(), Exhausted> {
        let rooms = self
            .seen
            .iter()
            .map(|seen| (seen.room(all), seen.txn as Node));
        let rooms: Vec<([i128; 2], Node)> = rooms.collect();
        let incs = self
            .incs
            .iter()
            .filter(|inc| inference.committed[inc.txn as usize]);
        let incs = incs.map(|inc| ([inc.sums.plus, -inc.sums.minus], inc.txn as Node));
        let incs: Vec<([i128; 2], Node)> = incs.collect();
        for side in [0, 1] {
            let writers = |sign: i128, incs: &[([i128; 2], Node)]| {
                let amount = |inc: &&([i128; 2], Node)| inc.0[side] > 0;
                let writers = incs.iter().filter(amount);
                let writers = writers.map(|(amounts, txn)| (sign * amounts[side], *txn));
                writers.collect::<Vec<(i128, Node)>>()
            };
            // Without so much the read is out of reach.
            let mut readers = rooms.iter().map(|(room, txn)| (room[side], *txn)).collect();
            let builder = &mut inference.builder;
            below(builder, &writers(1, &incs), &mut readers, WR, meter)?;
            // With so much it is.
            let readers = rooms.iter().map(|(room, txn)| (-room[1 - side], *txn));
            let readers: Vec<(i128, Node)> = readers.collect();
            below(builder, &readers, &mut writers(-1, &incs), RW, meter)?;
        }
        Ok(())
    }

    /// The values of a counter that only grows, or falls, are in their order.
    fn values(
        &mut self,
        sign: i128,
        inference: &mut Inference,
        meter: &mut Meter,
    ) -> Result<(), Exhausted> {
        self.seen.sort_by_key(|seen| (sign * seen.others, seen.txn));
        let builder = &mut inference.builder;
        let mut between: Option<Node> = None;
        let mut same = self.seen.chunk_by(|a, b| a.others == b.others).peekable();
        while let Some(readers) = same.next() {
            meter.step(builder.bytes())?;
            let next = same.peek().map(|_| builder.add_nodes(1));
            for seen in readers {
                if let Some(between) = between {
                    builder.edge(between, seen.txn, WR);
                }
                if let Some(next) = next {
                    builder.edge(seen.txn, next, RW);
                }
            }
            if let (Some(between), Some(next)) = (between, next) {
                builder.edge(between, next, THROUGH);
            }
            between = next;
        }
        Ok(())
    }

    fn lost_updates(&self, key: u32, inference: &mut Inference) {
        let history = inference.history;
        let same = self.seen.chunk_by(|a, b| a.others == b.others);
        let mut updates: Vec<(u32, TxnId)> = Vec::new();
        let mut values: Vec<Code> = Vec::new();
        for readers in same {
            let updating = readers.iter().filter(|seen| seen.precedes_inc);
            updates.extend(updating.map(|seen| (values.len() as u32, seen.txn)));
            values.push(readers[0].value);
        }
        let seen = |value: u32| history.codes.text(values[value as usize]);
        inference.lost_updates(key, &mut updates, "added to", seen);
    }
}

impl History {
    /// By key: 1 where a counter only grows, -1 where it only falls, else 0.
    pub(super) fn directions(&self) -> Vec<i128> {
        let mut sums = vec![Sums::default(); self.keys.codes.len()];
        let writes = self.mops.iter().filter(|mop| mop.kind == MopKind::Write);
        for mop in writes.filter(|mop| self.txn(mop.txn).outcome != Outcome::Fail) {
            let amount = self.codes.as_int(mop.value).unwrap_or(0);
            sums[mop.key as usize] = sums[mop.key as usize] + Sums::of(amount);
        }
        sums.into_iter().map(Sums::direction).collect()
    }

    /// What reads of a key show of others' increments, by read.
    pub(super) fn shown_of_others(&self, txn: TxnId, key: u32) -> Vec<(&Mop, i128)> {
        let mut own = 0;
        let mut shown = Vec::new();
        for mop in self.mops_of(txn).iter().filter(|mop| mop.key == key) {
            let amount = i128::from(self.codes.as_int(mop.value).unwrap_or(0));
            match mop.kind {
                MopKind::Write => own += amount,
                MopKind::Read => shown.push((mop, amount - own)),
                _ => {}
            }
        }
        shown
    }
}
