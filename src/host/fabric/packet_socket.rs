//! The AF_PACKET backend: each port's interface is a veth whose other end lies in a namespace of
//! the switch, where a packet socket is the wire (`packet(7)`, `veth(4)`).
//!
//! All ports have the same hardware address and resolve none (IFF_NOARP), so a frame fits every
//! receiver as it is. The switch's ends have another, so that the kernel there takes the frames for
//! someone else's and does nothing with them.

use std::os::fd::{AsRawFd, OwnedFd};

use nix::errno::Errno;

use super::netlink::{self, Batch, IfReq, VethEnd};
use super::netns::Namespace;
use super::wire::{Wire, Wiring};
use super::{INTERFACE, link};
use crate::host::refused::Refused;

/// Locally administered addresses (IEEE 802).
const PORT_MAC: [u8; 6] = [0x02, 0x66, 0x62, 0, 0, 1];
const SWITCH_MAC: [u8; 6] = [0x02, 0x66, 0x62, 0, 0, 2];

const ETHERNET_HEADER_BYTES: usize = 14;

/// What a port's socket holds for the forwarding thread: some thousand packets.
const RECEIVE_BUFFER_BYTES: libc::c_int = 8 << 20;

/// linux/ethtool.h: checksum transmitted packets in software or not.
const ETHTOOL_STXCSUM: u32 = 0x17;

pub(super) fn wire(nodes: usize) -> Result<Wiring, Refused> {
    let namespaces = (0..=nodes)
        .map(|_| Namespace::unshare())
        .collect::<Result<Vec<_>, _>>()?;
    // Held by its sockets from here on.
    let switch = Namespace::unshare()?;
    connect(&switch, &namespaces)?;
    for (port, namespace) in namespaces.iter().enumerate() {
        let socket = &namespace.netlink;
        checksum_in_software(socket)?;
        let index = netlink::interface_index(socket, INTERFACE)?;
        let mut batch = Batch::new();
        batch.address(index, link::port_address(port, nodes));
        batch.link_up(index, libc::IFF_NOARP, None);
        batch.send(socket, "a node's veth cannot be configured")?;
    }
    switch.enter_to_wire()?;
    let wires = (0..=nodes)
        .map(|port| open_wire(&switch, port))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(Wiring { namespaces, wires })
}

fn far_end(port: usize) -> String {
    format!("port{port}")
}

/// Makes the veth pairs and sets the switch's ends up.
fn connect(switch: &Namespace, namespaces: &[Namespace]) -> Result<(), Refused> {
    let meaning = "no veth pair for a node";
    let mut pairs = Batch::new();
    for (port, namespace) in namespaces.iter().enumerate() {
        let here = VethEnd {
            name: &far_end(port),
            mac: SWITCH_MAC,
        };
        let there = VethEnd {
            name: INTERFACE,
            mac: PORT_MAC,
        };
        pairs.veth(&here, &there, namespace.fd.as_raw_fd());
    }
    pairs.send(&switch.netlink, meaning)?;
    let mut up = Batch::new();
    for port in 0..namespaces.len() {
        let index = netlink::interface_index(&switch.netlink, &far_end(port))?;
        up.link_up(index, libc::IFF_NOARP, None);
    }
    up.send(&switch.netlink, meaning)
}

/// A veth leaves checksums to hardware it has not got; over a packet socket they would stay wrong.
/// Without them it also stops handing on segments larger than the MTU.
fn checksum_in_software(socket: &OwnedFd) -> Result<(), Refused> {
    #[repr(C)]
    struct EthtoolValue {
        command: u32,
        data: u32,
    }
    let mut value = EthtoolValue {
        command: ETHTOOL_STXCSUM,
        data: 0,
    };
    let mut request = IfReq::named(INTERFACE);
    request.0.ifr_ifru.ifru_data = (&raw mut value).cast();
    // SAFETY: SIOCETHTOOL reads an ifreq that points to the ethtool_value of this command; both
    // outlive the call.
    let result = unsafe {
        libc::ioctl(
            socket.as_raw_fd(),
            libc::SIOCETHTOOL as _,
            &raw mut request.0,
        )
    };
    Errno::result(result).map(drop).map_err(|errno| {
        Refused::new(
            "ioctl(ETHTOOL_STXCSUM)",
            errno,
            "packets would have wrong checksums",
        )
    })
}

/// The calling thread must be in the switch's namespace.
fn open_wire(switch: &Namespace, port: usize) -> Result<Wire, Refused> {
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
    let refused = |call: &str, errno| Refused::namespaces(call, errno, "no wire for a node");
    let flags = SockFlag::SOCK_NONBLOCK | SockFlag::SOCK_CLOEXEC;
    // Without a protocol it hears nothing until it is bound to its interface.
    let fd = socket(AddressFamily::Packet, SockType::Raw, flags, None)
        .map_err(|errno| refused("socket(AF_PACKET)", errno))?;
    let set = |level, option| set_option(&fd, level, option, 1);
    // Else the socket would hear what it sends itself.
    set(libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING)
        .map_err(|errno| refused("setsockopt(PACKET_IGNORE_OUTGOING)", errno))?;
    set(libc::SOL_PACKET, libc::PACKET_QDISC_BYPASS)
        .map_err(|errno| refused("setsockopt(PACKET_QDISC_BYPASS)", errno))?;
    // Beyond the host's limit if that is allowed, else up to it: less only loses packets sooner.
    set_option(
        &fd,
        libc::SOL_SOCKET,
        libc::SO_RCVBUFFORCE,
        RECEIVE_BUFFER_BYTES,
    )
    .or_else(|_| set_option(&fd, libc::SOL_SOCKET, libc::SO_RCVBUF, RECEIVE_BUFFER_BYTES))
    .map_err(|errno| refused("setsockopt(SO_RCVBUF)", errno))?;
    let index = netlink::interface_index(&switch.netlink, &far_end(port))?;
    bind(&fd, index).map_err(|errno| refused("bind(AF_PACKET)", errno))?;
    Ok(Wire {
        fd,
        header_bytes: ETHERNET_HEADER_BYTES,
    })
}

fn set_option(fd: &OwnedFd, level: i32, option: i32, value: libc::c_int) -> Result<(), Errno> {
    let bytes = size_of_val(&value) as libc::socklen_t;
    // SAFETY: these options take an int, and `value` is one of the stated size.
    let result = unsafe {
        libc::setsockopt(
            fd.as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            bytes,
        )
    };
    Errno::result(result).map(drop)
}

fn bind(fd: &OwnedFd, index: i32) -> Result<(), Errno> {
    // SAFETY: a sockaddr_ll is plain integers, for which zero is valid.
    let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
    address.sll_family = libc::AF_PACKET as u16;
    address.sll_protocol = (libc::ETH_P_ALL as u16).to_be();
    address.sll_ifindex = index;
    let bytes = size_of_val(&address) as libc::socklen_t;
    // SAFETY: `address` is a socket address of the stated size.
    let result = unsafe { libc::bind(fd.as_raw_fd(), (&raw const address).cast(), bytes) };
    Errno::result(result).map(drop)
}
