//! Last-in-first-out stacks.

use crate::linearizable::model::Model;
use crate::linearizable::models::container::{ContainerOp, Discipline, Element, Items};
use crate::linearizable::models::heap_of;
use crate::linearizable::vocabulary::Contradiction;

/// The discipline of stacks.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Stack;

/// One stack: its elements, the next to leave last.
#[derive(Debug, Clone, Copy, Default)]
pub struct StackModel;

impl Model for StackModel {
    type State = Vec<Element>;
    type Op = ContainerOp;

    fn init(&self) -> Vec<Element> {
        Vec::new()
    }

    fn step(&self, state: &Vec<Element>, op: &ContainerOp) -> Option<Vec<Element>> {
        match (*op, state.split_last()) {
            (ContainerOp::Put(element), _) => Some([&state[..], &[element]].concat()),
            (ContainerOp::Take(element), Some((last, below))) => {
                (element == *last).then(|| below.to_vec())
            }
            (ContainerOp::Take(_), None) => None,
            (ContainerOp::Empty, last) => last.is_none().then(Vec::new),
            (ContainerOp::TakeAny, last) => {
                Some(last.map_or_else(Vec::new, |(_, below)| below.to_vec()))
            }
        }
    }

    fn reads_only(&self, op: &ContainerOp) -> bool {
        *op == ContainerOp::Empty
    }
}

impl Discipline for Stack {
    type Model = StackModel;
    const OBJECT: &'static str = "stack";
    const FUNCTIONS: &'static [&'static str] = &["push", "pop"];
    const PUTS: usize = 1;

    fn heap(state: &Vec<Element>) -> usize {
        heap_of(state)
    }

    fn elements(state: &Vec<Element>) -> Vec<Vec<Element>> {
        vec![state.clone()]
    }

    /// The search decides stacks.
    fn decide(_items: &Items<'_>) -> Option<(&'static str, Result<(), Contradiction>)> {
        None
    }
}
