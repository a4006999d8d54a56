//! Where clients connect from: the network of their own, or beside the node they belong to.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use tokio::net::unix::pipe;
use tokio::net::{TcpSocket, TcpStream};

use crate::host::fabric::Fabric;
use crate::host::process::Spawn;
use crate::node::NodeId;
use crate::runner::client::Pending;
use crate::targets::NodeCommand;
use crate::targets::description::Seating;
use crate::targets::seat::{Network, Pipes};

/// Clients of a cluster on its fabric.
pub struct Clients {
    pub fabric: Arc<Fabric>,
    pub seating: Seating,
    /// Has a directory for each node: what clients complain of goes to `client.log` there.
    pub logs: PathBuf,
}

impl Network for Clients {
    fn dial(&self, node: NodeId, to: SocketAddr) -> Pending<'_, io::Result<TcpStream>> {
        Box::pin(async move {
            match self.seating {
                // The runtime's threads are in the clients' namespace.
                Seating::Outside => TcpStream::connect(to).await,
                Seating::Beside => {
                    let socket = self.fabric.tcp_socket(node)?;
                    TcpSocket::from_std_stream(socket).connect(to).await
                }
            }
        })
    }

    fn spawn(&self, node: NodeId, command: NodeCommand) -> Result<Pipes, String> {
        let namespace = match self.seating {
            Seating::Outside => self.fabric.hub_namespace(),
            Seating::Beside => self.fabric.namespace(node),
        };
        let spawn = Spawn {
            program: command.program,
            args: command.args,
            env: command.env,
            cwd: None,
            namespace: Some(namespace),
            stdout: None,
            stderr: Some(self.logs.join(node.to_string()).join("client.log")),
        };
        // Loading a program may wait for the disk; calls of other clients must not.
        let started = tokio::task::block_in_place(|| spawn.start_piped());
        let (process, input, output) = started.map_err(|error| error.to_string())?;
        let no_pipe = |error: io::Error| format!("no pipe to a client: {error}");
        Ok(Pipes {
            input: Box::new(pipe::Sender::from_owned_fd(input).map_err(no_pipe)?),
            output: Box::new(pipe::Receiver::from_owned_fd(output).map_err(no_pipe)?),
            life: Box::new(process),
        })
    }
}
