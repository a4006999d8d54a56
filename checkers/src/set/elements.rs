//! The elements of one set and what its reads showed of them.
//!
//! A read is kept as a bitset over the elements. The last read that lacks each element is found for
//! 64 elements at a time, going through the reads backwards: O(reads · elements / 64) in all.

use crate::Value;
use crate::intern::Interner;

/// An event of the history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Moment {
    /// Position among the client events.
    pub position: u32,
    pub index: u64,
    pub time: Option<i64>,
}

/// A completed read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ReadOf {
    pub begin: Moment,
    pub end: Moment,
}

struct Read {
    of: ReadOf,
    /// Bit `e` is set if element `e` was shown; absent words are zero.
    shown: Vec<u64>,
}

impl Read {
    fn word(&self, at: usize) -> u64 {
        self.shown.get(at).copied().unwrap_or(0)
    }
}

#[derive(Debug, Clone, Copy, Default)]
struct Element {
    attempts: u32,
    refused: u32,
    acknowledged: bool,
    /// When it was known to be there.
    known: Option<Moment>,
    /// The first read to show it.
    first_shown: Option<ReadOf>,
    /// The first read to show it before anyone tried to add it.
    unattempted: Option<ReadOf>,
}

/// One set.
#[derive(Default)]
pub(super) struct OneSet {
    ids: Interner,
    /// By id; the entry of nil is there but used only if nil is added.
    elements: Vec<Element>,
    reads: Vec<Read>,
    duplicated: Vec<(u32, ReadOf)>,
}

/// A known element that a later read lacked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fate {
    pub element: u32,
    pub acknowledged: bool,
    pub known: Moment,
    /// The last read that lacked it.
    pub absent: ReadOf,
    /// The last read that showed it.
    pub seen: Option<ReadOf>,
}

/// What became of the elements.
#[derive(Debug, Default)]
pub(super) struct Verdicts {
    pub attempts: u64,
    /// Shown by the last read that could tell.
    pub stable: u64,
    /// Attempted, and no read tells.
    pub never_read: u64,
    /// Indefinite, and there.
    pub recovered: u64,
    pub lost: Vec<Fate>,
    pub stale: Vec<Fate>,
    pub unexpected: Vec<(u32, ReadOf)>,
    pub duplicated: Vec<(u32, ReadOf)>,
    /// Nanoseconds from when an element was known to the last read that lacked it, 0 if none did.
    pub stable_latencies: Vec<i64>,
}

impl OneSet {
    pub fn element(&self, id: u32) -> &Value {
        self.ids.value(id)
    }

    /// Someone begins to add the element.
    pub fn attempt(&mut self, element: &Value) -> u32 {
        let id = self.id(element);
        self.elements[id as usize].attempts += 1;
        id
    }

    pub fn acknowledge(&mut self, element: u32, now: Moment) {
        let element = &mut self.elements[element as usize];
        element.acknowledged = true;
        element.known.get_or_insert(now);
    }

    /// An attempt certainly failed.
    pub fn refuse(&mut self, element: u32) {
        self.elements[element as usize].refused += 1;
    }

    pub fn read(&mut self, begin: Moment, end: Moment, elements: &[Value]) {
        let of = ReadOf { begin, end };
        let mut shown = vec![0u64; self.elements.len().div_ceil(64)];
        for value in elements {
            let id = self.id(value);
            let (word, bit) = (id as usize / 64, 1u64 << (id % 64));
            if word >= shown.len() {
                shown.resize(word + 1, 0);
            }
            if shown[word] & bit != 0 {
                self.duplicated.push((id, of));
                continue;
            }
            shown[word] |= bit;
            let element = &mut self.elements[id as usize];
            element.known.get_or_insert(end);
            element.first_shown.get_or_insert(of);
            if element.attempts == 0 {
                element.unattempted.get_or_insert(of);
            }
        }
        self.reads.push(Read { of, shown });
    }

    pub fn judge(&self) -> Verdicts {
        let mut reads: Vec<&Read> = self.reads.iter().collect();
        reads.sort_by_key(|read| read.of.begin.position);
        let seen = self.last_reads(&reads, |read, word| read.word(word));
        let absent = self.last_reads(&reads, |read, word| !read.word(word));
        let mut verdicts = Verdicts::default();
        for (id, element) in self.elements.iter().enumerate() {
            self.judge_element(id as u32, element, seen[id], absent[id], &mut verdicts);
        }
        let mut duplicated = self.duplicated.clone();
        duplicated.sort_by_key(|(id, read)| (*id, read.end.position));
        duplicated.dedup_by_key(|(id, _)| *id);
        verdicts.duplicated = duplicated;
        verdicts
    }

    fn judge_element(
        &self,
        id: u32,
        element: &Element,
        seen: Option<ReadOf>,
        absent: Option<ReadOf>,
        verdicts: &mut Verdicts,
    ) {
        if element.attempts == 0 && element.first_shown.is_none() {
            return;
        }
        verdicts.attempts += u64::from(element.attempts > 0);
        if let Some(read) = element.unattempted {
            verdicts.unexpected.push((id, read));
            return;
        }
        if let (true, Some(read)) = (element.attempts == element.refused, element.first_shown) {
            verdicts.unexpected.push((id, read));
            return;
        }
        let Some(known) = element.known else {
            verdicts.never_read += u64::from(element.attempts > element.refused);
            return;
        };
        let begin = |read: ReadOf| read.begin.position;
        let late = absent.filter(|read| read.begin.position > known.position);
        let fate = late.map(|absent| Fate {
            element: id,
            acknowledged: element.acknowledged,
            known,
            absent,
            seen,
        });
        match (seen, fate) {
            (None, Some(fate)) => verdicts.lost.push(fate),
            (Some(seen), Some(fate)) if begin(seen) < begin(fate.absent) => {
                verdicts.lost.push(fate);
            }
            (Some(_), fate) => {
                verdicts.stable += 1;
                verdicts.recovered += u64::from(!element.acknowledged);
                let end = fate.map_or(known.time, |fate| fate.absent.begin.time);
                let latency = end
                    .zip(known.time)
                    .map(|(end, known)| end.saturating_sub(known).max(0));
                verdicts.stable_latencies.extend(latency);
                verdicts.stale.extend(fate);
            }
            (None, None) => verdicts.never_read += 1,
        }
    }

    /// For each element the last of `reads`, which are in the order of their begins, whose `word`s
    /// have its bit.
    fn last_reads(
        &self,
        reads: &[&Read],
        word: impl Fn(&Read, usize) -> u64,
    ) -> Vec<Option<ReadOf>> {
        let mut last = vec![None; self.elements.len()];
        for at in 0..self.elements.len().div_ceil(64) {
            let mut open = u64::MAX;
            for read in reads.iter().rev() {
                let mut found = word(read, at) & open;
                open &= !found;
                while found != 0 {
                    let element = at * 64 + found.trailing_zeros() as usize;
                    found &= found - 1;
                    if let Some(slot) = last.get_mut(element) {
                        *slot = Some(read.of);
                    }
                }
                if open == 0 {
                    break;
                }
            }
        }
        last
    }

    fn id(&mut self, element: &Value) -> u32 {
        let id = self.ids.intern(element);
        if self.elements.len() < self.ids.len() {
            self.elements.resize(self.ids.len(), Element::default());
        }
        id
    }
}
