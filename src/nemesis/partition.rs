//! Partitions: packets are dropped on directed links of the fabric.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

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

    fn dropped(&self, links: &[Link]) -> Vec<u64> {
        let dropped = |link: &Link| self.cluster.fabric().counters(*link).cut_packets;
        links.iter().map(dropped).collect()
    }
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
        self.cuts.heal(&self.links);
        let after = self.cuts.dropped(&self.links);
        let dropped: Vec<u64> = after.iter().zip(&self.before).map(|(a, b)| a - b).collect();
        let packets: u64 = dropped.iter().sum();
        if packets == 0 {
            return Evidence::Indeterminate {
                reason: format!("no packet came to any of the {} cut links", dropped.len()),
            };
        }
        let busy = dropped.iter().filter(|n| **n > 0).count();
        Evidence::Installed {
            observed: format!(
                "{packets} packets dropped on {busy} of {} cut links",
                dropped.len()
            ),
        }
    }
}
