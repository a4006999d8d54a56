//! The network between nodes: a switch in user space that judges every packet.
//!
//! Each node has an anonymous network namespace with one interface; the clients share a further
//! one, the hub. What an interface sends, the forwarding thread reads, judges on the directed link
//! from its source to its destination, and writes to the destination's interface. A fault is a
//! change of a link's rule: a store to memory, in effect for the next packet judged.
//!
//! Node `n(i+1)` is 10.77.0.(i+1), the hub 10.77.0.254, all in one /24; nothing leads out of it.

mod backend;
mod forward;
mod link;
mod netlink;
mod netns;
mod packet_socket;
mod tun;
mod wire;

use std::io;
use std::net::{Ipv4Addr, TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::thread::JoinHandle;

use nix::sys::eventfd::{EfdFlags, EventFd};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

pub use backend::{Backend, Choice};
pub use link::{LinkCounters, Port, StrayCounters};

use crate::host::refused::Refused;
use crate::node::NodeId;
use crate::plan::fault::Link;
use link::Links;
use netns::Namespace;
use wire::Wiring;

/// Nodes a fabric can have at most: what one thread switches and one /24 addresses, with room.
pub const FABRIC_NODES_MAX: usize = 64;

/// The fabric's interface in each namespace.
pub const INTERFACE: &str = "fb0";

/// Where probes go: the port of the discard service (RFC 863), which nothing listens on.
const DISCARD_PORT: u16 = 9;

/// The hub's last octet.
const HUB_OCTET: u8 = 254;

#[derive(Debug, thiserror::Error)]
pub enum FabricError {
    #[error("a fabric has 1 to {FABRIC_NODES_MAX} nodes, not {nodes}")]
    Nodes { nodes: usize },
    #[error("cannot build the network between nodes: {0}")]
    Refused(#[from] Refused),
}

/// The network of a run. Dropping it stops the forwarding and lets the namespaces go, as soon as
/// no process and no socket is in them any more.
pub struct Fabric {
    nodes: Vec<Namespace>,
    hub: Namespace,
    links: Arc<Links>,
    choice: Choice,
    stop: Arc<EventFd>,
    forwarder: Option<JoinHandle<()>>,
}

impl Fabric {
    /// Builds the network on the backend this host can run: where TUN is refused after all, on
    /// packet sockets.
    ///
    /// # Errors
    /// The number of nodes is out of range, or the host refused a step (typically outside of the
    /// sandbox and without privileges).
    pub fn build(nodes: usize) -> Result<Fabric, FabricError> {
        let choice = Choice::of_host();
        match Fabric::build_on(nodes, choice.clone()) {
            Err(FabricError::Refused(refused)) if choice.backend == Backend::Tun => {
                let backend = Backend::PacketSocket;
                let why = format!("TUN was refused: {refused}");
                Fabric::build_on(nodes, Choice { backend, why })
            }
            built => built,
        }
    }

    /// Builds the network on a backend chosen before.
    ///
    /// # Errors
    /// As [`Fabric::build`].
    pub fn build_on(nodes: usize, choice: Choice) -> Result<Fabric, FabricError> {
        if nodes == 0 || nodes > FABRIC_NODES_MAX {
            return Err(FabricError::Nodes { nodes });
        }
        let wiring = wire_in_thread(nodes, choice.backend)?;
        let links = Arc::new(Links::new(nodes));
        let stop = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)
            .map_err(|errno| Refused::new("eventfd", errno, "the fabric could not be stopped"))?;
        let stop = Arc::new(stop);
        let forwarder = forward::start(wiring.wires, Arc::clone(&links), Arc::clone(&stop))?;
        let mut namespaces = wiring.namespaces;
        // Wired is one namespace per node, then the hub.
        let hub = namespaces.remove(nodes);
        Ok(Fabric {
            nodes: namespaces,
            hub,
            links,
            choice,
            stop,
            forwarder: Some(forwarder),
        })
    }

    /// Which backend carries the packets, and why that one.
    pub fn backend(&self) -> &Choice {
        &self.choice
    }

    pub fn nodes(&self) -> usize {
        self.nodes.len()
    }

    pub fn address(&self, node: NodeId) -> Ipv4Addr {
        self.links.address(Port::Node(node))
    }

    pub fn hub_address(&self) -> Ipv4Addr {
        self.links.address(Port::Hub)
    }

    /// From now on every packet on the link is dropped, those already sent but not yet forwarded
    /// included. What a node sends to itself goes through its own loopback and cannot be cut.
    pub fn cut(&self, link: Link) {
        self.links.between(link.from, link.to).set_cut(true);
    }

    pub fn heal(&self, link: Link) {
        self.links.between(link.from, link.to).set_cut(false);
    }

    pub fn heal_all(&self) {
        self.links.all().for_each(|link| link.set_cut(false));
    }

    pub fn is_cut(&self, link: Link) -> bool {
        self.links.between(link.from, link.to).is_cut()
    }

    /// What the link carried and lost since the fabric was built: the evidence of a fault is the
    /// difference between two of these.
    pub fn counters(&self, link: Link) -> LinkCounters {
        self.counters_between(Port::Node(link.from), Port::Node(link.to))
    }

    /// As [`Fabric::counters`], for the links to and from the hub too.
    pub fn counters_between(&self, from: Port, to: Port) -> LinkCounters {
        self.links.get(from, to).counters()
    }

    /// A TCP socket of the node's namespace, not connected and non-blocking: what it connects to
    /// sees the node as its peer, and cuts of the node's links cut it off.
    ///
    /// # Errors
    /// The namespace could not be entered, or no socket be made.
    pub fn tcp_socket(&self, node: NodeId) -> io::Result<TcpStream> {
        self.in_namespace(node, || {
            let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
            let socket = socket(AddressFamily::Inet, SockType::Stream, flags, None)?;
            Ok(TcpStream::from(socket))
        })
    }

    /// Entering a namespace moves the thread, so it is one that ends here.
    fn in_namespace<T: Send>(
        &self,
        node: NodeId,
        work: impl FnOnce() -> io::Result<T> + Send,
    ) -> io::Result<T> {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                self.nodes[node.0].enter()?;
                work()
            });
            thread
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        })
    }

    /// Sends a datagram over each link, from within the namespace it starts in: a cut link drops
    /// and counts it.
    ///
    /// # Errors
    /// A namespace could not be entered, or a datagram not be sent.
    pub fn probe(&self, links: &[Link]) -> io::Result<()> {
        links.iter().try_for_each(|link| self.send_probe(*link))
    }

    fn send_probe(&self, link: Link) -> io::Result<()> {
        self.in_namespace(link.from, || {
            let socket = UdpSocket::bind((self.address(link.from), 0))?;
            socket.send_to(b"faultbench", (self.address(link.to), DISCARD_PORT))?;
            Ok(())
        })
    }

    /// Frames that belonged to no link.
    pub fn strays(&self) -> StrayCounters {
        self.links.strays()
    }

    /// The network namespace of a node, for starting its processes in. As in all methods, a node
    /// the fabric has not is a bug of the caller's and panics.
    pub fn namespace(&self, node: NodeId) -> BorrowedFd<'_> {
        self.nodes[node.0].fd.as_fd()
    }

    pub fn hub_namespace(&self) -> BorrowedFd<'_> {
        self.hub.fd.as_fd()
    }

    /// Moves the calling thread into the clients' namespace: what it dials from then on goes
    /// through the fabric. Per thread, so a runtime's `on_thread_start` is the place.
    ///
    /// # Errors
    /// As setns(2).
    pub fn enter_hub(&self) -> io::Result<()> {
        self.hub.enter()
    }
}

impl Drop for Fabric {
    fn drop(&mut self) {
        // Only a full counter makes the write fail, and then the thread is woken anyway.
        let _ = self.stop.write(1);
        if let Some(forwarder) = self.forwarder.take() {
            let _ = forwarder.join();
        }
    }
}

/// Wiring moves its thread from namespace to namespace, so it gets one of its own.
fn wire_in_thread(nodes: usize, backend: Backend) -> Result<Wiring, Refused> {
    let builder = std::thread::Builder::new().name("fabric-wiring".to_owned());
    let thread = builder
        .spawn(move || backend.wire(nodes))
        .map_err(|error| Refused::io("clone", &error, "no thread to wire the fabric"))?;
    match thread.join() {
        Ok(wiring) => wiring,
        Err(panic) => std::panic::resume_unwind(panic),
    }
}
