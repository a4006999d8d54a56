//! Dependencies of transactions that append to lists and read them: Elle (VLDB 2020), section 4.
//!
//! A list shows its own history, so the longest read of a key is the order of its versions, and
//! every other read must be a prefix of it. An append that committed and that no read shows comes
//! after the last element of the longest read: had it come before, that read would show it.
//! Elements are unique for each key.

use serde_json::json;

use super::cases::Case;
use super::codes::{Code, CodeMap};
use super::history::{Mop, MopKind, Outcome, TxnId};
use super::inference::{Inference, Origin, Rules, by_txn};
use crate::budget::{Exhausted, Meter};
use crate::graph::fan::fan;
use crate::graph::{Kinds, RW, WR, WW};
use crate::isolation::polygraph::{Access, NOTHING};
use crate::lattice::Anomaly;

/// One key while it is looked at.
#[derive(Debug, Default)]
pub(super) struct Appends {
    /// Element to its first position in the version order.
    positions: CodeMap,
    /// Elements of lists that are not the version order.
    elsewhere: CodeMap,
    /// Transactions that wrote committed elements of the version order, in order.
    chain: Vec<TxnId>,
    /// By length of a read: how many of `chain` it includes.
    included: Vec<u32>,
    /// Positions of the first aborted element and the first that nobody wrote.
    first_aborted: Option<u32>,
    first_unwritten: Option<u32>,
    /// Who read everything there is, or wrote its end.
    at_end: Vec<(TxnId, Kinds)>,
    /// Who committed an append that no read shows.
    unread: Vec<TxnId>,
    /// Length read, and who appended after that.
    updates: Vec<(u32, TxnId)>,
}

impl Rules for Appends {
    /// A read after reads or appends of its own transaction must show just these.
    fn check_internal(&self, own: &[u32], inference: &mut Inference) {
        if own.len() > 1 {
            check_internal(own, inference);
        }
    }

    fn look(
        &mut self,
        key: u32,
        mops: &[u32],
        inference: &mut Inference,
        meter: &mut Meter,
    ) -> Result<(), Exhausted> {
        let history = inference.history;
        let lists = &history.lists[key as usize];
        let longest = lists.longest();
        let order = lists.branch(longest);
        self.order(key, order, inference);
        for number in 0..lists.len() {
            meter.step(inference.builder.bytes())?;
            let branch = lists.branch(number);
            if number != longest {
                branch.iter().for_each(|element| {
                    self.elsewhere.insert(*element, 0);
                });
            }
            if number != longest && !order.starts_with(branch) {
                incompatible(key, branch, order, mops, inference);
            }
        }
        for own in by_txn(history, mops) {
            meter.step(inference.builder.bytes())?;
            self.transaction(own, order, longest, inference);
        }
        if let Some(last) = self.chain.last() {
            self.at_end.push((*last, WW));
        }
        self.unread.dedup();
        fan(&mut inference.builder, &self.at_end, &self.unread);
        if self.unread.len() > 1 {
            // Which of them came first, nobody saw.
            let open = self.unread.iter().map(|txn| Access {
                key,
                source: NOTHING,
                txn: *txn,
                writes: true,
            });
            inference.accesses.extend(open);
        }
        let seen = |length: u32| history.list_text(&order[..length as usize]);
        inference.lost_updates(key, &mut self.updates, "appended to", seen);
        Ok(())
    }
}

impl Appends {
    /// Learns the version order, and what is wrong with it.
    fn order(&mut self, key: u32, order: &[Code], inference: &mut Inference) {
        self.positions.clear();
        self.elsewhere.clear();
        self.chain.clear();
        self.included.clear();
        self.at_end.clear();
        self.unread.clear();
        self.updates.clear();
        (self.first_aborted, self.first_unwritten) = (None, None);
        self.included.push(0);
        let mut dirty = None;
        for (position, element) in (0..).zip(order) {
            if let Some(first) = self.positions.insert(*element, position) {
                self.positions.insert(*element, first);
                duplicate(key, *element, order, inference);
                self.included.push(self.chain.len() as u32);
                continue;
            }
            match inference.origin(*element) {
                Origin::Committed(txn) => {
                    if let Some(before) = self.chain.last() {
                        inference.edge(*before, txn, WW);
                    }
                    self.chain.push(txn);
                    if let (Some(first), None) = (self.first_aborted, dirty) {
                        dirty = Some((first, txn));
                    }
                }
                Origin::Aborted(_) => {
                    self.first_aborted.get_or_insert(position);
                }
                Origin::Nobody => {
                    self.first_unwritten.get_or_insert(position);
                }
            }
            self.included.push(self.chain.len() as u32);
        }
        if let Some((first, txn)) = dirty {
            dirty_update(key, order[first as usize], txn, inference);
        }
    }

    /// Looks at what one transaction did with the key.
    fn transaction(
        &mut self,
        own: &[u32],
        order: &[Code],
        longest: usize,
        inference: &mut Inference,
    ) {
        let history = inference.history;
        let txn = inference.mop(own[0]).txn;
        let outcome = history.txn(txn).outcome;
        let mut before_write = None;
        let mut wrote = false;
        for &number in own {
            let mop = inference.mop(number);
            if mop.kind == MopKind::Write {
                let in_order = self.positions.get(mop.value);
                self.future_read(own, mop, in_order, longest, inference);
                let known = in_order.is_some() || self.elsewhere.get(mop.value).is_some();
                if !known && inference.committed[txn as usize] {
                    self.unread.push(txn);
                }
                if let (Some(length), false, Outcome::Ok) = (before_write, wrote, outcome) {
                    self.updates.push((length, txn));
                }
                wrote = true;
                continue;
            }
            let seen = history.elements(mop);
            let is_prefix = mop.branch as usize == longest || order.starts_with(seen);
            self.origins(mop, seen, is_prefix, wrote, inference);
            before_write = is_prefix.then_some(mop.value);
            let others = if wrote {
                without_own(seen, txn, inference)
            } else {
                seen
            };
            if let Some(Origin::Committed(writer)) = others.last().map(|e| inference.origin(*e)) {
                inference.edge(writer, txn, WR);
            }
            if wrote {
                // Its own append is the last it saw: the order of versions says the rest.
                continue;
            }
            if is_prefix {
                let included = self.included[mop.value as usize] as usize;
                match self.chain.get(included) {
                    Some(next) => inference.edge(txn, *next, RW),
                    None => self.at_end.push((txn, RW)),
                }
            }
        }
    }

    /// Whether what a read saw was there to be read.
    fn origins(
        &self,
        read: &Mop,
        seen: &[Code],
        is_prefix: bool,
        wrote: bool,
        inference: &mut Inference,
    ) {
        let first = |wanted: fn(Origin) -> bool, known: Option<u32>, inference: &Inference| {
            if is_prefix {
                return known
                    .filter(|at| *at < read.value)
                    .map(|at| seen[at as usize]);
            }
            seen.iter().copied().find(|e| wanted(inference.origin(*e)))
        };
        let aborted = |origin| matches!(origin, Origin::Aborted(_));
        if let Some(element) = first(aborted, self.first_aborted, inference)
            && let Origin::Aborted(writer) = inference.origin(element)
        {
            let element = inference.history.codes.text(element);
            let what = format!(", but the transaction that appended {element} had failed");
            inference.misread(Anomaly::G1a, read, &[writer], &what);
        }
        let unwritten = |origin| origin == Origin::Nobody;
        if let Some(element) = first(unwritten, self.first_unwritten, inference) {
            let element = inference.history.codes.text(element);
            let what = format!(", but nobody ever appended {element}");
            inference.misread(Anomaly::GarbageRead, read, &[], &what);
        }
        let Some(last) = seen.last().filter(|_| !wrote) else {
            return;
        };
        if let Origin::Committed(writer) = inference.origin(*last)
            && writer != read.txn
            && let Some(next) = inference.replaced_by(*last)
        {
            let codes = &inference.history.codes;
            let what = format!(
                ", the state in the middle of a transaction that appended {} and then {}",
                codes.text(*last),
                codes.text(next.value)
            );
            inference.misread(Anomaly::G1b, read, &[writer], &what);
        }
    }

    /// Whether a read of the same transaction saw this append before it was made.
    fn future_read(
        &self,
        own: &[u32],
        write: &Mop,
        in_order: Option<u32>,
        longest: usize,
        inference: &mut Inference,
    ) {
        for &number in own {
            let read = inference.mop(number);
            if std::ptr::eq(read, write) {
                return;
            }
            let saw = match (read.kind, in_order) {
                (MopKind::Write, _) => false,
                (_, Some(at)) if read.branch as usize == longest => at < read.value,
                (_, None) if read.branch as usize == longest => false,
                _ => inference.history.elements(read).contains(&write.value),
            };
            if saw {
                let element = inference.history.codes.text(write.value);
                let what = format!(" and appended {element} itself only after that");
                inference.misread(Anomaly::FutureRead, read, &[], &what);
                return;
            }
        }
    }
}

/// What a read found before the reader's own appends, if it ends with these. The transaction found
/// it where it began: that it only committed later, as the order of versions has it, would be too
/// weak for levels at which writers of a key may run at once.
fn without_own<'a>(seen: &'a [Code], txn: TxnId, inference: &Inference) -> &'a [Code] {
    let is_own = |element: &Code| inference.origin(*element) == Origin::Committed(txn);
    match seen.iter().rposition(|element| !is_own(element)) {
        Some(last) if last + 1 < seen.len() => &seen[..=last],
        _ => &[],
    }
}

fn check_internal(own: &[u32], inference: &mut Inference) {
    let history = inference.history;
    let mut last: Option<&Mop> = None;
    let mut since: Vec<Code> = Vec::new();
    for &number in own {
        let mop = inference.mop(number);
        if mop.kind == MopKind::Write {
            since.push(mop.value);
            continue;
        }
        let seen = history.elements(mop);
        let before = last.map(|read| history.elements(read));
        let as_expected = seen.ends_with(&since)
            && before.is_none_or(|before| {
                seen.len() == before.len() + since.len() && seen.starts_with(before)
            });
        if !as_expected {
            let own = history.list_text(&since);
            let what = match before {
                None => format!(", which does not end with its own appends {own}"),
                Some(before) => {
                    let before = history.list_text(before);
                    format!(" after it had read {before} and then appended {own}")
                }
            };
            inference.misread(Anomaly::Internal, mop, &[], &what);
        }
        last = Some(mop);
        since.clear();
    }
}

fn duplicate(key: u32, element: Code, order: &[Code], inference: &mut Inference) {
    let history = inference.history;
    let writer = inference
        .writers
        .get(element)
        .map(|number| inference.mop(number).txn);
    inference.cases.add(Anomaly::DuplicateElements, || {
        let key = history.key_text(key);
        let element = history.codes.text(element);
        Case {
            summary: format!(
                "the list of {key} was read with {element} in it twice: {}",
                history.list_text(order)
            ),
            txns: writer.into_iter().collect(),
            details: json!({ "key": key, "element": element }),
        }
    });
}

fn dirty_update(key: u32, element: Code, txn: TxnId, inference: &mut Inference) {
    let history = inference.history;
    let Origin::Aborted(failed) = inference.origin(element) else {
        return;
    };
    inference.cases.add(Anomaly::DirtyUpdate, || {
        let key = history.key_text(key);
        let element = history.codes.text(element);
        Case {
            summary: format!(
                "{} appended to {key} after {element}, which {} had appended without success",
                history.told(txn),
                history.told(failed)
            ),
            txns: vec![failed, txn],
            details: json!({ "key": key, "element": element }),
        }
    });
}

fn incompatible(
    key: u32,
    branch: &[Code],
    order: &[Code],
    mops: &[u32],
    inference: &mut Inference,
) {
    let history = inference.history;
    let reader_of = |list: &[Code]| {
        let mut reads = mops.iter().map(|number| &history.mops[*number as usize]);
        reads.find(|mop| mop.is_read() && history.elements(mop) == list)
    };
    inference.cases.add(Anomaly::IncompatibleOrder, || {
        let (one, other) = (reader_of(order), reader_of(branch));
        let key = history.key_text(key);
        let (order, branch) = (history.list_text(order), history.list_text(branch));
        Case {
            summary: format!("{key} was read as {order} and as {branch}: neither begins the other"),
            txns: one.into_iter().chain(other).map(|mop| mop.txn).collect(),
            details: json!({ "key": key, "reads": [order, branch] }),
        }
    });
}
