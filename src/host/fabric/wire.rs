//! What every backend gives the forwarding thread: one descriptor per port to read and write.

use std::os::fd::OwnedFd;

use super::netns::Namespace;

/// The far end of a port's interface. A `read` gives one frame it sent, a `write` is one frame it
/// receives; neither blocks.
pub(super) struct Wire {
    pub fd: OwnedFd,
    /// Bytes before the IP header in each frame.
    pub header_bytes: usize,
}

/// A fabric's namespaces and wires, nodes in order and the hub last.
pub(super) struct Wiring {
    pub namespaces: Vec<Namespace>,
    pub wires: Vec<Wire>,
}

/// IP packets of a port are as large as on an Ethernet, so that stores see what they see elsewhere.
pub(super) const MTU_BYTES: u32 = 1500;
