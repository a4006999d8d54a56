//! The packed graph against petgraph.

use petgraph::graph::DiGraph;
use proptest::prelude::*;

use super::components::components;
use super::cycles::{CycleSearch, Edge, Rule};
use super::fan::fan;
use super::ranges::below;
use super::reach::{PAIRS_MAX, Reach};
use super::topology::{Tagged, Topology};
use super::*;
use crate::budget::Budget;

const NODES: u32 = 12;

fn edges() -> impl Strategy<Value = Vec<(Node, Node, Kinds)>> {
    let kind = prop_oneof![Just(WW), Just(WR), Just(RW)];
    prop::collection::vec((0..NODES, 0..NODES, kind), 0..40)
}

fn packed(edges: &[(Node, Node, Kinds)]) -> Graph {
    let mut builder = GraphBuilder::with_nodes(NODES);
    for (from, to, kind) in edges {
        builder.edge(*from, *to, *kind);
    }
    builder.build()
}

fn oracle(edges: &[(Node, Node, Kinds)], mask: Kinds) -> DiGraph<(), ()> {
    let mut graph = DiGraph::new();
    let nodes: Vec<_> = (0..NODES).map(|_| graph.add_node(())).collect();
    for (from, to, kind) in edges {
        if kind & mask != 0 && from != to {
            graph.add_edge(nodes[*from as usize], nodes[*to as usize], ());
        }
    }
    graph
}

fn connected(graph: &DiGraph<(), ()>, from: Node, to: Node) -> bool {
    petgraph::algo::has_path_connecting(graph, from.into(), to.into(), None)
}

proptest! {
    #[test]
    fn components_are_those_of_petgraph(edges in edges(), mask in 1u8..8) {
        let graph = packed(&edges);
        let found = components(&graph, mask, &mut Budget::unlimited().meter()).unwrap();
        let oracle = oracle(&edges, mask);
        let theirs = petgraph::algo::tarjan_scc(&oracle);
        let mut sizes: Vec<usize> = theirs.iter().map(Vec::len).collect();
        sizes.sort_unstable();
        let mut ours: Vec<usize> = found.sizes.iter().map(|size| *size as usize).collect();
        ours.sort_unstable();
        prop_assert_eq!(ours, sizes);
        let order = found.order();
        for (from, to, kind) in &edges {
            if kind & mask != 0 && !found.joins(*from, *to) {
                let at = |node: &Node| order.iter().position(|other| other == node);
                prop_assert!(at(from) < at(to));
            }
        }
    }

    #[test]
    fn sweeps_find_the_pairs_that_are_connected(edges in edges(), mask in 1u8..8) {
        let graph = packed(&edges);
        let mut meter = Budget::unlimited().meter();
        let parts = components(&graph, mask, &mut meter).unwrap();
        let oracle = oracle(&edges, mask);
        let pairs: Vec<(Node, Node)> = (0..NODES * NODES).map(|n| (n / NODES, n % NODES)).collect();
        let mut reach = Reach::new(&graph, mask, &parts);
        for pairs in pairs.chunks(PAIRS_MAX) {
            let found = reach.decide(pairs, &mut meter).unwrap();
            for (bit, (from, to)) in pairs.iter().enumerate() {
                prop_assert_eq!(found >> bit & 1 == 1, connected(&oracle, *from, *to));
            }
        }
    }

    #[test]
    fn cycles_are_closed_keep_their_rule_and_exist_when_they_must(
        edges in edges(),
        nonadjacent in any::<bool>(),
    ) {
        let graph = packed(&edges);
        let mut meter = Budget::unlimited().meter();
        let mut search = CycleSearch::new(&graph);
        let oracle = oracle(&edges, WW | WR | RW);
        for (from, to, kind) in edges.iter().filter(|(from, to, _)| from != to) {
            let (from, to, kind) = (*from, *to, *kind);
            let rule = Rule { mask: WW | WR | RW, nonadjacent };
            let found = search.shortest(Edge { from, to, kind }, rule, usize::MAX, &mut meter);
            let Some(cycle) = found.unwrap() else {
                prop_assert!(nonadjacent || !connected(&oracle, to, from));
                continue;
            };
            prop_assert_eq!(cycle[0], Edge { from, to, kind });
            for (at, edge) in cycle.iter().enumerate() {
                let next = cycle[(at + 1) % cycle.len()];
                prop_assert_eq!(edge.to, next.from);
                prop_assert!(edges.contains(&(edge.from, edge.to, edge.kind)));
                prop_assert!(!nonadjacent || edge.kind != RW || next.kind != RW);
            }
        }
    }

    #[test]
    fn a_fan_is_all_pairs_but_those_of_one_node(
        sources in prop::collection::btree_set(0..NODES, 0..10),
        targets in prop::collection::btree_set(0..NODES, 0..10),
    ) {
        let mut builder = GraphBuilder::with_nodes(NODES);
        let sources: Vec<(Node, Kinds)> = sources.into_iter().map(|node| (node, RW)).collect();
        let targets: Vec<Node> = targets.into_iter().collect();
        fan(&mut builder, &sources, &targets);
        let graph = builder.build();
        for (source, _) in &sources {
            let mut reached = Vec::new();
            let mut left: Vec<Node> = graph.out(*source, RW).map(|(to, _)| to).collect();
            while let Some(node) = left.pop() {
                if node < NODES {
                    reached.push(node);
                } else {
                    left.extend(graph.out(node, THROUGH).map(|(to, _)| to));
                }
            }
            reached.sort_unstable();
            reached.dedup();
            let expected: Vec<Node> = targets.iter().filter(|t| *t != source).copied().collect();
            prop_assert_eq!(reached, expected);
        }
    }
}

/// Whether edges lead around, each beginning where the one before ends.
fn is_cycle(cycle: &[Tagged]) -> bool {
    let next = cycle.iter().cycle().skip(1);
    !cycle.is_empty()
        && cycle
            .iter()
            .zip(next)
            .all(|(edge, next)| edge.to == next.from)
}

proptest! {
    /// Edges come and go, and the order always agrees with those that are there.
    #[test]
    fn a_topological_order_is_kept(
        given in edges(),
        steps in prop::collection::vec((0..NODES, 0..NODES, 0usize..6), 0..40),
    ) {
        let meter = &mut Budget::unlimited().meter();
        let pairs = given.iter().map(|(from, to, _)| [*from, *to]);
        let pairs: Vec<[Node; 2]> = pairs.filter(|[from, to]| from != to).collect();
        let mut graph = oracle(&given, Kinds::MAX);
        let mut topology = Topology::new(NODES, &pairs, meter).unwrap();
        if let Err(cycle) = topology.sort(&mut Vec::new(), meter).unwrap() {
            prop_assert!(petgraph::algo::is_cyclic_directed(&graph));
            prop_assert!(is_cycle(&cycle));
            prop_assert!(cycle.iter().all(|edge| pairs.contains(&[edge.from, edge.to])));
            return Ok(());
        }
        prop_assert!(!petgraph::algo::is_cyclic_directed(&graph));
        for (tag, (from, to, taken_out)) in (0..).zip(steps) {
            if from == to {
                let left = topology.came().saturating_sub(taken_out);
                topology.truncate(left);
                let edges = graph.edge_count();
                let gone = pairs.len() + left..edges;
                for edge in gone.rev() {
                    graph.remove_edge(petgraph::graph::EdgeIndex::new(edge));
                }
                continue;
            }
            let closes = connected(&graph, to, from);
            match topology.insert(Tagged { from, to, tag }, meter).unwrap() {
                Err(cycle) => {
                    prop_assert!(closes && is_cycle(&cycle));
                    prop_assert_eq!((cycle[0].from, cycle[0].to), (from, to));
                    let is_there = |edge: &Tagged| graph.contains_edge(edge.from.into(), edge.to.into());
                    prop_assert!(cycle[1..].iter().all(is_there));
                    prop_assert!(cycle[1..].iter().all(|edge| edge.tag != tag));
                }
                Ok(()) => {
                    prop_assert!(!closes);
                    graph.add_edge(from.into(), to.into(), ());
                }
            }
            let pairs = graph.edge_indices().filter_map(|edge| graph.edge_endpoints(edge));
            for (before, after) in pairs {
                let place = |node: petgraph::graph::NodeIndex| topology.place(node.index() as Node);
                prop_assert!(place(before) < place(after));
            }
        }
        let way = topology.way(0, NODES - 1, meter).unwrap();
        prop_assert_eq!(way.is_some(), connected(&graph, 0, NODES - 1));
    }
}

proptest! {
    /// A source leads to just the targets below its bound, but for itself.
    #[test]
    fn ranges_lead_to_what_is_below(
        sources in prop::collection::vec((0i128..8, 0..NODES), 0..6),
        targets in prop::collection::vec((0i128..8, 0..NODES), 0..12),
    ) {
        let mut builder = GraphBuilder::with_nodes(NODES);
        let mut meter = Budget::unlimited().meter();
        below(&mut builder, &sources, &mut targets.clone(), RW, &mut meter).unwrap();
        let graph = builder.build();
        for from in 0..NODES {
            let mut open: Vec<Node> = graph.out(from, RW).map(|(to, _)| to).collect();
            let mut reached: Vec<Node> = Vec::new();
            while let Some(node) = open.pop() {
                if node < NODES {
                    reached.push(node);
                } else {
                    open.extend(graph.out(node, THROUGH).map(|(to, _)| to));
                }
            }
            let bounds = sources.iter().filter(|(_, node)| *node == from).map(|(bound, _)| *bound);
            let bound = bounds.max().unwrap_or(0);
            let is_below = |(number, node): &&(i128, Node)| *number < bound && *node != from;
            let mut expected: Vec<Node> =
                targets.iter().filter(is_below).map(|(_, node)| *node).collect();
            for nodes in [&mut reached, &mut expected] {
                nodes.sort_unstable();
                nodes.dedup();
            }
            prop_assert_eq!(reached, expected);
        }
    }
}
