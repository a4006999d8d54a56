//! Shortest cycles through a given edge, by breadth-first search.
//!
//! Snapshot isolation forbids cycles in which no two anti-dependencies follow one another, so a
//! search may have to know whether it arrived by one: then a state is a node together with that
//! bit, and a cycle of states is a cycle without two in a row, its end and its beginning included.

use super::components::components;
use super::{Graph, Kinds, Node, RW, THROUGH};
use crate::budget::{Exhausted, Meter};

/// An edge of a path, waypoints included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Edge {
    pub from: Node,
    pub to: Node,
    pub kind: Kinds,
}

/// Which edges a cycle may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rule {
    pub mask: Kinds,
    /// No two anti-dependencies in a row.
    pub nonadjacent: bool,
}

/// The state after an edge: whether it was an anti-dependency. Waypoints hand it on.
#[inline]
fn after(kind: Kinds, before: bool) -> bool {
    match kind {
        THROUGH => before,
        _ => kind == RW,
    }
}

/// The graph of states: node `2 v` is `v` reached by anything but an anti-dependency, `2 v + 1` is
/// `v` reached by one. Its components tell where cycles without two in a row are.
pub(crate) fn states(graph: &Graph, mask: Kinds) -> Graph {
    let mut builder = super::GraphBuilder::with_nodes(graph.len() as u32 * 2);
    for node in 0..graph.len() as u32 {
        for (to, kind) in graph.out(node, mask) {
            for by_rw in [false, true] {
                if !(by_rw && kind == RW) {
                    let to = to * 2 + u32::from(after(kind, by_rw));
                    builder.edge(node * 2 + u32::from(by_rw), to, kind);
                }
            }
        }
    }
    builder.build()
}

/// Searches one graph, again and again.
pub(crate) struct CycleSearch<'g> {
    graph: &'g Graph,
    /// By state: the search that saw it last.
    seen: Vec<u32>,
    /// By state: the state before it and the kind of the edge between.
    parents: Vec<(u32, Kinds)>,
    searches: u32,
    queue: Vec<u32>,
    /// Bytes at the most, those of the graph included.
    held: u64,
    /// Edges looked at by all searches.
    pub steps: u64,
}

impl<'g> CycleSearch<'g> {
    pub fn new(graph: &'g Graph) -> CycleSearch<'g> {
        let a_state = 2 * size_of::<u32>() + size_of::<(u32, Kinds)>();
        CycleSearch {
            graph,
            held: graph.bytes() + (graph.len() * 2 * a_state) as u64,
            seen: vec![0; graph.len() * 2],
            parents: vec![(0, 0); graph.len() * 2],
            searches: 0,
            queue: Vec::new(),
            steps: 0,
        }
    }

    /// A shortest cycle that begins with this edge and has fewer than `edges_max` edges.
    pub fn shortest(
        &mut self,
        first: Edge,
        rule: Rule,
        edges_max: usize,
        meter: &mut Meter,
    ) -> Result<Option<Vec<Edge>>, Exhausted> {
        self.searches += 1;
        self.queue.clear();
        let start = first.to * 2 + u32::from(rule.nonadjacent && first.kind == RW);
        self.seen[start as usize] = self.searches;
        self.queue.push(start);
        let (mut head, mut depth, mut level_end) = (0, 1, 1);
        while head < self.queue.len() {
            if head == level_end {
                depth += 1;
                level_end = self.queue.len();
            }
            if depth + 1 >= edges_max {
                return Ok(None);
            }
            let state = self.queue[head];
            head += 1;
            meter.step(self.held)?;
            let (node, by_rw) = (state / 2, state % 2 == 1);
            for (to, kind) in self.graph.out(node, rule.mask) {
                self.steps += 1;
                if by_rw && kind == RW {
                    continue;
                }
                let next_by_rw = rule.nonadjacent && after(kind, by_rw);
                // The cycle goes on with its first edge, an anti-dependency if need be.
                if to == first.from && !(next_by_rw && first.kind == RW) {
                    return Ok(Some(self.path(first, state, kind)));
                }
                let next = to * 2 + u32::from(next_by_rw);
                if self.seen[next as usize] != self.searches {
                    self.seen[next as usize] = self.searches;
                    self.parents[next as usize] = (state, kind);
                    self.queue.push(next);
                }
            }
        }
        Ok(None)
    }

    /// The cycle whose last edge leads from `last` back to the beginning.
    fn path(&self, first: Edge, last: u32, kind: Kinds) -> Vec<Edge> {
        let mut edges = vec![Edge {
            from: last / 2,
            to: first.from,
            kind,
        }];
        let start = self.queue[0];
        let mut state = last;
        while state != start {
            let (before, kind) = self.parents[state as usize];
            edges.push(Edge {
                from: before / 2,
                to: state / 2,
                kind,
            });
            state = before;
        }
        edges.push(first);
        edges.reverse();
        edges
    }
}

/// A short cycle through the first of the first `nodes` that lies on one, if there is any.
pub(crate) fn shortest_of_any(
    graph: &Graph,
    nodes: u32,
    meter: &mut Meter,
) -> Result<Option<Vec<Edge>>, Exhausted> {
    let parts = components(graph, Kinds::MAX, meter)?;
    let Some(from) = (0..nodes).find(|node| parts.is_cyclic(*node)) else {
        return Ok(None);
    };
    let mut search = CycleSearch::new(graph);
    let rule = Rule {
        mask: Kinds::MAX,
        nonadjacent: false,
    };
    let out = graph.out(from, Kinds::MAX);
    for (to, kind) in out.filter(|(to, _)| parts.joins(from, *to)) {
        let first = Edge { from, to, kind };
        if let Some(cycle) = search.shortest(first, rule, usize::MAX, meter)? {
            return Ok(Some(cycle));
        }
    }
    Ok(None)
}
