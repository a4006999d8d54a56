//! Names of cluster members: `n1`, `n2`, … in everything a user sees, an index in code.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A member of the cluster, by its index from 0. Written and parsed as `n1`, `n2`, ….
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct NodeId(pub usize);

impl NodeId {
    pub fn all(nodes: usize) -> impl Iterator<Item = NodeId> + Clone {
        (0..nodes).map(NodeId)
    }
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "n{}", self.0 + 1)
    }
}

impl From<NodeId> for String {
    fn from(node: NodeId) -> String {
        node.to_string()
    }
}

impl FromStr for NodeId {
    type Err = String;

    fn from_str(text: &str) -> Result<NodeId, String> {
        let digits = text.strip_prefix('n').unwrap_or(text);
        match digits.parse::<usize>() {
            Ok(number) if number > 0 => Ok(NodeId(number - 1)),
            _ => Err(format!("{text:?} is no node; nodes are named n1, n2, …")),
        }
    }
}

impl TryFrom<String> for NodeId {
    type Error = String;

    fn try_from(text: String) -> Result<NodeId, String> {
        text.parse()
    }
}

/// Names joined for a sentence: `n1 n3`.
pub fn names(nodes: &[NodeId]) -> String {
    nodes
        .iter()
        .map(NodeId::to_string)
        .collect::<Vec<_>>()
        .join(" ")
}
