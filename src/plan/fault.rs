//! Faults as plain data: what a plan says is to be done to which nodes and links.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::node::{NodeId, names};

/// One fault of a plan. Roles are resolved when the fault is injected, since only then is it known
/// who has them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "kebab-case")]
pub enum Fault {
    /// Packets are dropped on some directed links.
    Partition(Partition),
    /// SIGKILL at the start, restart at the end.
    Kill { nodes: Victims },
    /// SIGSTOP at the start, SIGCONT at the end.
    Pause { nodes: Victims },
}

impl Fault {
    /// The nodes it names.
    pub fn nodes(&self) -> impl Iterator<Item = NodeId> {
        let named: Vec<NodeId> = match self {
            Fault::Partition(partition) => partition.nodes(),
            Fault::Kill { nodes } | Fault::Pause { nodes } => match nodes {
                Victims::Nodes(nodes) => nodes.clone(),
                Victims::Role(_) => Vec::new(),
            },
        };
        named.into_iter()
    }

    /// Whether it strikes whom only the cluster can name.
    pub fn needs_leader(&self) -> bool {
        match self {
            Fault::Partition(partition) => *partition == Partition::Leader,
            Fault::Kill { nodes } | Fault::Pause { nodes } => matches!(nodes, Victims::Role(_)),
        }
    }

    /// The name of the family, as in `--nemesis`.
    pub fn family(&self) -> &'static str {
        match self {
            Fault::Partition(_) => "partition",
            Fault::Kill { .. } => "kill",
            Fault::Pause { .. } => "pause",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Partition(partition) => write!(f, "{partition}"),
            Fault::Kill { nodes } => write!(f, "kill {nodes}"),
            Fault::Pause { nodes } => write!(f, "pause {nodes}"),
        }
    }
}

/// Which nodes a process fault hits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Victims {
    Nodes(Vec<NodeId>),
    Role(Role),
}

/// Victims known only when the fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Whoever leads.
    Leader,
    /// Every node on the larger side of the partition in place, once it serves without the rest.
    MajoritySide,
}

impl fmt::Display for Victims {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Victims::Nodes(nodes) => f.write_str(&names(nodes)),
            Victims::Role(Role::Leader) => f.write_str("the leader"),
            Victims::Role(Role::MajoritySide) => f.write_str("the larger side of a partition"),
        }
    }
}

/// A directed link: packets `from` a node `to` another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Link {
    pub from: NodeId,
    pub to: NodeId,
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}>{}", self.from, self.to)
    }
}

/// A network partition, in the shapes of Jepsen's nemesis and of *Alquraan et al., An Analysis of
/// Network-Partitioning Failures in Cloud Systems* (OSDI 2018): complete, partial and simplex.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "shape", rename_all = "kebab-case")]
pub enum Partition {
    /// Two sides that do not hear each other.
    Halves { sides: [Vec<NodeId>; 2] },
    /// One node hears nobody and nobody hears it.
    One { node: NodeId },
    /// The same for whoever leads at that moment.
    Leader,
    /// Each node hears a majority, no two the same: neighbours on a ring.
    MajorityRing { ring: Vec<NodeId> },
    /// Two sides that hear each other only through one node that hears both.
    Bridge {
        bridge: NodeId,
        sides: [Vec<NodeId>; 2],
    },
    /// Packets from one side to the other are lost, those the other way arrive.
    OneWay { from: Vec<NodeId>, to: Vec<NodeId> },
    /// Just these links.
    Grudge { cut: Vec<Link> },
}

impl Partition {
    fn nodes(&self) -> Vec<NodeId> {
        match self {
            Partition::Halves { sides: [a, b] } | Partition::OneWay { from: a, to: b } => {
                [&a[..], b].concat()
            }
            Partition::Bridge {
                bridge,
                sides: [a, b],
            } => [&a[..], b, &[*bridge]].concat(),
            Partition::One { node } => vec![*node],
            Partition::Leader => Vec::new(),
            Partition::MajorityRing { ring } => ring.clone(),
            Partition::Grudge { cut } => cut.iter().flat_map(|l| [l.from, l.to]).collect(),
        }
    }

    /// The directed links to cut in a cluster of `nodes`. `leader` is who leads now, asked only of
    /// [`Partition::Leader`]; `None` there means there is nobody to isolate.
    pub fn links(&self, nodes: usize, leader: Option<NodeId>) -> Option<Vec<Link>> {
        let mut links = match self {
            Partition::Halves { sides: [a, b] } | Partition::Bridge { sides: [a, b], .. } => {
                both_ways(a, b)
            }
            Partition::One { node } => isolated(*node, nodes),
            Partition::Leader => isolated(leader?, nodes),
            Partition::MajorityRing { ring } => beyond_neighbours(ring),
            Partition::OneWay { from, to } => one_way(from, to).collect(),
            Partition::Grudge { cut } => cut.clone(),
        };
        links.sort();
        links.dedup();
        Some(links)
    }
}

fn one_way(from: &[NodeId], to: &[NodeId]) -> impl Iterator<Item = Link> {
    from.iter()
        .flat_map(move |&from| to.iter().map(move |&to| Link { from, to }))
}

fn both_ways(a: &[NodeId], b: &[NodeId]) -> Vec<Link> {
    one_way(a, b).chain(one_way(b, a)).collect()
}

fn isolated(node: NodeId, nodes: usize) -> Vec<Link> {
    let others: Vec<_> = NodeId::all(nodes).filter(|other| *other != node).collect();
    both_ways(&[node], &others)
}

/// Neighbours a node keeps on each side of the ring so that, with itself, it hears a majority.
pub fn ring_reach(nodes: usize) -> usize {
    (nodes / 2).div_ceil(2)
}

fn beyond_neighbours(ring: &[NodeId]) -> Vec<Link> {
    let reach = ring_reach(ring.len());
    let far = |i: usize, j: usize| {
        let distance = i.abs_diff(j);
        distance.min(ring.len() - distance) > reach
    };
    let pairs = (0..ring.len()).flat_map(|i| (0..ring.len()).map(move |j| (i, j)));
    pairs
        .filter(|&(i, j)| far(i, j))
        .map(|(i, j)| Link {
            from: ring[i],
            to: ring[j],
        })
        .collect()
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Partition::Halves { sides: [a, b] } => {
                write!(f, "partition {} | {}", names(a), names(b))
            }
            Partition::One { node } => write!(f, "partition {node} | the rest"),
            Partition::Leader => f.write_str("partition the leader | the rest"),
            Partition::MajorityRing { ring } => {
                write!(f, "partition into a majority ring {}", names(ring))
            }
            Partition::Bridge {
                bridge,
                sides: [a, b],
            } => {
                write!(
                    f,
                    "partition {} | {} bridged by {bridge}",
                    names(a),
                    names(b)
                )
            }
            Partition::OneWay { from, to } => {
                write!(f, "one-way partition {} ⇥ {}", names(from), names(to))
            }
            Partition::Grudge { cut } => {
                let links: Vec<_> = cut.iter().map(Link::to_string).collect();
                write!(f, "cut of {}", links.join(" "))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nodes(indices: &[usize]) -> Vec<NodeId> {
        indices.iter().map(|&i| NodeId(i)).collect()
    }

    fn hears(links: &[Link], nodes: usize, from: usize) -> Vec<usize> {
        let cut = |to| {
            links.contains(&Link {
                from: NodeId(from),
                to: NodeId(to),
            })
        };
        (0..nodes).filter(|&to| to != from && !cut(to)).collect()
    }

    #[test]
    fn halves_cut_both_ways_and_only_across() {
        let partition = Partition::Halves {
            sides: [nodes(&[0, 2]), nodes(&[1, 3, 4])],
        };
        let links = partition.links(5, None).unwrap();
        assert_eq!(links.len(), 12);
        assert_eq!(hears(&links, 5, 0), [2]);
        assert_eq!(hears(&links, 5, 4), [1, 3]);
    }

    #[test]
    fn a_bridge_hears_both_sides() {
        let sides = [nodes(&[0, 1]), nodes(&[3, 4])];
        let links = Partition::Bridge {
            bridge: NodeId(2),
            sides,
        }
        .links(5, None)
        .unwrap();
        assert_eq!(hears(&links, 5, 2), [0, 1, 3, 4]);
        assert_eq!(hears(&links, 5, 0), [1, 2]);
    }

    #[test]
    fn one_way_leaves_the_way_back() {
        let links = Partition::OneWay {
            from: nodes(&[0]),
            to: nodes(&[1, 2]),
        }
        .links(3, None)
        .unwrap();
        assert_eq!(hears(&links, 3, 0), Vec::<usize>::new());
        assert_eq!(hears(&links, 3, 1), [0, 2]);
    }

    #[test]
    fn ring_members_hear_different_majorities() {
        for n in 4..=9 {
            let ring: Vec<_> = NodeId::all(n).collect();
            let links = Partition::MajorityRing { ring }.links(n, None).unwrap();
            let heard: std::collections::BTreeSet<Vec<usize>> = (0..n)
                .map(|i| {
                    let mut heard = hears(&links, n, i);
                    assert!(heard.len() + 1 > n / 2, "n={n}: {i} hears only {heard:?}");
                    heard.push(i);
                    heard.sort();
                    heard
                })
                .collect();
            assert_eq!(heard.len(), n, "n={n}");
        }
    }

    #[test]
    fn isolating_a_leader_needs_one() {
        assert_eq!(Partition::Leader.links(3, None), None);
        assert_eq!(
            Partition::Leader.links(3, Some(NodeId(1))).unwrap().len(),
            4
        );
    }
}
