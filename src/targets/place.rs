//! A node's place in a cluster: what its placeholders stand for.

use std::net::Ipv4Addr;
use std::path::Path;

use super::Options;
use super::description::Description;
use super::template::Template;
use crate::node::NodeId;

/// A node of a cluster of known addresses.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    pub node: NodeId,
    /// Of all nodes, by node.
    pub addresses: &'a [Ipv4Addr],
    /// The node's own directory.
    pub data: &'a Path,
    pub description: &'a Description,
    /// What was chosen of the target's options, defaults included.
    pub options: &'a Options,
}

impl Place<'_> {
    /// What a placeholder stands for here; `None` if it is none of a description.
    pub fn value(&self, name: &str) -> Option<String> {
        let nodes = self.addresses.len();
        Some(match name {
            "node" => self.node.to_string(),
            "n" => (self.node.0 + 1).to_string(),
            "ip" => self.addresses[self.node.0].to_string(),
            "port" => self.description.port.to_string(),
            "peers" => self.tell(NodeId::all(nodes)),
            "others" => self.tell(NodeId::all(nodes).filter(|node| *node != self.node)),
            "first" => self.addresses[0].to_string(),
            "nodes" => nodes.to_string(),
            "quorum" => (nodes / 2 + 1).to_string(),
            "data" => self.data.display().to_string(),
            "dir" => self.description.dir.display().to_string(),
            option => self.options.get(option)?.clone(),
        })
    }

    /// Nodes as the description tells of them.
    fn tell(&self, nodes: impl Iterator<Item = NodeId>) -> String {
        let peer = |node: NodeId| {
            let place = Place { node, ..*self };
            // Text about one node cannot hold the text about all of them.
            let alone = |name: &str| !["peers", "others"].contains(&name);
            let value = |name: &str| alone(name).then(|| place.value(name)).flatten();
            self.description.peers.render(value)
        };
        nodes.map(peer).collect::<Vec<_>>().join(",")
    }

    pub fn render(&self, text: &Template) -> String {
        text.render(|name| self.value(name))
    }
}
