//! The decision for stacks whose every element is pushed once.
//!
//! An element is certainly in the stack from the end of its push to the start of its pop, its
//! *stay*, if the first comes first; otherwise push and pop may follow each other directly, at a
//! moment of both, and the element disturbs no other. Three facts decide (cf. Lee & Mathur,
//! *Efficient decrease-and-conquer linearizability monitoring*, OOPSLA 2025; Abdulla et al.,
//! *Efficient linearizability monitoring*, PLDI 2025):
//!
//! 1. What is left of an order without some of the elements is an order of the others.
//! 2. At a moment in no stay, the stack can be empty: each element can leave by then or come
//!    thereafter, so what lies on either side is decided alone.
//! 3. Where stays leave no such moment from L to R, the stack is not empty between, so one element
//!    lies under all others: its push starts before L, the first end of a push, and its pop ends
//!    after R, the last start of a pop. By (1), any such element will do. What is above it is
//!    decided without it.
//!
//! So elements are peeled off from the bottom until none is left, or none can be at the bottom.
//! With the elements ranked by the ends of their pushes, each step takes O(log n).

use std::iter;
use std::ops::Range;

use crate::budget::{Exhausted, Meter};
use crate::linearizable::model::NEVER;
use crate::linearizable::models::container::Items;
use crate::linearizable::models::stack::ranks::{Coverage, Greatest};

/// The pop of an element that stays starts after every event and ends after that.
const AFTER_ALL: u32 = NEVER - 1;

/// An element with a stay.
#[derive(Debug, Clone, Copy)]
struct Stay {
    /// Its position among the items.
    item: u32,
    push_start: u32,
    /// The end of its push.
    from: u32,
    /// The start of its pop.
    to: u32,
    pop_finish: u32,
}

/// Memory for an element: itself and its nodes in four trees, which have up to four times as many
/// nodes as elements.
const STAY_BYTES: u64 = (size_of::<Stay>() + 4 * 4 * size_of::<u64>()) as u64;

/// The stays of a history, by the ends of their pushes.
struct Stays {
    stays: Vec<Stay>,
    coverage: Coverage,
    /// Starts of pops.
    to: Greatest,
    /// Starts of pushes, counted down from [`NEVER`], of elements not known to have been pushed
    /// early enough to be at the bottom.
    push_start: Greatest,
    /// Ends of pops of those that were.
    pop_finish: Greatest,
}

/// Positions among the items of elements that have no order, whatever the others did: the stay of
/// each begins within that of one before it, and none of them can be at the bottom.
pub(super) fn without_bottom(
    items: &Items<'_>,
    meter: &mut Meter<'_>,
) -> Result<Option<Vec<u32>>, Exhausted> {
    let mut stays = Stays::of(items);
    let mut parts: Vec<Range<usize>> = iter::once(0..stays.stays.len()).collect();
    while let Some(part) = parts.pop() {
        meter.step(STAY_BYTES * stays.stays.len() as u64)?;
        let Some(first) = stays.coverage.first_bare(&part) else {
            continue;
        };
        let part = first..part.end;
        if let Some(next) = stays.coverage.first_bare(&(first + 1..part.end)) {
            parts.push(next..part.end);
            parts.push(first..next);
            continue;
        }
        match stays.bottom(&part) {
            Some(bottom) => {
                stays.take_out(bottom);
                parts.push(part);
            }
            None => return Ok(Some(stays.chain(&part))),
        }
    }
    Ok(None)
}

impl Stays {
    fn of(items: &Items<'_>) -> Stays {
        let all = (0u32..).zip(&items.items).map(|(i, item)| {
            let push = &items.ops[item.put as usize];
            let pop = items.take(item);
            Stay {
                item: i,
                push_start: push.start,
                from: push.finish,
                to: pop.map_or(AFTER_ALL, |pop| pop.start),
                pop_finish: pop.map_or(NEVER, |pop| pop.finish),
            }
        });
        let mut stays: Vec<Stay> = all.filter(|stay| stay.from < stay.to).collect();
        stays.sort_unstable_by_key(|stay| stay.from);
        let mut coverage = Coverage::none(stays.len());
        for rank in 0..stays.len() {
            coverage.cover(covered_by(&stays, rank));
        }
        Stays {
            coverage,
            to: Greatest::of(stays.iter().map(|stay| stay.to)),
            push_start: Greatest::of(stays.iter().map(|stay| NEVER - stay.push_start)),
            pop_finish: Greatest::none(stays.len()),
            stays,
        }
    }

    /// An element that can be under all others of a part that no moment divides. The first of the
    /// part is in it still.
    fn bottom(&mut self, part: &Range<usize>) -> Option<usize> {
        let from = self.stays[part.start].from;
        let (to, _) = self.to.among(part);
        loop {
            let (early, rank) = self.push_start.among(part);
            if early == 0 || NEVER - early > from {
                break;
            }
            self.push_start.set(rank, 0);
            self.pop_finish.set(rank, self.stays[rank].pop_finish);
        }
        let (finish, rank) = self.pop_finish.among(part);
        (finish > to).then_some(rank)
    }

    fn take_out(&mut self, rank: usize) {
        self.coverage.uncover(covered_by(&self.stays, rank));
        self.coverage.take_out(rank);
        self.to.set(rank, 0);
        self.push_start.set(rank, 0);
        self.pop_finish.set(rank, 0);
    }

    /// As few elements of a part as leave no moment between its first and its last.
    fn chain(&self, part: &Range<usize>) -> Vec<u32> {
        let (last, _) = self.to.among(part);
        let mut chain = vec![self.stays[part.start].item];
        let mut to = self.stays[part.start].to;
        while to < last {
            let end = self.stays.partition_point(|stay| stay.from < to);
            let (reach, rank) = self.to.among(&(part.start..end.min(part.end)));
            chain.push(self.stays[rank].item);
            if reach <= to {
                break;
            }
            to = reach;
        }
        chain
    }
}

/// The ranks of the stays that begin within this one.
fn covered_by(stays: &[Stay], rank: usize) -> Range<usize> {
    let to = stays[rank].to;
    let after = rank + 1;
    after..after + stays[after..].partition_point(|stay| stay.from < to)
}
