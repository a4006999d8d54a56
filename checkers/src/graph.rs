//! A dependency graph of tens of millions of edges, packed.
//!
//! Compressed sparse rows: the edges of a node lie side by side, each a target and one bit that
//! says of which kind it is, so that every search takes a mask of kinds and no graph is copied to
//! leave some out. Why an edge is there is not kept: whoever built the graph can tell again from
//! the two ends and the kind.
//!
//! Beside transactions a graph has *waypoints*, nodes that stand for many edges at once: an edge
//! into a waypoint has a kind, and edges out of it ([`THROUGH`]) lead on for free. So an order
//! between everything before an instant and everything after it takes as many edges as there are
//! events, and n readers of what m writers replace take n + m.

pub(crate) mod components;
pub(crate) mod cycles;
pub(crate) mod fan;
pub(crate) mod ranges;
pub(crate) mod reach;
pub(crate) mod topology;

/// A transaction or a waypoint.
pub(crate) type Node = u32;

/// Kinds of edges, as bits.
pub(crate) type Kinds = u8;

/// The target overwrites what the source wrote.
pub(crate) const WW: Kinds = 1;
/// The target read what the source wrote.
pub(crate) const WR: Kinds = 1 << 1;
/// The target overwrites what the source read.
pub(crate) const RW: Kinds = 1 << 2;
/// The same process ran the source before the target.
pub(crate) const PROCESS: Kinds = 1 << 3;
/// The source completed before the target was invoked.
pub(crate) const REALTIME: Kinds = 1 << 4;
/// Leads on from a waypoint.
pub(crate) const THROUGH: Kinds = 1 << 5;

/// Collects edges in any order.
#[derive(Debug, Clone, Default)]
pub(crate) struct GraphBuilder {
    nodes: u32,
    ends: Vec<[Node; 2]>,
    kinds: Vec<Kinds>,
}

impl GraphBuilder {
    pub fn with_nodes(nodes: u32) -> GraphBuilder {
        GraphBuilder {
            nodes,
            ..GraphBuilder::default()
        }
    }

    /// Adds nodes and answers the first.
    pub fn add_nodes(&mut self, count: u32) -> Node {
        let first = self.nodes;
        self.nodes += count;
        first
    }

    /// Adds an edge. One from a node to itself says nothing and is left out.
    #[inline]
    pub fn edge(&mut self, from: Node, to: Node, kind: Kinds) {
        if from != to {
            self.ends.push([from, to]);
            self.kinds.push(kind);
        }
    }

    pub fn edges(&self) -> usize {
        self.ends.len()
    }

    /// Bytes held now.
    pub fn bytes(&self) -> u64 {
        let an_edge = size_of::<[Node; 2]>() + size_of::<Kinds>();
        (self.ends.capacity() * an_edge) as u64
    }

    /// Bytes held at most until the graph is built and the edges collected are gone.
    pub fn bytes_to_build(&self) -> u64 {
        let graph = graph_bytes(self.nodes as usize + 1, self.ends.len());
        self.bytes() + graph
    }

    pub fn build(self) -> Graph {
        let mut offsets = vec![0u32; self.nodes as usize + 2];
        for [from, _] in &self.ends {
            offsets[*from as usize + 2] += 1;
        }
        for node in 2..offsets.len() {
            offsets[node] += offsets[node - 1];
        }
        let mut targets = vec![0; self.ends.len()];
        let mut kinds = vec![0; self.ends.len()];
        for ([from, to], kind) in self.ends.iter().zip(&self.kinds) {
            let next = &mut offsets[*from as usize + 1];
            targets[*next as usize] = *to;
            kinds[*next as usize] = *kind;
            *next += 1;
        }
        offsets.pop();
        Graph {
            offsets,
            targets,
            kinds,
        }
    }
}

/// A graph that does not change any more.
#[derive(Debug)]
pub(crate) struct Graph {
    offsets: Vec<u32>,
    targets: Vec<Node>,
    kinds: Vec<Kinds>,
}

fn graph_bytes(offsets: usize, edges: usize) -> u64 {
    (offsets * size_of::<u32>() + edges * (size_of::<Node>() + size_of::<Kinds>())) as u64
}

impl Graph {
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Bytes held.
    pub fn bytes(&self) -> u64 {
        graph_bytes(self.offsets.len(), self.targets.len())
    }

    /// Where the edges of the node lie.
    #[inline]
    fn range(&self, node: Node) -> std::ops::Range<usize> {
        self.offsets[node as usize] as usize..self.offsets[node as usize + 1] as usize
    }

    /// Targets and kinds of the node's edges of the kinds in `mask`.
    #[inline]
    pub fn out(&self, node: Node, mask: Kinds) -> impl Iterator<Item = (Node, Kinds)> {
        let range = self.range(node);
        self.targets[range.clone()]
            .iter()
            .zip(&self.kinds[range])
            .filter(move |(_, kind)| *kind & mask != 0)
            .map(|(to, kind)| (*to, *kind))
    }

    /// The nodes for which `keep` holds and the edges between them, renumbered in their order, and
    /// the old number of each.
    pub fn induced(&self, keep: impl Fn(Node) -> bool) -> (Graph, Vec<Node>) {
        let kept: Vec<Node> = (0..self.len() as u32).filter(|node| keep(*node)).collect();
        let mut renumbered = vec![Node::MAX; self.len()];
        for (new, old) in kept.iter().enumerate() {
            renumbered[*old as usize] = new as u32;
        }
        let mut builder = GraphBuilder::with_nodes(kept.len() as u32);
        for (new, old) in kept.iter().enumerate() {
            for (to, kind) in self.out(*old, Kinds::MAX) {
                let to = renumbered[to as usize];
                if to != Node::MAX {
                    builder.edge(new as u32, to, kind);
                }
            }
        }
        (builder.build(), kept)
    }
}

#[cfg(test)]
mod tests;
