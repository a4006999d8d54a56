//! Just enough rtnetlink (`rtnetlink(7)`) to wire a namespace, several requests in one call.

use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};

use nix::errno::Errno;
use nix::sys::socket::{
    AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, send, socket as new_socket,
};

use super::wire::MTU_BYTES;
use crate::host::refused::Refused;

/// Netlink messages and attributes start at multiples of this.
const ALIGN_BYTES: usize = 4;
/// `struct nlmsghdr`: length, type, flags, sequence number, port.
const HEADER_BYTES: usize = 16;
/// `struct veth_info` has one attribute, the other end (linux/veth.h).
const VETH_INFO_PEER: u16 = 1;
/// The replies to one batch are well below this: an error repeats its request.
const REPLY_BYTES_MAX: usize = 32 * 1024;
/// The fabric's network is a /24.
const PREFIX_BITS: u8 = 24;

pub(super) fn socket() -> Result<OwnedFd, Refused> {
    new_socket(
        AddressFamily::Netlink,
        SockType::Raw,
        SockFlag::SOCK_CLOEXEC,
        SockProtocol::NetlinkRoute,
    )
    .map_err(|errno| Refused::new("socket(AF_NETLINK)", errno, "namespaces cannot be wired"))
}

/// An `ifreq` naming an interface.
pub(super) struct IfReq(pub libc::ifreq);

impl IfReq {
    pub(super) fn named(name: &str) -> IfReq {
        assert!(
            name.len() < libc::IFNAMSIZ,
            "interface names have at most 15 bytes: {name}"
        );
        // SAFETY: an ifreq is plain integers and pointers, for which zero is valid.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        for (to, byte) in request.ifr_name.iter_mut().zip(name.bytes()) {
            *to = byte as libc::c_char;
        }
        IfReq(request)
    }
}

/// The index of an interface in the namespace of the socket.
pub(super) fn interface_index(socket: &OwnedFd, name: &str) -> Result<i32, Refused> {
    let mut request = IfReq::named(name);
    // SAFETY: SIOCGIFINDEX reads and writes an ifreq, and sets its index on success.
    unsafe {
        let result = libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFINDEX, &raw mut request.0);
        Errno::result(result)
            .map(|_| request.0.ifr_ifru.ifru_ifindex)
            .map_err(|errno| Refused::new("ioctl(SIOCGIFINDEX)", errno, "an interface is missing"))
    }
}

/// One end of a veth pair: its name and hardware address.
pub(super) struct VethEnd<'a> {
    pub name: &'a str,
    pub mac: [u8; 6],
}

/// Requests that are sent together: the kernel answers each.
pub(super) struct Batch {
    bytes: Vec<u8>,
    requests: Vec<&'static str>,
}

impl Batch {
    pub(super) fn new() -> Batch {
        Batch {
            bytes: Vec::new(),
            requests: Vec::new(),
        }
    }

    /// Sets an interface up, with the fabric's MTU unless it is the loopback's.
    pub(super) fn link_up(&mut self, index: i32, flags: libc::c_int, queue: Option<u32>) {
        let start = self.begin("RTM_NEWLINK(up)", libc::RTM_NEWLINK, 0);
        self.interface(index, libc::IFF_UP | flags);
        if let Some(packets) = queue {
            self.attribute(libc::IFLA_TXQLEN, &packets.to_ne_bytes());
            self.attribute(libc::IFLA_MTU, &MTU_BYTES.to_ne_bytes());
        }
        self.end(start);
    }

    pub(super) fn address(&mut self, index: i32, address: Ipv4Addr) {
        let create = libc::NLM_F_CREATE | libc::NLM_F_EXCL;
        let start = self.begin("RTM_NEWADDR", libc::RTM_NEWADDR, create);
        // struct ifaddrmsg: family, prefix length, flags, scope, interface.
        self.bytes.extend([libc::AF_INET as u8, PREFIX_BITS, 0, 0]);
        self.bytes.extend(index.to_ne_bytes());
        self.attribute(libc::IFA_LOCAL, &address.octets());
        self.attribute(libc::IFA_ADDRESS, &address.octets());
        self.end(start);
    }

    /// A veth pair with one end here and the other in another namespace. Both are down: a peer
    /// created up is not connected (ENOTCONN).
    pub(super) fn veth(&mut self, here: &VethEnd<'_>, there: &VethEnd<'_>, namespace: RawFd) {
        let create = libc::NLM_F_CREATE | libc::NLM_F_EXCL;
        let start = self.begin("RTM_NEWLINK(veth)", libc::RTM_NEWLINK, create);
        self.interface(0, 0);
        self.veth_end(here);
        let info = self.open(libc::IFLA_LINKINFO);
        self.attribute(libc::IFLA_INFO_KIND, b"veth\0");
        let data = self.open(libc::IFLA_INFO_DATA);
        let peer = self.open(VETH_INFO_PEER);
        self.interface(0, 0);
        self.veth_end(there);
        self.attribute(libc::IFLA_NET_NS_FD, &namespace.to_ne_bytes());
        self.close(peer);
        self.close(data);
        self.close(info);
        self.end(start);
    }

    fn veth_end(&mut self, end: &VethEnd<'_>) {
        let mut name = end.name.as_bytes().to_vec();
        name.push(0);
        self.attribute(libc::IFLA_IFNAME, &name);
        self.attribute(libc::IFLA_ADDRESS, &end.mac);
        self.attribute(libc::IFLA_MTU, &MTU_BYTES.to_ne_bytes());
    }

    /// Sends the requests and waits for all to be answered. `meaning` is what a refusal means.
    pub(super) fn send(self, socket: &OwnedFd, meaning: &str) -> Result<(), Refused> {
        let refused = |call: &str, errno| Refused::namespaces(call, errno, meaning);
        send(socket.as_raw_fd(), &self.bytes, MsgFlags::empty())
            .map_err(|errno| refused("send(AF_NETLINK)", errno))?;
        let mut replies = vec![0; REPLY_BYTES_MAX];
        let mut answered = 0;
        while answered < self.requests.len() {
            let bytes = recv(socket.as_raw_fd(), &mut replies, MsgFlags::empty())
                .map_err(|errno| refused("recv(AF_NETLINK)", errno))?;
            for reply in acknowledgements(&replies[..bytes]) {
                answered += 1;
                if reply.errno != 0 {
                    let request = self.requests.get(reply.sequence as usize).copied();
                    let errno = Errno::from_raw(reply.errno);
                    return Err(refused(request.unwrap_or("rtnetlink"), errno));
                }
            }
        }
        Ok(())
    }

    fn begin(&mut self, request: &'static str, kind: u16, flags: libc::c_int) -> usize {
        let start = self.bytes.len();
        let flags = (libc::NLM_F_REQUEST | libc::NLM_F_ACK | flags) as u16;
        self.bytes.extend([0; 4]);
        self.bytes.extend(kind.to_ne_bytes());
        self.bytes.extend(flags.to_ne_bytes());
        self.bytes
            .extend((self.requests.len() as u32).to_ne_bytes());
        self.bytes.extend([0; 4]);
        self.requests.push(request);
        start
    }

    fn end(&mut self, start: usize) {
        let length = (self.bytes.len() - start) as u32;
        self.bytes[start..start + 4].copy_from_slice(&length.to_ne_bytes());
    }

    /// `struct ifinfomsg`: family and padding, type and padding, index, flags, which of them count.
    fn interface(&mut self, index: i32, flags: libc::c_int) {
        self.bytes.extend([0; 4]);
        self.bytes.extend(index.to_ne_bytes());
        self.bytes.extend(flags.to_ne_bytes());
        self.bytes.extend(flags.to_ne_bytes());
    }

    fn attribute(&mut self, kind: u16, value: &[u8]) {
        let start = self.open(kind);
        self.bytes.extend(value);
        self.close(start);
        self.bytes
            .resize(self.bytes.len().next_multiple_of(ALIGN_BYTES), 0);
    }

    fn open(&mut self, kind: u16) -> usize {
        let start = self.bytes.len();
        self.bytes.extend([0; 2]);
        self.bytes.extend(kind.to_ne_bytes());
        start
    }

    /// The length of an attribute leaves its own padding out.
    fn close(&mut self, start: usize) {
        let length = (self.bytes.len() - start) as u16;
        self.bytes[start..start + 2].copy_from_slice(&length.to_ne_bytes());
    }
}

struct Acknowledgement {
    sequence: u32,
    errno: i32,
}

/// The NLMSG_ERROR messages of a reply; errno 0 is success.
fn acknowledgements(mut replies: &[u8]) -> Vec<Acknowledgement> {
    let word = |bytes: &[u8], at: usize| -> Option<u32> {
        let word = bytes.get(at..)?.first_chunk::<4>()?;
        Some(u32::from_ne_bytes(*word))
    };
    let mut found = Vec::new();
    while let (Some(length), Some(kind), Some(sequence)) =
        (word(replies, 0), word(replies, 4), word(replies, 8))
    {
        let kind = i32::from(kind as u16);
        if let (libc::NLMSG_ERROR, Some(error)) = (kind, word(replies, HEADER_BYTES)) {
            found.push(Acknowledgement {
                sequence,
                errno: -(error as i32),
            });
        }
        let next = (length as usize)
            .max(HEADER_BYTES)
            .next_multiple_of(ALIGN_BYTES);
        replies = replies.get(next..).unwrap_or_default();
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_aligned_and_their_lengths_add_up() {
        let mut batch = Batch::new();
        let end = |name| VethEnd {
            name,
            mac: [2, 0, 0, 0, 0, 1],
        };
        batch.veth(&end("p1"), &end("fb0"), 7);
        batch.link_up(3, 0, Some(10));
        batch.address(3, Ipv4Addr::new(10, 77, 0, 1));
        let (mut at, mut messages) = (0, 0);
        while at < batch.bytes.len() {
            assert_eq!(at % ALIGN_BYTES, 0);
            at += u32::from_ne_bytes(*batch.bytes[at..].first_chunk().unwrap()) as usize;
            messages += 1;
        }
        assert_eq!((at, messages), (batch.bytes.len(), 3));
    }

    #[test]
    fn reads_success_failure_and_torn_replies() {
        let mut replies = Vec::new();
        for (sequence, error) in [(0_u32, 0_i32), (1, -libc::EEXIST)] {
            replies.extend(36_u32.to_ne_bytes());
            replies.extend((libc::NLMSG_ERROR as u16).to_ne_bytes());
            replies.extend([0; 2]);
            replies.extend(sequence.to_ne_bytes());
            replies.extend([0; 4]);
            replies.extend(error.to_ne_bytes());
            replies.extend([0; 16]);
        }
        let found = acknowledgements(&replies);
        assert_eq!((found[0].sequence, found[0].errno), (0, 0));
        assert_eq!((found[1].sequence, found[1].errno), (1, libc::EEXIST));
        assert_eq!(acknowledgements(&replies[..50]).len(), 1);
    }
}
