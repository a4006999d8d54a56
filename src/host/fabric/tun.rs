//! The TUN backend: each port's interface is a TUN device whose descriptor is the wire
//! (Documentation/networking/tuntap.rst).

use std::fs::OpenOptions;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::OpenOptionsExt;

use nix::errno::Errno;

use super::netlink::{self, Batch, IfReq};
use super::netns::Namespace;
use super::wire::{Wire, Wiring};
use super::{INTERFACE, link};
use crate::host::refused::Refused;

pub(super) const DEVICE: &str = "/dev/net/tun";

/// Packets the device holds for the forwarding thread. The default of 500 loses packets of a busy
/// TCP connection while the thread waits for a CPU.
const QUEUE_PACKETS: u32 = 10_000;

pub(super) fn wire(nodes: usize) -> Result<Wiring, Refused> {
    let mut wiring = Wiring {
        namespaces: Vec::new(),
        wires: Vec::new(),
    };
    for port in 0..=nodes {
        let namespace = Namespace::unshare()?;
        // The device belongs to the namespace the opening thread is in.
        let fd = open_device()?;
        let index = netlink::interface_index(&namespace.netlink, INTERFACE)?;
        let mut batch = Batch::new();
        batch.address(index, link::port_address(port, nodes));
        batch.link_up(index, 0, Some(QUEUE_PACKETS));
        batch.send(&namespace.netlink, "a TUN device cannot be configured")?;
        wiring.namespaces.push(namespace);
        wiring.wires.push(Wire {
            fd,
            header_bytes: 0,
        });
    }
    Ok(wiring)
}

fn open_device() -> Result<OwnedFd, Refused> {
    let meaning = "no TUN device for a node";
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .custom_flags(libc::O_NONBLOCK)
        .open(DEVICE)
        .map_err(|error| Refused {
            way_round: format!("make {DEVICE} readable and writable for the user"),
            ..Refused::io("open(/dev/net/tun)", &error, meaning)
        })?;
    let mut request = IfReq::named(INTERFACE);
    request.0.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as libc::c_short;
    // SAFETY: TUNSETIFF reads and writes an ifreq, which `request` is for the time of the call.
    let result = unsafe { libc::ioctl(file.as_raw_fd(), libc::TUNSETIFF, &raw mut request.0) };
    Errno::result(result).map_err(|errno| Refused::new("ioctl(TUNSETIFF)", errno, meaning))?;
    Ok(file.into())
}
