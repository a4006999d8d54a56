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
