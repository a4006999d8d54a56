//! Priority queues of numbers: the smallest leaves first.
//!
//! With numbers that are put once, a greedy order decides. A number may be taken only at a moment
//! when no smaller one is there; larger ones do not matter to it. So numbers are placed from the
//! smallest up: each is taken at the earliest moment within its take, and not before its put began,
//! that no smaller number occupies, and then occupies the queue from the end of its put until that
//! moment. Earliest is best, since it leaves the fewest moments occupied to larger numbers. A take
//! that found nothing is larger than all. (Bouajjani, Enea & Wang, *Checking linearizability of
//! concurrent priority queues*, CONCUR 2017, show that the smaller part decides alone; there the
//! moments are states of an automaton.)

use crate::budget::{Exhausted, Meter};
use crate::linearizable::model::{Model, NEVER};
use crate::linearizable::models::container::{ContainerOp, Discipline, Element, Item, Items};
use crate::linearizable::models::gaps::{Gaps, untold};
use crate::linearizable::models::{heap_of, queue};
use crate::linearizable::vocabulary::Contradiction;

/// The discipline of priority queues.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct PriorityQueue;

/// One priority queue: its numbers, the next to leave last.
#[derive(Debug, Clone, Copy, Default)]
pub struct PriorityQueueModel;

impl Model for PriorityQueueModel {
    type State = Vec<Element>;
    type Op = ContainerOp;

    fn init(&self) -> Vec<Element> {
        Vec::new()
    }

    fn step(&self, state: &Vec<Element>, op: &ContainerOp) -> Option<Vec<Element>> {
        match (*op, state.split_last()) {
            (ContainerOp::Put(element), _) => {
                let at = state.partition_point(|e| *e > element);
                Some([&state[..at], &[element], &state[at..]].concat())
            }
            (ContainerOp::Take(element), Some((least, others))) => {
                (element == *least).then(|| others.to_vec())
            }
            (ContainerOp::Take(_), None) => None,
            (ContainerOp::Empty, least) => least.is_none().then(Vec::new),
            (ContainerOp::TakeAny, least) => {
                Some(least.map_or_else(Vec::new, |(_, others)| others.to_vec()))
            }
        }
    }

    fn reads_only(&self, op: &ContainerOp) -> bool {
        *op == ContainerOp::Empty
    }
}

impl Discipline for PriorityQueue {
    type Model = PriorityQueueModel;
    const OBJECT: &'static str = "priority queue";
    const FUNCTIONS: &'static [&'static str] = &["insert", "delete-min"];
    const PUTS: usize = 1;
    const ORDERED: bool = true;

    fn heap(state: &Vec<Element>) -> usize {
        heap_of(state)
    }

    fn elements(state: &Vec<Element>) -> Vec<Vec<Element>> {
        vec![state.clone()]
    }

    const METHOD: &'static str = "smallest-first";

    fn decide(
        items: &Items<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<Option<Contradiction>, Exhausted> {
        let mut ascending: Vec<_> = items.items.iter().collect();
        ascending.sort_unstable_by_key(|item| item.element);
        meter.check_clock()?;
        Ok(place(items, &ascending))
    }
}

fn place(items: &Items<'_>, ascending: &[&Item]) -> Option<Contradiction> {
    let mut gaps = Gaps::new(queue::last(items));
    for item in ascending {
        let taken = match (item.take, items.take(item)) {
            (Some(i), Some(take)) => {
                let from = take.start.max(items.ops[item.put as usize].start);
                match gaps.first(from).filter(|gap| *gap <= take.finish) {
                    Some(gap) => gap,
                    None if take.is_indefinite() => NEVER,
                    None => return Some(untold(i, &[item.put], SMALLER)),
                }
            }
            _ => NEVER,
        };
        gaps.occupy(items.put_by(item), taken);
    }
    queue::never_empty(items, &mut gaps)
}

const SMALLER: &str = "a smaller number was there at every moment it could have been taken, after";
