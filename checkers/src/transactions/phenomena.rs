//! The cycles of a dependency graph by the phenomena of Adya (1999) they are.
//!
//! The smallest sets of edges come first: dependencies alone, then with session order, then with
//! real-time order; and in each, writes over writes alone (G0), then with reads of writes (G1c),
//! then with one anti-dependency (G-single), with several of which no two follow each other
//! (G-nonadjacent), and any (G2-item). What an anomaly already found implies is not looked for
//! again: it would rule out nothing more. So a cycle found in a larger set has an edge of it.
//!
//! Each question is answered for all of the graph, in about linear time: G0, G1c and G2-item exist
//! where an edge of the last kind joins a strongly connected component to itself; G-nonadjacent
//! where it does so in the graph of states ([`states`]); G-single where its target reaches its
//! source by other edges, asked for 64 edges in one sweep. Witnesses are shortest cycles through
//! such edges, one a component, found by as many searches as [`WITNESS_STEPS_MAX`] allows.

use crate::budget::{Exhausted, Meter};
use crate::graph::components::{Components, components};
use crate::graph::cycles::{CycleSearch, Edge, Rule, states};
use crate::graph::reach::{PAIRS_MAX, Reach};
use crate::graph::{Graph, Kinds, Node, PROCESS, REALTIME, RW, THROUGH, WR, WW};
use crate::lattice::{Anomaly, AnomalySet};

/// Witnesses of one anomaly.
const WITNESSES_MAX: usize = 8;

/// Edges looked at for a shorter witness in one component, once there is one.
const WITNESS_STEPS_MAX: u64 = 200_000;

/// A cycle that shows an anomaly.
#[derive(Debug, Clone)]
pub(super) struct Witness {
    pub anomaly: Anomaly,
    pub cycle: Vec<Edge>,
}

/// What the cycles of a graph show.
#[derive(Debug, Default)]
pub(super) struct Phenomena {
    pub witnesses: Vec<Witness>,
    /// Components of two transactions and more by all edges, and transactions in them.
    pub components: u64,
    pub nodes_in_cycles: u64,
    /// The search ended early.
    pub exhausted: Option<Exhausted>,
}

/// The anomalies of one set of edges: G0, G1c, G-single, G-nonadjacent, G2-item.
const LEVELS: [(Kinds, [Anomaly; 5]); 3] = [
    (
        0,
        [
            Anomaly::G0,
            Anomaly::G1c,
            Anomaly::GSingleItem,
            Anomaly::GNonadjacentItem,
            Anomaly::G2Item,
        ],
    ),
    (
        PROCESS,
        [
            Anomaly::G0Process,
            Anomaly::G1cProcess,
            Anomaly::GSingleItemProcess,
            Anomaly::GNonadjacentItemProcess,
            Anomaly::G2ItemProcess,
        ],
    ),
    (
        // Session order is part of it.
        REALTIME,
        [
            Anomaly::G0Realtime,
            Anomaly::G1cRealtime,
            Anomaly::GSingleItemRealtime,
            Anomaly::GNonadjacentItemRealtime,
            Anomaly::G2ItemRealtime,
        ],
    ),
];

/// Looks for every phenomenon. Where there are `sessions_only`, their order is part of all.
pub(super) fn find(graph: &Graph, sessions_only: bool, meter: &mut Meter) -> Phenomena {
    let mut phenomena = Phenomena::default();
    let always = if sessions_only { PROCESS } else { 0 };
    if let Err(exhausted) = find_in(graph, always, &mut phenomena, meter) {
        phenomena.exhausted = Some(exhausted);
    }
    phenomena
}

fn find_in(
    graph: &Graph,
    always: Kinds,
    found: &mut Phenomena,
    meter: &mut Meter,
) -> Result<(), Exhausted> {
    let all = components(graph, Kinds::MAX & !PROCESS | always, meter)?;
    if !all.any_cycle() {
        return Ok(());
    }
    found.components = all.sizes.iter().filter(|size| **size > 1).count() as u64;
    let (cyclic, names) = graph.induced(|node| all.is_cyclic(node));
    drop(all);
    found.nodes_in_cycles = names.len() as u64;
    let mut search = Levels {
        graph: &cyclic,
        cycles: CycleSearch::new(&cyclic),
        shown: AnomalySet::default(),
        witnesses: Vec::new(),
    };
    let searched = LEVELS
        .iter()
        .try_for_each(|(extra, anomalies)| search.level(extra | always, anomalies, meter));
    found.witnesses = search.witnesses;
    for witness in &mut found.witnesses {
        for edge in &mut witness.cycle {
            edge.from = names[edge.from as usize];
            edge.to = names[edge.to as usize];
        }
    }
    searched
}

struct Levels<'g> {
    graph: &'g Graph,
    cycles: CycleSearch<'g>,
    /// What was found, and what that implies.
    shown: AnomalySet,
    witnesses: Vec<Witness>,
}

impl Levels<'_> {
    fn level(
        &mut self,
        extra: Kinds,
        anomalies: &[Anomaly; 5],
        meter: &mut Meter,
    ) -> Result<(), Exhausted> {
        let [g0, g1c, single, nonadjacent, g2] = *anomalies;
        let writes = WW | THROUGH | extra;
        let reads = writes | WR;
        let all = reads | RW;
        for (anomaly, mask, kind) in [(g0, writes, WW), (g1c, reads, WR)] {
            if !self.shown.contains(anomaly) {
                let parts = components(self.graph, mask, meter)?;
                let edges = self.edges(kind, |edge| parts.joins(edge.from, edge.to));
                self.witness(
                    anomaly,
                    Rule {
                        mask,
                        nonadjacent: false,
                    },
                    &edges,
                    &parts,
                    meter,
                )?;
            }
        }
        if self.shown.contains(g2) && self.shown.contains(single) {
            return Ok(());
        }
        let parts = components(self.graph, all, meter)?;
        if !parts.any_cycle() {
            return Ok(());
        }
        if !self.shown.contains(single) {
            let by_state = components(&states(self.graph, all), all, meter)?;
            let apart = |edge: &Edge| by_state.joins(edge.from * 2, edge.to * 2 + 1);
            let edges = self.edges(RW, apart);
            let alone = self.closed_without_rw(&edges, reads, &parts, meter)?;
            let rule = Rule {
                mask: reads,
                nonadjacent: false,
            };
            self.witness(single, rule, &alone, &parts, meter)?;
            if !self.shown.contains(nonadjacent) {
                let rule = Rule {
                    mask: all,
                    nonadjacent: true,
                };
                self.witness(nonadjacent, rule, &edges, &parts, meter)?;
            }
        }
        if !self.shown.contains(g2) {
            let edges = self.edges(RW, |edge| parts.joins(edge.from, edge.to));
            self.witness(
                g2,
                Rule {
                    mask: all,
                    nonadjacent: false,
                },
                &edges,
                &parts,
                meter,
            )?;
        }
        Ok(())
    }

    fn edges(&self, kind: Kinds, keep: impl Fn(&Edge) -> bool) -> Vec<Edge> {
        let nodes = 0..self.graph.len() as Node;
        let out = |from| {
            self.graph
                .out(from, kind)
                .map(move |(to, kind)| Edge { from, to, kind })
        };
        nodes.flat_map(out).filter(keep).collect()
    }

    /// Those anti-dependencies whose target reaches their source without another.
    fn closed_without_rw(
        &mut self,
        edges: &[Edge],
        mask: Kinds,
        parts: &Components,
        meter: &mut Meter,
    ) -> Result<Vec<Edge>, Exhausted> {
        let components = components(self.graph, mask, meter)?;
        let mut reach = Reach::new(self.graph, mask, &components);
        let mut left = edges.to_vec();
        left.sort_by_key(|edge| components.of[edge.to as usize]);
        let mut closed: Vec<Edge> = Vec::new();
        // One component with an answer needs no other: sweeps end as soon as all have one.
        let mut answered = vec![false; parts.sizes.len()];
        let mut answers = 0;
        for batch in left.chunks(PAIRS_MAX) {
            let open = |edge: &&Edge| !answered[parts.of[edge.from as usize] as usize];
            let batch: Vec<Edge> = batch.iter().filter(open).copied().collect();
            let pairs: Vec<(Node, Node)> = batch.iter().map(|edge| (edge.to, edge.from)).collect();
            let connected = reach.decide(&pairs, meter)?;
            for (bit, edge) in batch.iter().enumerate() {
                if connected >> bit & 1 == 1 {
                    closed.push(*edge);
                    let part = parts.of[edge.from as usize] as usize;
                    answers += usize::from(!answered[part]);
                    answered[part] = true;
                }
            }
            if answers >= WITNESSES_MAX {
                break;
            }
        }
        Ok(closed)
    }

    /// Keeps a shortest cycle through one of the edges for each of the first components.
    fn witness(
        &mut self,
        anomaly: Anomaly,
        rule: Rule,
        edges: &[Edge],
        parts: &Components,
        meter: &mut Meter,
    ) -> Result<(), Exhausted> {
        let mut by_part: Vec<(u32, Edge)> = edges
            .iter()
            .map(|edge| (parts.of[edge.from as usize], *edge))
            .collect();
        by_part.sort_by_key(|(part, edge)| (*part, edge.from, edge.to));
        let mut found: Vec<Witness> = Vec::new();
        for same in by_part.chunk_by(|a, b| a.0 == b.0) {
            let mut best: Option<Vec<Edge>> = None;
            let begin = self.cycles.steps;
            for (_, edge) in same {
                let edges_max = best.as_ref().map_or(usize::MAX, Vec::len);
                if let Some(cycle) = self.cycles.shortest(*edge, rule, edges_max, meter)? {
                    best = Some(cycle);
                }
                if best.is_some() && self.cycles.steps - begin > WITNESS_STEPS_MAX {
                    break;
                }
            }
            found.extend(best.map(|cycle| Witness { anomaly, cycle }));
            if found.len() == WITNESSES_MAX {
                break;
            }
        }
        if !found.is_empty() {
            self.shown.insert(anomaly);
            self.shown = self.shown.closure();
        }
        found.sort_by_key(|witness| witness.cycle.len());
        self.witnesses.extend(found);
        Ok(())
    }
}
