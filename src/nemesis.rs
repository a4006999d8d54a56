//! The nemesis: puts planned faults in place on a cluster, one file per family.

mod kill;
mod partition;
mod pause;

use std::sync::Arc;
use std::time::Duration;

use crate::cluster::Cluster;
use crate::node::NodeId;
use crate::plan::fault::{Fault, Partition, Role, Victims};
use crate::runner::client::Pending;
use crate::runner::faults::{Faults, Injected};
use partition::Cuts;

/// How long the larger side of a partition is left to serve before it is struck.
const SERVES_ALONE_FOR: Duration = Duration::from_millis(300);

/// Faults on a real cluster.
pub struct Nemesis {
    cluster: Arc<Cluster>,
    cuts: Arc<Cuts>,
}

impl Nemesis {
    pub fn new(cluster: Arc<Cluster>) -> Nemesis {
        let cuts = Arc::new(Cuts::new(Arc::clone(&cluster)));
        Nemesis { cluster, cuts }
    }

    async fn put_in_place(&self, fault: &Fault) -> Result<Box<dyn Injected>, String> {
        self.cluster.watch();
        match fault {
            Fault::Partition(shape) => {
                let leader = match shape {
                    Partition::Leader => Some(self.leader().await?),
                    _ => None,
                };
                Ok(partition::inject(&self.cuts, shape, leader))
            }
            Fault::Kill { nodes } => kill::inject(&self.cluster, &self.victims(nodes).await?),
            Fault::Pause { nodes } => pause::inject(&self.cluster, &self.victims(nodes).await?),
        }
    }

    async fn leader(&self) -> Result<NodeId, String> {
        let leader = self.cluster.leader().await;
        leader.ok_or_else(|| "nobody leads".to_owned())
    }

    async fn victims(&self, victims: &Victims) -> Result<Vec<NodeId>, String> {
        match victims {
            Victims::Nodes(nodes) => Ok(nodes.clone()),
            Victims::Role(Role::Leader) => Ok(vec![self.leader().await?]),
            Victims::Role(Role::MajoritySide) => self.majority_side().await,
        }
    }

    /// The larger side of a partition, when it has served for a while without the rest: before
    /// that, losing it is no different from losing the whole cluster.
    async fn majority_side(&self) -> Result<Vec<NodeId>, String> {
        let side = self.cuts.larger_side();
        let side = side.ok_or_else(|| "no partition divides the nodes".to_owned())?;
        if !side.contains(&self.leader().await?) {
            return Err("the larger side of the partition has no leader yet".to_owned());
        }
        tokio::time::sleep(SERVES_ALONE_FOR).await;
        Ok(side)
    }
}

impl Faults for Nemesis {
    fn inject<'a>(&'a self, fault: &'a Fault) -> Pending<'a, Result<Box<dyn Injected>, String>> {
        Box::pin(self.put_in_place(fault))
    }

    fn heal_all(&self) -> Result<(), String> {
        self.cluster.heal_all()
    }
}
