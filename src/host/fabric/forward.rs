//! The forwarding thread: reads frames, has them judged, writes them.

use std::os::fd::AsFd;
use std::sync::Arc;
use std::thread::JoinHandle;

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::eventfd::EventFd;
use nix::unistd::{read, write};

use super::link::{Links, Verdict};
use super::wire::Wire;
use crate::host::refused::Refused;

/// Frames taken from one port before the others get their turn.
const TURN_FRAMES: usize = 64;

/// More than any frame of an interface with an MTU of 1500 bytes.
const FRAME_BYTES_MAX: usize = 2048;

/// The epoll token of the stop signal; ports have theirs from 0.
const STOP: u64 = u64::MAX;

pub(super) fn start(
    wires: Vec<Wire>,
    links: Arc<Links>,
    stop: Arc<EventFd>,
) -> Result<JoinHandle<()>, Refused> {
    let refused = |call: &str, errno| Refused::new(call, errno, "packets cannot be forwarded");
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)
        .map_err(|errno| refused("epoll_create1", errno))?;
    let watch = |fd: &dyn AsFd, token| {
        epoll
            .add(fd.as_fd(), EpollEvent::new(EpollFlags::EPOLLIN, token))
            .map_err(|errno| refused("epoll_ctl", errno))
    };
    watch(&*stop, STOP)?;
    for (port, wire) in wires.iter().enumerate() {
        watch(&wire.fd, port as u64)?;
    }
    std::thread::Builder::new()
        .name("fabric".to_owned())
        .spawn(move || {
            forward(&epoll, &wires, &links);
            drop(stop);
        })
        .map_err(|error| Refused::io("clone", &error, "no thread to forward packets"))
}

fn forward(epoll: &Epoll, wires: &[Wire], links: &Links) {
    let mut events = vec![EpollEvent::empty(); wires.len() + 1];
    let mut frame = [0; FRAME_BYTES_MAX];
    loop {
        // Interrupted by a signal is the only failure; then there are no events.
        let ready = epoll.wait(&mut events, EpollTimeout::NONE).unwrap_or(0);
        for event in &events[..ready] {
            match event.data() {
                STOP => return,
                port => {
                    let wire = &wires[port as usize];
                    if take_turn(port as usize, wires, links, &mut frame) == Turn::Gone {
                        // It would be reported as ready for ever.
                        let _ = epoll.delete(&wire.fd);
                    }
                }
            }
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turn {
    Over,
    /// The port's interface was removed, which a node may do in its own namespace.
    Gone,
}

/// Forwards what the port has sent, up to the end of its turn.
fn take_turn(from: usize, wires: &[Wire], links: &Links, frame: &mut [u8]) -> Turn {
    for _ in 0..TURN_FRAMES {
        let frame = match read(&wires[from].fd, frame) {
            Ok(bytes) => &frame[..bytes],
            Err(Errno::EINTR) => continue,
            // Set down by its node, an interface may come up again.
            Err(Errno::EAGAIN | Errno::ENETDOWN) => return Turn::Over,
            Err(_) => return Turn::Gone,
        };
        let packet = frame.get(wires[from].header_bytes..).unwrap_or_default();
        match links.destination(from, packet) {
            Ok(to) => {
                let link = links.at(from, to);
                if link.judge(packet.len()) == Verdict::Deliver && !deliver(&wires[to], frame) {
                    link.overrun();
                }
            }
            Err(stray) => links.stray(stray),
        }
    }
    Turn::Over
}

/// Whether the receiving interface took the frame. Both ends of a link are wired by the same
/// backend, so the frame goes on as it came.
fn deliver(wire: &Wire, frame: &[u8]) -> bool {
    loop {
        match write(&wire.fd, frame) {
            Ok(_) => return true,
            Err(Errno::EINTR) => {}
            Err(_) => return false,
        }
    }
}
