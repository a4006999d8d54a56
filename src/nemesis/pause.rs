//! Pauses: SIGSTOP, then SIGCONT: a process that is there but does nothing, as in a long garbage
//! collection or a stalled virtual machine.

use std::sync::Arc;

use crate::cluster::Cluster;
use crate::node::{NodeId, names};
use crate::runner::faults::{Evidence, Injected};

struct Paused {
    cluster: Arc<Cluster>,
    /// Each paused node with its incarnation then: one killed meanwhile is not to be resumed.
    nodes: Vec<(NodeId, u64)>,
}

/// Pauses those of the victims that run.
///
/// # Errors
/// None does, or one could not be paused.
pub fn inject(cluster: &Arc<Cluster>, victims: &[NodeId]) -> Result<Box<dyn Injected>, String> {
    let mut paused = Paused {
        cluster: Arc::clone(cluster),
        nodes: Vec::new(),
    };
    for &node in victims {
        if let Some(incarnation) = cluster.pause_node(node)? {
            paused.nodes.push((node, incarnation));
        }
    }
    if paused.nodes.is_empty() {
        return Err(format!("{} already down or paused", names(victims)));
    }
    Ok(Box::new(paused))
}

impl Paused {
    fn names(&self) -> String {
        names(&self.nodes.iter().map(|(node, _)| *node).collect::<Vec<_>>())
    }
}

impl Injected for Paused {
    fn what(&self) -> String {
        format!("pause {}", self.names())
    }

    fn heal(self: Box<Self>) -> Evidence {
        let mut killed = Vec::new();
        for &(node, incarnation) in &self.nodes {
            match self.cluster.resume_node(node, incarnation) {
                Ok(true) => {}
                Ok(false) => killed.push(node),
                Err(error) => tracing::warn!("{error}"),
            }
        }
        let mut observed = format!("{} seen stopped in every thread", self.names());
        if !killed.is_empty() {
            observed += &format!(", {} killed meanwhile", names(&killed));
        }
        Evidence::Installed { observed }
    }
}
