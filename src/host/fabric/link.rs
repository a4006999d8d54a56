//! Directed links: the rule packets are judged by, and what became of them.

use std::net::Ipv4Addr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde::{Deserialize, Serialize};

use super::HUB_OCTET;
use crate::node::NodeId;

/// An end of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Port {
    Node(NodeId),
    /// Where the clients are.
    Hub,
}

/// What is to be done with a packet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Deliver,
    Drop,
}

/// What went over a link since the fabric was built.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkCounters {
    /// IP packets sent onto the link, whatever became of them.
    pub packets: u64,
    /// Their bytes, IP headers included.
    pub bytes: u64,
    /// Packets dropped because the link was cut.
    pub cut_packets: u64,
    /// Packets the receiving interface had no room for: congestion, not a fault.
    pub overrun_packets: u64,
}

/// Frames that were on no link and were dropped.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct StrayCounters {
    /// Shorter than an IPv4 header.
    pub short: u64,
    /// Another protocol than IPv4.
    pub not_ipv4: u64,
    /// The source address is not the sender's.
    pub foreign_source: u64,
    /// The destination is no port: multicast, broadcast, an unused address.
    pub no_destination: u64,
}

/// Why a frame is on no link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stray {
    Short,
    NotIpv4,
    ForeignSource,
    NoDestination,
}

/// One directed link. The forwarding thread reads the rule and writes the counters, anyone else
/// the other way round; no lock is between them.
#[derive(Debug, Default)]
pub(super) struct LinkState {
    cut: AtomicBool,
    packets: AtomicU64,
    bytes: AtomicU64,
    cut_packets: AtomicU64,
    overrun_packets: AtomicU64,
}

impl LinkState {
    /// The rule of the link, applied to one packet of `bytes`. Every network fault has its place
    /// here.
    pub(super) fn judge(&self, bytes: usize) -> Verdict {
        self.packets.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        if self.cut.load(Ordering::Acquire) {
            self.cut_packets.fetch_add(1, Ordering::Relaxed);
            return Verdict::Drop;
        }
        Verdict::Deliver
    }

    pub(super) fn overrun(&self) {
        self.overrun_packets.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn set_cut(&self, cut: bool) {
        self.cut.store(cut, Ordering::Release);
    }

    pub(super) fn is_cut(&self) -> bool {
        self.cut.load(Ordering::Acquire)
    }

    pub(super) fn counters(&self) -> LinkCounters {
        LinkCounters {
            packets: self.packets.load(Ordering::Relaxed),
            bytes: self.bytes.load(Ordering::Relaxed),
            cut_packets: self.cut_packets.load(Ordering::Relaxed),
            overrun_packets: self.overrun_packets.load(Ordering::Relaxed),
        }
    }
}

/// All links of a fabric, by the indices of their ports: node `i` is `i`, the hub comes last.
#[derive(Debug)]
pub(super) struct Links {
    nodes: usize,
    /// Row by row: from, then to.
    states: Vec<LinkState>,
    strays: [AtomicU64; 4],
}

impl Links {
    pub(super) fn new(nodes: usize) -> Links {
        let ports = nodes + 1;
        Links {
            nodes,
            states: (0..ports * ports).map(|_| LinkState::default()).collect(),
            strays: Default::default(),
        }
    }

    pub(super) fn at(&self, from: usize, to: usize) -> &LinkState {
        &self.states[from * (self.nodes + 1) + to]
    }

    pub(super) fn get(&self, from: Port, to: Port) -> &LinkState {
        self.at(self.index(from), self.index(to))
    }

    pub(super) fn between(&self, from: NodeId, to: NodeId) -> &LinkState {
        self.get(Port::Node(from), Port::Node(to))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &LinkState> {
        self.states.iter()
    }

    /// The caller names a node the cluster has not: a bug there, as with any index.
    fn index(&self, port: Port) -> usize {
        match port {
            Port::Hub => self.nodes,
            Port::Node(node) => {
                assert!(
                    node.0 < self.nodes,
                    "{node} is not among {} nodes",
                    self.nodes
                );
                node.0
            }
        }
    }

    pub(super) fn address(&self, port: Port) -> Ipv4Addr {
        port_address(self.index(port), self.nodes)
    }

    /// The two ends of an IPv4 packet that the port `from` sent: the port it is for.
    pub(super) fn destination(&self, from: usize, packet: &[u8]) -> Result<usize, Stray> {
        let Some(header) = packet.first_chunk::<IPV4_HEADER_BYTES>() else {
            return Err(Stray::Short);
        };
        if header[0] >> 4 != 4 {
            return Err(Stray::NotIpv4);
        }
        let address =
            |at: usize| Ipv4Addr::new(header[at], header[at + 1], header[at + 2], header[at + 3]);
        if address(12) != port_address(from, self.nodes) {
            return Err(Stray::ForeignSource);
        }
        let to = match header[19] {
            HUB_OCTET => self.nodes,
            octet => usize::from(octet).wrapping_sub(1),
        };
        if to > self.nodes || to == from || address(16) != port_address(to, self.nodes) {
            return Err(Stray::NoDestination);
        }
        Ok(to)
    }

    pub(super) fn stray(&self, stray: Stray) {
        self.strays[stray as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn strays(&self) -> StrayCounters {
        let count = |stray: Stray| self.strays[stray as usize].load(Ordering::Relaxed);
        StrayCounters {
            short: count(Stray::Short),
            not_ipv4: count(Stray::NotIpv4),
            foreign_source: count(Stray::ForeignSource),
            no_destination: count(Stray::NoDestination),
        }
    }
}

/// Without options (RFC 791).
const IPV4_HEADER_BYTES: usize = 20;

/// The address of the port with this index in a fabric of `nodes`.
pub(super) fn port_address(index: usize, nodes: usize) -> Ipv4Addr {
    let octet = if index == nodes {
        HUB_OCTET
    } else {
        index as u8 + 1
    };
    Ipv4Addr::new(10, 77, 0, octet)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn packet(from: [u8; 4], to: [u8; 4]) -> [u8; 20] {
        let mut packet = [0; 20];
        packet[0] = 0x45;
        packet[12..16].copy_from_slice(&from);
        packet[16..20].copy_from_slice(&to);
        packet
    }

    #[test]
    fn finds_the_port_a_packet_is_for() {
        let links = Links::new(3);
        assert_eq!(
            links.destination(0, &packet([10, 77, 0, 1], [10, 77, 0, 3])),
            Ok(2)
        );
        assert_eq!(
            links.destination(2, &packet([10, 77, 0, 3], [10, 77, 0, 254])),
            Ok(3)
        );
        assert_eq!(
            links.destination(3, &packet([10, 77, 0, 254], [10, 77, 0, 1])),
            Ok(0)
        );
    }

    #[test]
    fn a_frame_on_no_link_is_a_stray() {
        let links = Links::new(3);
        let from_n1 = |to| packet([10, 77, 0, 1], to);
        for (frame, stray) in [
            (&[][..], Stray::Short),
            (&from_n1([10, 77, 0, 2])[..19], Stray::Short),
            (&[0x60; 40], Stray::NotIpv4),
            (
                &packet([10, 77, 0, 2], [10, 77, 0, 3]),
                Stray::ForeignSource,
            ),
            (
                &packet([10, 78, 0, 1], [10, 77, 0, 3]),
                Stray::ForeignSource,
            ),
            (&from_n1([10, 77, 0, 1]), Stray::NoDestination),
            (&from_n1([10, 77, 0, 4]), Stray::NoDestination),
            (&from_n1([10, 77, 0, 0]), Stray::NoDestination),
            (&from_n1([10, 77, 0, 255]), Stray::NoDestination),
            (&from_n1([10, 77, 1, 2]), Stray::NoDestination),
            (&from_n1([224, 0, 0, 1]), Stray::NoDestination),
        ] {
            assert_eq!(links.destination(0, frame), Err(stray), "{frame:?}");
            links.stray(stray);
        }
        let strays = links.strays();
        assert_eq!((strays.short, strays.not_ipv4), (2, 1));
        assert_eq!((strays.foreign_source, strays.no_destination), (2, 6));
    }

    #[test]
    fn a_cut_is_one_way_and_counted() {
        let links = Links::new(2);
        let (n1, n2) = (NodeId(0), NodeId(1));
        links.between(n1, n2).set_cut(true);
        assert_eq!(links.at(0, 1).judge(100), Verdict::Drop);
        assert_eq!(links.at(1, 0).judge(60), Verdict::Deliver);
        links.all().for_each(|link| link.set_cut(false));
        assert_eq!(links.at(0, 1).judge(40), Verdict::Deliver);
        let counters = links.between(n1, n2).counters();
        assert_eq!(
            (counters.packets, counters.bytes, counters.cut_packets),
            (2, 140, 1)
        );
        assert_eq!(links.between(n2, n1).counters().cut_packets, 0);
    }
}
