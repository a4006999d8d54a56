//! Strongly connected components and topological order in one pass: Tarjan (1972), with a stack of
//! its own instead of recursion, since paths are as long as histories.

use super::{Graph, Kinds, Node};
use crate::budget::{Exhausted, Meter};

/// The component of each node, numbered against the direction of the edges: an edge that leaves a
/// component leads to one with a smaller number.
#[derive(Debug)]
pub(crate) struct Components {
    pub of: Vec<u32>,
    /// Nodes of each component.
    pub sizes: Vec<u32>,
}

const UNSEEN: u32 = u32::MAX;

impl Components {
    /// Whether the edge lies in a component, and so in a cycle.
    #[inline]
    pub fn joins(&self, from: Node, to: Node) -> bool {
        self.of[from as usize] == self.of[to as usize]
    }

    /// Whether the node lies in a cycle.
    #[inline]
    pub fn is_cyclic(&self, node: Node) -> bool {
        self.sizes[self.of[node as usize] as usize] > 1
    }

    pub fn any_cycle(&self) -> bool {
        self.sizes.iter().any(|size| *size > 1)
    }

    /// All nodes, sources first. Only a topological order where there is no cycle; else nodes of a
    /// component stand together.
    pub fn order(&self) -> Vec<Node> {
        let count = self.sizes.len();
        let mut starts = vec![0u32; count + 1];
        for component in (0..count).rev() {
            starts[component] = starts[component + 1] + self.sizes[component];
        }
        let mut order = vec![0; self.of.len()];
        for (node, component) in self.of.iter().enumerate() {
            let next = &mut starts[*component as usize + 1];
            order[*next as usize] = node as u32;
            *next += 1;
        }
        order
    }
}

/// The components by edges of the kinds in `mask`.
pub(crate) fn components(
    graph: &Graph,
    mask: Kinds,
    meter: &mut Meter,
) -> Result<Components, Exhausted> {
    let nodes = graph.len();
    // Both the number in order of discovery, made smaller to that of the lowest node known to be
    // reachable; a node whose component is known holds `UNSEEN` no longer in `of`.
    let mut low = vec![UNSEEN; nodes];
    let mut of = vec![UNSEEN; nodes];
    let mut sizes = Vec::new();
    let mut stack: Vec<Node> = Vec::new();
    let mut path: Vec<(Node, u32, u32)> = Vec::new();
    let mut next = 0;
    // A node on the stack may be on the path, too.
    let a_node_begun = size_of::<Node>() + size_of::<(Node, u32, u32)>();
    let held = graph.bytes() + 2 * (nodes * size_of::<u32>()) as u64;
    for root in 0..nodes as u32 {
        if low[root as usize] != UNSEEN {
            continue;
        }
        path.push((root, next, graph.offsets[root as usize]));
        low[root as usize] = next;
        next += 1;
        stack.push(root);
        while let Some((node, number, edge)) = path.last_mut() {
            let node = *node as usize;
            if *edge < graph.offsets[node + 1] {
                let at = *edge as usize;
                *edge += 1;
                let to = graph.targets[at] as usize;
                if graph.kinds[at] & mask == 0 || of[to] != UNSEEN {
                    continue;
                }
                if low[to] == UNSEEN {
                    meter.step(held + (stack.len() * a_node_begun) as u64)?;
                    low[to] = next;
                    path.push((to as u32, next, graph.offsets[to]));
                    next += 1;
                    stack.push(to as u32);
                } else {
                    low[node] = low[node].min(low[to]);
                }
                continue;
            }
            let number = *number;
            path.pop();
            if let Some((parent, ..)) = path.last() {
                low[*parent as usize] = low[*parent as usize].min(low[node]);
            }
            if low[node] == number {
                close(node as u32, &mut stack, &mut of, &mut sizes);
            }
        }
    }
    Ok(Components { of, sizes })
}

/// Takes the component of its first node off the stack.
fn close(root: Node, stack: &mut Vec<Node>, of: &mut [u32], sizes: &mut Vec<u32>) {
    let mut size = 0;
    while let Some(node) = stack.pop() {
        of[node as usize] = sizes.len() as u32;
        size += 1;
        if node == root {
            break;
        }
    }
    sizes.push(size);
}
