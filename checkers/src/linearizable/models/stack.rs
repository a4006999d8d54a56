//! Last-in-first-out stacks.

mod peeling;
mod ranks;

use crate::budget::{Exhausted, Meter};
use crate::linearizable::model::Model;
use crate::linearizable::models::container::{ContainerOp, Discipline, Element, Items};
use crate::linearizable::models::{heap_of, queue};
use crate::linearizable::vocabulary::{Contradiction, Piece};

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

    const METHOD: &'static str = "bottom-first";

    fn decide(
        items: &Items<'_>,
        meter: &mut Meter<'_>,
    ) -> Result<Option<Contradiction>, Exhausted> {
        Ok(match peeling::without_bottom(items, meter)? {
            Some(chain) => Some(tell(items, &chain)),
            None => queue::empty(items),
        })
    }
}

/// Elements named one by one in a reason.
const NAMED_MAX: usize = 6;

/// Why none of these elements can lie under the others.
fn tell(items: &Items<'_>, chain: &[u32]) -> Contradiction {
    let chain: Vec<_> = chain.iter().map(|i| &items.items[*i as usize]).collect();
    let ops = chain.iter().flat_map(|item| [Some(item.put), item.take]);
    let mut story: Vec<u32> = ops.flatten().collect();
    // The first that was pushed: another stayed in the stack beyond its pop.
    let about = chain[0].take.unwrap_or(chain[0].put);
    story.retain(|op| *op != about);
    let mut reason = vec![Piece::text("pushed after it and popped after it are ")];
    if chain.len() > 2 {
        reason = vec![Piece::text(
            "from its push on the stack was never empty until another was popped, so one element \
             lay under all others, and none was pushed before and popped after the others: see ",
        )];
    }
    for (i, op) in story.iter().take(NAMED_MAX).enumerate() {
        reason.push(Piece::text(if i == 0 { "the " } else { ", the " }));
        reason.push(Piece::Told(*op));
    }
    Contradiction {
        about,
        story: [&[about], &story[..]].concat(),
        reason,
    }
}
