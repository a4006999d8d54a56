//! Dependencies of transactions that add to sets and read them: Elle (VLDB 2020), section 3, with
//! the order that reads show.
//!
//! Elements are unique for each key, and sets only grow. So the sets that were read, each without
//! what its own transaction added, form a chain ([`Chain`]): a committed read that fits none is of
//! an incompatible order. The chain sorts the elements into classes: those of the smallest set,
//! those the next one has more, and so on, and last the committed ones that no read shows. A
//! reader follows the writers of all classes its set has: the last of them wrote the version it
//! read, and the others come before that, so there is a path of `ww` and one `wr`. It precedes the
//! writers of the class behind: one of them wrote the next version (`rw`), and the others follow
//! that (`ww`). Writers of a class precede those of the next (`ww`), as a read shows the ones
//! without the others. Derived edges have at least as many anti-dependencies as the path they
//! stand for, so a cycle of them is never told as more than it is. Each class is tied to its
//! neighbours only, by [`fan`]: edges are linear in the elements and reads.
//!
//! Without a cycle the history is serializable, and keeps what order the graph has beside: take any
//! topological order. Of a read and an added element, the graph has the writer before the reader if
//! the element was seen, else behind; so the read is right, whatever the order within a class. Of
//! levels below, some forbid a cycle by the order of two writers of a class, which nobody saw:
//! they are told as accesses, for a search.

use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::json;

use super::branches::{Branch, BranchRef};
use super::cases::Case;
use super::codes::Code;
use super::history::{Mop, MopKind, TxnId};
use super::inference::{Inference, Origin, Rules, by_txn};
use super::sets::{Chain, Sets};
use crate::budget::{Exhausted, Meter};
use crate::graph::fan::fan;
use crate::graph::{Kinds, Node, RW, WR, WW};
use crate::isolation::polygraph::{Access, NOTHING};
use crate::lattice::{Anomaly, Model};

/// A read, and what it saw that others added.
#[derive(Debug, Clone, Copy)]
struct Seen {
    mop: u32,
    others: BranchRef,
    /// The transaction did not read the key again before it added to it.
    precedes_add: bool,
}

/// A transaction whose adds a reader of some sizes sees in part.
#[derive(Debug, Clone, Copy)]
struct Torn {
    txn: TxnId,
    first: Code,
    last: Code,
    /// Seen whole from this size on.
    whole: u32,
}

/// One key while it is looked at.
#[derive(Debug, Default)]
pub(super) struct Adds {
    /// What reads saw of others.
    sets: Sets,
    /// By what was read, where nothing of it was the reader's own.
    known: FxHashMap<BranchRef, BranchRef>,
    /// The branch that is the order, and what reads of other branches are in it, if they fit.
    main: u16,
    moved: FxHashMap<BranchRef, Option<u32>>,
    /// Elements of sets that are not of the chain.
    elsewhere: FxHashSet<Code>,
    seen: Vec<Seen>,
    /// Size seen and who saw it.
    readers: Vec<(u32, TxnId)>,
    /// Size read, and who added after that.
    updates: Vec<(u32, TxnId)>,
    /// Places of the first aborted element and the first that nobody added.
    first_aborted: Option<u32>,
    first_unwritten: Option<u32>,
    /// Who committed an add that no read shows.
    unread: Vec<TxnId>,
    /// By size from which on they are seen in part.
    torn: Vec<(u32, Torn)>,
    /// Writers of a class of several.
    open: Vec<TxnId>,
}

impl Rules for Adds {
    fn look(
        &mut self,
        key: u32,
        mops: &[u32],
        inference: &mut Inference,
        meter: &mut Meter,
    ) -> Result<(), Exhausted> {
        *self = Adds::default();
        let history = inference.history;
        for own in by_txn(history, mops) {
            meter.step(inference.builder.bytes())?;
            self.reads(own, inference);
        }
        self.order(key, inference);
        for own in by_txn(history, mops) {
            meter.step(inference.builder.bytes())?;
            self.writes(own, inference);
        }
        self.sort_torn();
        for number in 0..self.seen.len() {
            meter.step(inference.builder.bytes())?;
            let seen = self.seen[number];
            self.origins(&seen, inference);
            if let Some(size) = self.size(&seen) {
                let txn = inference.mop(seen.mop).txn;
                self.readers.push((size, txn));
                self.updates
                    .extend(seen.precedes_add.then_some((size, txn)));
            }
        }
        self.connect(inference);
        self.open.sort_unstable();
        self.open.dedup();
        inference
            .accesses
            .extend(self.open.iter().map(|txn| Access {
                key,
                source: NOTHING,
                txn: *txn,
                writes: true,
            }));
        let mut updates = std::mem::take(&mut self.updates);
        let row = self.chain().elements();
        let seen = |size: u32| history.set_text(&row[..size as usize]);
        inference.lost_updates(key, &mut updates, "added to", seen);
        Ok(())
    }

    /// A read after reads or adds of its own transaction must show just these; every element once.
    fn check_internal(&self, own: &[u32], inference: &mut Inference) {
        let history = inference.history;
        let mut last: Option<&Mop> = None;
        let mut since: Vec<Code> = Vec::new();
        for &number in own {
            let mop = inference.mop(number);
            if mop.kind == MopKind::Write {
                since.push(mop.value);
                continue;
            }
            if !is_as_expected(
                history.elements(mop),
                last.map(|m| history.elements(m)),
                &since,
            ) {
                let own = history.set_text(&since);
                let what = match last.map(|read| history.seen_text(read)) {
                    None => format!(", which has not all of its own adds {own}"),
                    Some(before) => format!(" after it had read {before} and then added {own}"),
                };
                inference.misread(Anomaly::Internal, mop, &[], &what);
            }
            last = Some(mop);
            since.clear();
        }
    }
}

fn is_as_expected(seen: &[Code], before: Option<&[Code]>, since: &[Code]) -> bool {
    if before.is_none() && since.is_empty() {
        return true;
    }
    let all: FxHashSet<Code> = seen.iter().copied().collect();
    let expected: FxHashSet<Code> = before.into_iter().flatten().chain(since).copied().collect();
    match before {
        None => expected.is_subset(&all),
        Some(_) => expected == all,
    }
}

/// Whether the absence of anomalies proves a model; `is_open` where the order of some writers is
/// not known. What forbids all cycles, or those without anti-dependencies, holds for some order of
/// them if it holds for what is known: a topological one.
pub(super) fn proves(model: Model, is_open: bool) -> bool {
    match model {
        Model::StrictSerializable
        | Model::StrongSessionSerializable
        | Model::Serializable
        | Model::RepeatableRead
        | Model::StrongReadCommitted
        | Model::StrongSessionReadCommitted
        | Model::ReadCommitted
        | Model::StrongReadUncommitted
        | Model::StrongSessionReadUncommitted
        | Model::ReadUncommitted => true,
        Model::StrongSnapshotIsolation
        | Model::StrongSessionSnapshotIsolation
        | Model::SnapshotIsolation
        | Model::ConsistentView => !is_open,
        _ => false,
    }
}

/// Notes the sets in which an element was read twice.
pub(super) fn duplicates(inference: &mut Inference) {
    let history = inference.history;
    for (txn, key, element) in &history.repeats {
        inference.cases.add(Anomaly::DuplicateElements, || {
            let (key, element) = (history.key_text(*key), history.codes.text(*element));
            let told = history.told(*txn);
            Case {
                summary: format!("{told} read the set of {key} with {element} in it twice"),
                txns: vec![*txn],
                details: json!({ "key": key, "element": element }),
            }
        });
    }
}

impl Adds {
    fn chain(&self) -> &Chain {
        &self.sets.branches[self.main as usize]
    }

    /// Learns what a transaction saw of others.
    fn reads(&mut self, own: &[u32], inference: &Inference) {
        let writes = own.iter().map(|number| inference.mop(*number));
        let writes = writes.filter(|mop| mop.kind == MopKind::Write);
        let added: Vec<Code> = writes.map(|mop| mop.value).collect();
        let begin = self.seen.len();
        let mut has_added = false;
        for &number in own {
            let mop = inference.mop(number);
            if mop.kind == MopKind::Write {
                if let Some(last) = self.seen[begin..].last_mut().filter(|_| !has_added) {
                    last.precedes_add = true;
                }
                has_added = true;
                continue;
            }
            let known = self.known.get(&mop.stored()).copied();
            let known = known.filter(|_| added.is_empty());
            let others = known.or_else(|| {
                let others = inference.history.elements(mop).iter().copied();
                let others: Vec<Code> = others.filter(|e| !added.contains(e)).collect();
                self.sets.store_elements(&others)
            });
            if let Some(others) = others {
                if added.is_empty() {
                    self.known.insert(mop.stored(), others);
                }
                self.seen.push(Seen {
                    mop: number,
                    others,
                    precedes_add: false,
                });
            }
        }
    }

    /// Settles which sets are the chain, and where in it what is wrong comes first.
    fn order(&mut self, key: u32, inference: &mut Inference) {
        if self.sets.len() == 0 {
            self.sets.store_elements(&[]);
        }
        self.main = self.sets.longest() as u16;
        let apart = self
            .seen
            .iter()
            .filter(|seen| seen.others.branch != self.main);
        let apart: Vec<Seen> = apart.copied().collect();
        for seen in apart {
            if self.moved.contains_key(&seen.others) {
                continue;
            }
            let set = self.sets.elements(seen.others).to_vec();
            let chain = &mut self.sets.branches[self.main as usize];
            let fits = chain.fit(&set);
            self.moved
                .insert(seen.others, fits.then_some(seen.others.length));
            if !fits {
                self.elsewhere.extend(&set);
                self.incompatible(key, seen, &set, inference);
            }
        }
        for (place, element) in (0..).zip(self.sets.branch(self.main as usize)) {
            let first = match inference.origin(*element) {
                Origin::Committed(_) => continue,
                Origin::Aborted(_) => &mut self.first_aborted,
                Origin::Nobody => &mut self.first_unwritten,
            };
            first.get_or_insert(place);
        }
    }

    /// The size of what was seen in the chain; `None` if it is not of it.
    fn size(&self, seen: &Seen) -> Option<u32> {
        match seen.others.branch == self.main {
            true => Some(seen.others.length),
            false => self.moved.get(&seen.others).copied().flatten(),
        }
    }

    fn incompatible(&self, key: u32, seen: Seen, set: &[Code], inference: &mut Inference) {
        let history = inference.history;
        let Some(size) = self.chain().contradicted(set) else {
            return;
        };
        let read = inference.mop(seen.mop);
        let is_other = |other: &&Seen| self.size(other) == Some(size);
        let other = self
            .seen
            .iter()
            .find(is_other)
            .map(|other| inference.mop(other.mop));
        inference.cases.add(Anomaly::IncompatibleOrder, || {
            let other_text = history.set_text(&self.chain().elements()[..size as usize]);
            let key = history.key_text(key);
            let set = history.set_text(set);
            Case {
                summary: format!(
                    "{key} was read as {other_text} and as {set}: neither is a part of the other"
                ),
                txns: other.into_iter().chain([read]).map(|mop| mop.txn).collect(),
                details: json!({ "key": key, "reads": [other_text, set] }),
            }
        });
    }

    /// Learns which adds of a transaction no read shows, and which reads show it in part.
    fn writes(&mut self, own: &[u32], inference: &Inference) {
        let txn = inference.mop(own[0]).txn;
        if !inference.committed[txn as usize] {
            return;
        }
        let writes = own.iter().map(|number| inference.mop(*number));
        let writes = writes.filter(|mop| mop.kind == MopKind::Write);
        let chain = &self.sets.branches[self.main as usize];
        let mut ends: Option<[(u32, Code); 2]> = None;
        for mop in writes {
            let place = match chain.place(mop.value) {
                Some(place) => place,
                None if self.elsewhere.contains(&mop.value) => continue,
                None => {
                    self.unread.push(txn);
                    u32::MAX
                }
            };
            let at = (place, mop.value);
            let [first, last] = ends.unwrap_or([at, at]);
            ends = Some([first.min(at), last.max(at)]);
        }
        if let Some([first, last]) = ends
            && first.0 < last.0
        {
            let torn = Torn {
                txn,
                first: first.1,
                last: last.1,
                whole: last.0.saturating_add(1),
            };
            self.torn.push((first.0 + 1, torn));
        }
    }

    /// Of those that begin to be seen at no larger size, lets the last seen whole stand for all.
    fn sort_torn(&mut self) {
        self.torn.sort_unstable_by_key(|(from, _)| *from);
        for at in 1..self.torn.len() {
            let (before, here) = (self.torn[at - 1].1, &mut self.torn[at].1);
            if before.whole > here.whole {
                *here = before;
            }
        }
    }

    /// Whether what a read saw was there to be read.
    fn origins(&self, seen: &Seen, inference: &mut Inference) {
        let read = inference.mop(seen.mop);
        let codes = &inference.history.codes;
        let set = self.sets.elements(seen.others);
        let size = self.size(seen);
        let first = |wanted: fn(Origin) -> bool, known: Option<u32>| match size {
            Some(size) => {
                let at = known.filter(|at| *at < size)?;
                Some(self.chain().elements()[at as usize])
            }
            None => set.iter().copied().find(|e| wanted(inference.origin(*e))),
        };
        let aborted = first(|o| matches!(o, Origin::Aborted(_)), self.first_aborted);
        let unwritten = first(|o| o == Origin::Nobody, self.first_unwritten);
        if let Some(element) = aborted
            && let Origin::Aborted(writer) = inference.origin(element)
        {
            let element = codes.text(element);
            let what = format!(", but the transaction that added {element} had failed");
            inference.misread(Anomaly::G1a, read, &[writer], &what);
        }
        if let Some(element) = unwritten {
            let what = format!(", but nobody ever added {}", codes.text(element));
            inference.misread(Anomaly::GarbageRead, read, &[], &what);
        }
        if let Some(torn) = size.and_then(|size| self.torn_at(size)) {
            let what = format!(
                ", the state in the middle of a transaction that added {} and {}",
                codes.text(torn.first),
                codes.text(torn.last)
            );
            inference.misread(Anomaly::G1b, read, &[torn.txn], &what);
        }
        let own = inference.history.mops_of(read.txn).iter();
        let mut later = own.skip_while(|mop| !std::ptr::eq(*mop, read));
        let shown = inference.history.elements(read);
        if let Some(add) = later.find(|mop| {
            mop.kind == MopKind::Write && mop.key == read.key && shown.contains(&mop.value)
        }) {
            let what = format!(
                " and added {} itself only after that",
                codes.text(add.value)
            );
            inference.misread(Anomaly::FutureRead, read, &[], &what);
        }
    }

    /// Turns the classes into dependencies.
    fn connect(&mut self, inference: &mut Inference) {
        self.readers.sort_unstable();
        self.readers.dedup();
        let mut sources: Vec<(Node, Kinds)> = Vec::new();
        let mut writers: Vec<(Node, Kinds)> = Vec::new();
        let sizes: Vec<u32> = self.chain().sizes.iter().copied().collect();
        let mut readers = std::mem::take(&mut self.readers).into_iter().peekable();
        let mut begin = 0;
        for size in sizes {
            let class = &self.chain().elements()[begin as usize..size as usize];
            let class = class.iter().filter_map(|e| match inference.origin(*e) {
                Origin::Committed(txn) => Some(txn),
                _ => None,
            });
            let class: Vec<TxnId> = class.collect();
            self.class(class, &mut sources, &mut writers, inference);
            let here = |(of, _): &(u32, TxnId)| *of == size;
            let readers = std::iter::from_fn(|| readers.next_if(here)).map(|(_, txn)| txn);
            let readers: Vec<TxnId> = readers.collect();
            let from: Vec<(Node, Kinds)> = writers.iter().map(|(txn, _)| (*txn, WR)).collect();
            fan(&mut inference.builder, &from, &readers);
            sources.extend(readers.iter().map(|txn| (*txn, RW)));
            begin = size;
        }
        let unread = std::mem::take(&mut self.unread);
        self.class(unread, &mut sources, &mut writers, inference);
    }

    /// Ties the writers of a class to the writers of the one before and to the readers between.
    fn class(
        &mut self,
        mut class: Vec<TxnId>,
        sources: &mut Vec<(Node, Kinds)>,
        writers: &mut Vec<(Node, Kinds)>,
        inference: &mut Inference,
    ) {
        if class.is_empty() {
            return;
        }
        class.sort_unstable();
        class.dedup();
        if class.len() > 1 {
            self.open.extend(&class);
        }
        fan(&mut inference.builder, sources, &class);
        writers.clear();
        writers.extend(class.iter().map(|txn| (*txn, WW)));
        sources.clone_from(writers);
    }

    /// Whom readers of a size see in part.
    fn torn_at(&self, size: u32) -> Option<Torn> {
        let begun = self.torn.partition_point(|(from, _)| *from <= size);
        let (_, torn) = self.torn[..begun].last()?;
        (size < torn.whole).then_some(*torn)
    }
}
