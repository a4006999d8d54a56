//! The ways frames can get from an interface to the forwarding thread, and which this host can.

use std::fmt;
use std::fs::OpenOptions;

use serde::{Deserialize, Serialize};

use super::wire::Wiring;
use super::{packet_socket, tun};
use crate::host::refused::Refused;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backend {
    /// A TUN device per port: IP packets straight from and to the kernel.
    Tun,
    /// A veth pair per port, its far end read and written by an AF_PACKET socket: needs no device
    /// file.
    PacketSocket,
}

impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Backend::Tun => "tun",
            Backend::PacketSocket => "packet-socket",
        })
    }
}

impl Backend {
    pub(super) fn wire(self, nodes: usize) -> Result<Wiring, Refused> {
        match self {
            Backend::Tun => tun::wire(nodes),
            Backend::PacketSocket => packet_socket::wire(nodes),
        }
    }
}

/// A backend and the reason for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    pub backend: Backend,
    pub why: String,
}

impl Choice {
    /// TUN where its device can be opened, since it is the faster.
    pub fn of_host() -> Choice {
        match OpenOptions::new().read(true).write(true).open(tun::DEVICE) {
            Ok(_) => Choice {
                backend: Backend::Tun,
                why: format!(
                    "{} can be opened, and TUN is the faster backend",
                    tun::DEVICE
                ),
            },
            Err(error) => Choice {
                backend: Backend::PacketSocket,
                why: format!("{} cannot be opened: {error}", tun::DEVICE),
            },
        }
    }

    /// The backend someone asked for.
    pub fn wanted(backend: Backend) -> Choice {
        Choice {
            backend,
            why: "it was asked for".to_owned(),
        }
    }
}
