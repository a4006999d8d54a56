//! Partitions: packets are dropped on directed links of the fabric.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::cluster::Cluster;
use crate::node::NodeId;
use crate::plan::fault::{Link, Partition};
use crate::runner::client::System;
use crate::runner::faults::{Evidence, Injected};

/// Which links are cut, and by how many partitions: overlapping ones may share links.
pub struct Cuts {
    cluster: Arc<Cluster>,
    counts: Mutex<BTreeMap<Link, u32>>,
}

impl Cuts {
    pub fn new(cluster: Arc<Cluster>) -> Cuts {
        Cuts {
            cluster,
            counts: Mutex::default(),
        }
    }

    fn cut(&self, links: &[Link]) {
        let mut counts = self.counts.lock().expect("no holder of this lock panics");
        for link in links {
            let count = counts.entry(*link).or_insert(0);
            *count += 1;
            if *count == 1 {
                self.cluster.fabric().cut(*link);
            }
        }
    }

    fn heal(&self, links: &[Link]) {
        let mut counts = self.counts.lock().expect("no holder of this lock panics");
        for link in links {
            let count = counts.entry(*link).or_insert(1);
            *count -= 1;
            if *count == 0 {
                self.cluster.fabric().heal(*link);
                counts.remove(link);
            }
        }
    }

    /// The largest group of nodes that hear each other, if the cuts in place divide the cluster.
    pub fn larger_side(&self) -> Option<Vec<NodeId>> {
        let counts = self.counts.lock().expect("no holder of this lock panics");
        let cut = |from, to| counts.contains_key(&Link { from, to });
        largest_side(self.cluster.nodes(), |a, b| !cut(a, b) && !cut(b, a))
    }

    fn dropped(&self, links: &[Link]) -> Vec<u64> {
        let dropped = |link: &Link| self.cluster.fabric().counters(*link).cut_packets;
        links.iter().map(dropped).collect()
    }
}

/// The largest group of nodes connected by `hear`, which is symmetric; `None` if all are.
fn largest_side(nodes: usize, hear: impl Fn(NodeId, NodeId) -> bool) -> Option<Vec<NodeId>> {
    let mut unseen: Vec<NodeId> = NodeId::all(nodes).collect();
    let mut largest = Vec::new();
    while let Some(first) = unseen.pop() {
        let mut side = vec![first];
        let mut next = 0;
        while next < side.len() {
            let heard = unseen
                .extract_if(.., |other| hear(side[next], *other))
                .collect::<Vec<_>>();
            side.extend(heard);
            next += 1;
        }
        if side.len() > largest.len() {
            largest = side;
        }
    }
    largest.sort();
    (largest.len() < nodes).then_some(largest)
}

struct Cut {
    cuts: Arc<Cuts>,
    what: String,
    links: Vec<Link>,
    /// Packets dropped on each link before this partition.
    before: Vec<u64>,
}

/// Cuts the links of a partition. `leader` is who leads, for [`Partition::Leader`].
pub fn inject(cuts: &Arc<Cuts>, shape: &Partition, leader: Option<NodeId>) -> Box<dyn Injected> {
    let links = shape
        .links(cuts.cluster.nodes(), leader)
        .unwrap_or_default();
    let before = cuts.dropped(&links);
    cuts.cut(&links);
    let what = match leader {
        Some(leader) => format!("{shape} ({leader} leads)"),
        None => shape.to_string(),
    };
    Box::new(Cut {
        cuts: Arc::clone(cuts),
        what,
        links,
        before,
    })
}

impl Injected for Cut {
    fn what(&self) -> String {
        self.what.clone()
    }

    fn heal(self: Box<Self>) -> Evidence {
        let met = self.dropped();
        // Where the nodes have nothing to say to each other over the cut links, as when a leader is
        // the bridge between two sides, what was cut is asked for by packets of our own.
        let probed = if met.packets == 0 {
            self.probe()
        } else {
            Ok(met)
        };
        self.cuts.heal(&self.links);
        let all = self.links.len();
        match probed {
            Ok(drops) if met.packets > 0 => Evidence::Installed {
                observed: format!(
                    "{} packets dropped on {} of {all} cut links",
                    drops.packets, drops.links
                ),
            },
            Ok(drops) if drops.links == all => Evidence::Installed {
                observed: format!(
                    "probes dropped on {all} of {all} cut links, which the nodes did not use"
                ),
            },
            Ok(drops) => Evidence::Indeterminate {
                reason: format!(
                    "the nodes used none of the {all} cut links, and only {} dropped a probe",
                    drops.links
                ),
            },
            Err(error) => Evidence::Indeterminate {
                reason: format!("the nodes used none of the {all} cut links: {error}"),
            },
        }
    }
}

/// What a partition dropped.
#[derive(Clone, Copy)]
struct Drops {
    packets: u64,
    /// Links on which anything was dropped.
    links: usize,
}

/// How long the fabric may take to judge a probe: it does so in microseconds when it runs.
const PROBE_JUDGED_WITHIN: Duration = Duration::from_millis(200);
/// Between two looks at the counters.
const PROBE_POLL: Duration = Duration::from_millis(2);

impl Cut {
    fn dropped(&self) -> Drops {
        let after = self.cuts.dropped(&self.links);
        let each = after
            .iter()
            .zip(&self.before)
            .map(|(after, before)| after - before);
        Drops {
            packets: each.clone().sum(),
            links: each.filter(|packets| *packets > 0).count(),
        }
    }

    fn probe(&self) -> Result<Drops, String> {
        let sent = self.cuts.cluster.fabric().probe(&self.links);
        sent.map_err(|error| format!("probes could not be sent: {error}"))?;
        let start = Instant::now();
        loop {
            let drops = self.dropped();
            if drops.links == self.links.len() || start.elapsed() >= PROBE_JUDGED_WITHIN {
                return Ok(drops);
            }
            std::thread::sleep(PROBE_POLL);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(nodes: usize, cut: &[(usize, usize)]) -> Option<Vec<usize>> {
        let cut = |a: NodeId, b: NodeId| cut.contains(&(a.0, b.0)) || cut.contains(&(b.0, a.0));
        let side = largest_side(nodes, |a, b| !cut(a, b))?;
        Some(side.into_iter().map(|node| node.0).collect())
    }

    #[test]
    fn the_larger_side_is_what_still_hears_each_other() {
        assert_eq!(side(3, &[(0, 1), (0, 2)]), Some(vec![1, 2]));
        let halves = [(0, 2), (0, 3), (0, 4), (1, 2), (1, 3), (1, 4)];
        assert_eq!(side(5, &halves), Some(vec![2, 3, 4]));
        assert_eq!(side(1, &[]), None);
    }

    #[test]
    fn a_bridge_divides_nobody() {
        assert_eq!(side(3, &[(0, 2)]), None);
    }
}
