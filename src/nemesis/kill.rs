//! Kills: SIGKILL, and a restart on the same disk when the fault ends.

use std::sync::Arc;

use crate::cluster::Cluster;
use crate::node::{NodeId, names};
use crate::runner::faults::{Evidence, Injected};

struct Killed {
    cluster: Arc<Cluster>,
    nodes: Vec<NodeId>,
    observed: Vec<String>,
}

/// Kills those of the victims that are up.
///
/// # Errors
/// None is, or one could not be killed.
pub fn inject(cluster: &Arc<Cluster>, victims: &[NodeId]) -> Result<Box<dyn Injected>, String> {
    let mut killed = Killed {
        cluster: Arc::clone(cluster),
        nodes: Vec::new(),
        observed: Vec::new(),
    };
    for &node in victims {
        if let Some(observed) = cluster.kill_node(node)? {
            killed.nodes.push(node);
            killed.observed.push(observed);
        }
    }
    if killed.nodes.is_empty() {
        return Err(format!("{} already down", names(victims)));
    }
    Ok(Box::new(killed))
}

impl Injected for Killed {
    fn what(&self) -> String {
        format!("kill {}", names(&self.nodes))
    }

    fn heal(self: Box<Self>) -> Evidence {
        for &node in &self.nodes {
            // A node that cannot be started stays down: the heal phase tries again and reports it.
            if let Err(error) = self.cluster.start_node(node) {
                tracing::warn!("{error}");
            }
        }
        Evidence::Installed {
            observed: self.observed.join(", "),
        }
    }
}
