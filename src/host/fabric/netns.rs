//! Anonymous network namespaces: held by descriptors, named nowhere on the host.

use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;

use nix::errno::Errno;
use nix::sched::{CloneFlags, setns, unshare};

use super::netlink::{self, Batch};
use crate::host::refused::Refused;

/// A network namespace, and a netlink socket in it: a socket stays where it was made, so the
/// namespace can be configured from any thread.
pub(super) struct Namespace {
    pub fd: OwnedFd,
    pub netlink: OwnedFd,
}

impl Namespace {
    /// Makes a namespace and moves the calling thread into it.
    pub(super) fn unshare() -> Result<Namespace, Refused> {
        unshare(CloneFlags::CLONE_NEWNET).map_err(|errno| {
            Refused::namespaces(
                "unshare(CLONE_NEWNET)",
                errno,
                "no network namespace for a node",
            )
        })?;
        let fd = File::open("/proc/thread-self/ns/net").map_err(|error| {
            Refused::io(
                "open(/proc/thread-self/ns/net)",
                &error,
                "a namespace cannot be held",
            )
        })?;
        silence_ipv6()?;
        let namespace = Namespace {
            fd: fd.into(),
            netlink: netlink::socket()?,
        };
        let mut batch = Batch::new();
        batch.link_up(LOOPBACK_INDEX, 0, None);
        batch.send(&namespace.netlink, "a node has no loopback interface")?;
        Ok(namespace)
    }

    /// Moves the calling thread into the namespace.
    pub(super) fn enter(&self) -> io::Result<()> {
        Ok(setns(&self.fd, CloneFlags::CLONE_NEWNET)?)
    }

    /// As `enter`, while wiring.
    pub(super) fn enter_to_wire(&self) -> Result<(), Refused> {
        setns(&self.fd, CloneFlags::CLONE_NEWNET).map_err(|errno: Errno| {
            Refused::namespaces(
                "setns(CLONE_NEWNET)",
                errno,
                "a namespace cannot be entered",
            )
        })
    }
}

/// The loopback interface is the first of every namespace.
const LOOPBACK_INDEX: i32 = 1;

/// Interfaces made from now on in the calling thread's namespace have no IPv6 and so send no
/// router solicitations; loopback, there already, keeps its `::1`.
fn silence_ipv6() -> Result<(), Refused> {
    let path = "/proc/sys/net/ipv6/conf/default/disable_ipv6";
    match std::fs::write(path, "1") {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(Refused::io(
            &format!("write({path})"),
            &error,
            "nodes would send stray packets",
        )),
        _ => Ok(()),
    }
}
