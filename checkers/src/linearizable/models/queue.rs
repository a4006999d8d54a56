//! First-in-first-out queues.
//!
//! With elements that are put once, a history has an order if and only if none of four patterns
//! shows (Henzinger, Sezgin & Vafeiadis, *Aspect-oriented linearizability proofs*, CONCUR 2013;
//! Bouajjani, Emmi, Enea & Hamza, *On reducing linearizability to state reachability*, ICALP 2015):
//! an element is taken that was never put; one is taken twice; of two elements, one put entirely
//! before the other, the second is taken entirely before the first or without it; a take finds
//! nothing while at every moment some element is certainly in the queue.

use crate::budget::{Exhausted, Meter};
use crate::linearizable::model::{Model, NEVER};
use crate::linearizable::models::container::{ContainerOp, Discipline, Element, Item, Items};
use crate::linearizable::models::gaps::{Gaps, untold};
use crate::linearizable::models::heap_of;
use crate::linearizable::vocabulary::Contradiction;

/// The discipline of queues.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Queue;

/// One queue: its elements, the next to leave first.
#[derive(Debug, Clone, Copy, Default)]
pub struct QueueModel;

impl Model for QueueModel {
    type State = Vec<Element>;
    type Op = ContainerOp;

    fn init(&self) -> Vec<Element> {
        Vec::new()
    }

    fn step(&self, state: &Vec<Element>, op: &ContainerOp) -> Option<Vec<Element>> {
        match (*op, state.first()) {
            (ContainerOp::Put(element), _) => Some([&state[..], &[element]].concat()),
            (ContainerOp::Take(element), Some(first)) => {
                (element == *first).then(|| state[1..].to_vec())
            }
            (ContainerOp::Take(_), None) => None,
            (ContainerOp::Empty, first) => first.is_none().then(Vec::new),
            (ContainerOp::TakeAny, _) => Some(state.get(1..).unwrap_or_default().to_vec()),
        }
    }

    fn reads_only(&self, op: &ContainerOp) -> bool {
        *op == ContainerOp::Empty
    }
}

impl Discipline for Queue {
    type Model = QueueModel;
    const OBJECT: &'static str = "queue";
    const FUNCTIONS: &'static [&'static str] = &["enqueue", "dequeue"];
    const PUTS: usize = 1;

    fn heap(state: &Vec<Element>) -> usize {
        heap_of(state)
    }

    fn elements(state: &Vec<Element>) -> Vec<Vec<Element>> {
        vec![state.clone()]
    }

    const METHOD: &'static str = "queue-patterns";

    fn decide(
        items: &Items<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<Option<Contradiction>, Exhausted> {
        if let Some(found) = out_of_order(items) {
            return Ok(Some(found));
        }
        meter.check_clock()?;
        Ok(empty(items))
    }

    /// An element must leave before the first take ends of one put after it. Those that must leave
    /// first get the takes that began first; that is enough, for an element put before another must
    /// leave no later.
    fn assign(items: &mut Items<'_>, unknown: &[u32]) -> Option<Result<(), Contradiction>> {
        let mut waiting = must_leave(items);
        waiting.sort_unstable();
        let mut unknown = unknown.iter().copied();
        for (at, &(deadline, item, take)) in waiting.iter().enumerate() {
            match unknown.next() {
                Some(given) if items.ops[given as usize].start < deadline => {
                    items.items[item as usize].take = Some(given);
                }
                _ => {
                    let from = at.saturating_sub(NAMED_MAX - 1);
                    let put = |waits: &(u32, u32, u32)| items.items[waits.1 as usize].put;
                    let puts: Vec<u32> = waiting[from..=at].iter().map(put).collect();
                    return Some(Err(untold(take, &puts, TOO_FEW)));
                }
            }
        }
        Some(Ok(()))
    }
}

/// Puts named in a reason.
const NAMED_MAX: usize = 4;

const TOO_FEW: &str = "more elements were put before it and not taken by then than takes with \
                       unknown result had begun: see";

/// The elements that must have left by a deadline, the first end of a take of an element put after
/// them, and that no take of their own is known to have removed by then. With that deadline, their
/// place, and the take that sets it.
fn must_leave(items: &Items<'_>) -> Vec<(u32, u32, u32)> {
    // From each element on, in the order of the starts of puts, the first end of a take.
    let mut first_end = vec![(NEVER, 0); items.items.len() + 1];
    for (at, item) in items.items.iter().enumerate().rev() {
        let end = item
            .take
            .map(|take| (items.ops[take as usize].finish, take));
        first_end[at] = first_end[at + 1].min(end.unwrap_or((NEVER, 0)));
    }
    let start = |item: &Item| items.ops[item.put as usize].start;
    let waits = |(at, item): (u32, &Item)| {
        let by = items.put_by(item);
        let later = items.items.partition_point(|later| start(later) < by);
        let (deadline, take) = first_end[later];
        let own = items.take(item);
        let is_late = own.is_none_or(|own| own.is_indefinite() && own.start > deadline);
        (is_late && deadline != NEVER).then_some((deadline, at, take))
    };
    (0u32..).zip(&items.items).filter_map(waits).collect()
}

/// Looks for elements that overtake: sweeps over the puts with the latest take before each.
fn out_of_order(items: &Items<'_>) -> Option<Contradiction> {
    let take_start = |item: &Item| items.take(item).map_or(NEVER, |take| take.start);
    let mut earlier: Vec<&Item> = items.items.iter().collect();
    earlier.sort_unstable_by_key(|item| items.put_by(item));
    let mut earlier = earlier.into_iter().peekable();
    let mut latest: Option<&Item> = None;
    for later in &items.items {
        let start = items.ops[later.put as usize].start;
        while let Some(item) = earlier.next_if(|item| items.put_by(item) < start) {
            if latest.is_none_or(|latest| take_start(latest) < take_start(item)) {
                latest = Some(item);
            }
        }
        let (Some(first), Some(taken)) = (latest, items.take(later)) else {
            continue;
        };
        if taken.finish < take_start(first) {
            let take = later.take.unwrap_or(later.put);
            let mut others = vec![first.put];
            others.extend(first.take);
            let reason = "an element put before it was not taken by then: see";
            return Some(untold(take, &others, reason));
        }
    }
    None
}

/// Looks for takes that found nothing though something was in the container all the time.
pub(super) fn empty(items: &Items<'_>) -> Option<Contradiction> {
    if items.empty.is_empty() {
        return None;
    }
    let mut gaps = Gaps::new(last(items));
    for item in &items.items {
        let taken = items.take(item).map_or(NEVER, |take| take.start);
        gaps.occupy(items.put_by(item), taken);
    }
    never_empty(items, &mut gaps)
}

/// A take that found nothing and has no gap.
pub(super) fn never_empty(items: &Items<'_>, gaps: &mut Gaps) -> Option<Contradiction> {
    let has_none = |i: &&u32| {
        let op = &items.ops[**i as usize];
        gaps.first(op.start).is_none_or(|gap| gap > op.finish)
    };
    let take = items.empty.iter().find(has_none)?;
    Some(untold(*take, &[], "at no moment could it have been empty"))
}

/// The last position of an event.
pub(super) fn last(items: &Items<'_>) -> u32 {
    let ends = items.ops.iter().map(|op| {
        if op.is_indefinite() {
            op.start
        } else {
            op.finish
        }
    });
    ends.max().unwrap_or(0)
}
