//! Where a client sits, and what it may do from there.

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::NodeCommand;
use crate::node::NodeId;
use crate::runner::client::Pending;

/// A client's seat at one node.
#[derive(Clone)]
pub struct Seat {
    pub node: NodeId,
    /// Of all nodes, by node.
    pub addresses: Arc<[Ipv4Addr]>,
    pub network: Arc<dyn Network>,
}

/// The network as a client sees it.
pub trait Network: Send + Sync {
    /// Connects from the seat of the clients of `node`.
    fn dial(&self, node: NodeId, to: SocketAddr) -> Pending<'_, io::Result<TcpStream>>;

    /// Starts a program there. It ends when its pipes are dropped.
    ///
    /// # Errors
    /// It could not be started.
    fn spawn(&self, node: NodeId, command: NodeCommand) -> Result<Pipes, String>;
}

/// The standard input and output of a program.
pub struct Pipes {
    pub input: Box<dyn AsyncWrite + Send + Unpin>,
    pub output: Box<dyn AsyncRead + Send + Unpin>,
    /// Ends the program when dropped.
    pub life: Box<dyn Send>,
}

impl Seat {
    /// The address of the seat's own node.
    pub fn address(&self) -> Ipv4Addr {
        self.addresses[self.node.0]
    }

    /// The node with this address.
    pub fn node_at(&self, address: &str) -> Option<NodeId> {
        let at = self.addresses.iter().position(|a| a.to_string() == address);
        at.map(NodeId)
    }

    pub async fn dial(&self, to: SocketAddr) -> io::Result<TcpStream> {
        self.network.dial(self.node, to).await
    }
}
