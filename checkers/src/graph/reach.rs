//! Which of many pairs of nodes are connected, 64 pairs in one sweep over the graph.

use super::components::Components;
use super::{Graph, Kinds, Node};
use crate::budget::{Exhausted, Meter};

/// Pairs decided in one sweep: the bits of a word.
pub(crate) const PAIRS_MAX: usize = u64::BITS as usize;

/// Sweeps over a graph whose nodes lie in topological order of their components.
pub(crate) struct Reach<'g> {
    graph: &'g Graph,
    mask: Kinds,
    components: &'g Components,
    order: Vec<Node>,
    /// Where each component begins in `order`.
    begins: Vec<u32>,
    /// By component: the pairs whose source reaches it.
    reached: Vec<u64>,
    /// Bytes, those of the graph included.
    held: u64,
}

impl<'g> Reach<'g> {
    pub fn new(graph: &'g Graph, mask: Kinds, components: &'g Components) -> Reach<'g> {
        let order = components.order();
        let mut begins = vec![0; components.sizes.len()];
        for (at, node) in order.iter().enumerate().rev() {
            begins[components.of[*node as usize] as usize] = at as u32;
        }
        let a_component = size_of::<u32>() + size_of::<u64>();
        let own = order.len() * size_of::<Node>() + begins.len() * a_component;
        Reach {
            graph,
            held: graph.bytes() + own as u64,
            mask,
            components,
            order,
            begins,
            reached: vec![0; components.sizes.len()],
        }
    }

    /// For each of at most [`PAIRS_MAX`] pairs, whether a path leads from the first to the second.
    /// Cheapest where the pairs lie close together in the order.
    pub fn decide(&mut self, pairs: &[(Node, Node)], meter: &mut Meter) -> Result<u64, Exhausted> {
        let component = |node: Node| self.components.of[node as usize];
        let (mut highest, mut lowest) = (0, u32::MAX);
        for (bit, (from, to)) in pairs.iter().enumerate() {
            let (from, to) = (component(*from), component(*to));
            if from >= to {
                self.reached[from as usize] |= 1 << bit;
                highest = highest.max(from);
                lowest = lowest.min(to);
            }
        }
        if lowest == u32::MAX {
            return Ok(0);
        }
        for at in self.begins[highest as usize] as usize..self.order.len() {
            let node = self.order[at];
            let here = self.components.of[node as usize];
            if here < lowest {
                break;
            }
            let pairs = self.reached[here as usize];
            if pairs == 0 {
                continue;
            }
            meter.step(self.held)?;
            for (to, _) in self.graph.out(node, self.mask) {
                self.reached[self.components.of[to as usize] as usize] |= pairs;
            }
        }
        let mut connected = 0;
        for (bit, (_, to)) in pairs.iter().enumerate() {
            connected |= self.reached[component(*to) as usize] & (1 << bit);
        }
        self.clear(highest, lowest);
        Ok(connected)
    }

    /// Forgets the pairs of this sweep: they reach no component above `highest`, but their edges
    /// may have led to some below `lowest`.
    fn clear(&mut self, highest: u32, lowest: u32) {
        for component in lowest..=highest {
            let begin = self.begins[component as usize] as usize;
            let touched = self.reached[component as usize] != 0;
            self.reached[component as usize] = 0;
            if !touched {
                continue;
            }
            let size = self.components.sizes[component as usize] as usize;
            for node in &self.order[begin..begin + size] {
                for (to, _) in self.graph.out(*node, self.mask) {
                    self.reached[self.components.of[to as usize] as usize] = 0;
                }
            }
        }
    }
}
