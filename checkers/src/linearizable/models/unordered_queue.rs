//! Queues that give their elements back in any order.
//!
//! With elements that are put once, each element is an object of its own (locality), so it is
//! enough that none is taken twice or before it is put, and that a take that found nothing had a
//! moment at which no element was certainly there.

use std::collections::BTreeSet;

use crate::budget::{Exhausted, Meter};
use crate::linearizable::models::container::{ContainerOp, Discipline, Element, Items};
use crate::linearizable::models::{heap_of, queue};
use crate::linearizable::powerset::{Nondeterministic, Powerset};
use crate::linearizable::vocabulary::Contradiction;

/// The discipline of unordered queues.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct UnorderedQueue;

/// One unordered queue: its elements, sorted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Bag;

impl Nondeterministic for Bag {
    type State = Vec<Element>;
    type Op = ContainerOp;

    fn init(&self) -> Vec<Element> {
        Vec::new()
    }

    fn steps(&self, state: &Vec<Element>, op: &ContainerOp) -> Vec<Vec<Element>> {
        let without = |at: usize| [&state[..at], &state[at + 1..]].concat();
        match *op {
            ContainerOp::Put(element) => {
                let at = state.partition_point(|e| *e < element);
                vec![[&state[..at], &[element], &state[at..]].concat()]
            }
            ContainerOp::Take(element) => {
                let at = state.binary_search(&element);
                at.map(without).into_iter().collect()
            }
            ContainerOp::Empty if state.is_empty() => vec![Vec::new()],
            ContainerOp::Empty => Vec::new(),
            ContainerOp::TakeAny if state.is_empty() => vec![Vec::new()],
            ContainerOp::TakeAny => (0..state.len()).map(without).collect(),
        }
    }
}

impl Discipline for UnorderedQueue {
    type Model = Powerset<Bag>;
    const OBJECT: &'static str = "unordered queue";
    const FUNCTIONS: &'static [&'static str] = &["enqueue", "dequeue"];
    const PUTS: usize = 1;

    fn heap(states: &BTreeSet<Vec<Element>>) -> usize {
        states
            .iter()
            .map(|state| heap_of(state) + size_of::<Vec<Element>>())
            .sum()
    }

    fn elements(states: &BTreeSet<Vec<Element>>) -> Vec<Vec<Element>> {
        states.iter().cloned().collect()
    }

    const METHOD: &'static str = "elements";

    fn decide(
        items: &Items<'_>,
        _meter: &mut Meter<'_>,
    ) -> Result<Option<Contradiction>, Exhausted> {
        Ok(queue::empty(items))
    }
}

impl Default for Powerset<Bag> {
    fn default() -> Powerset<Bag> {
        Powerset(Bag)
    }
}
