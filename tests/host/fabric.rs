//! The fabric, with real sockets in its namespaces.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::MetadataExt;
use std::time::Duration;

use faultbench::host::fabric::{Backend, Choice, FABRIC_NODES_MAX, Fabric, LinkCounters, Port};
use faultbench::host::process::Spawn;
use faultbench::node::NodeId;
use faultbench::plan::fault::Link;
use nix::sched::{CloneFlags, setns};

use crate::harness::{self, As, Scenario, Test};

pub const TESTS: &[Test] = &[
    ("fabric::carries_and_cuts_over_tun", || {
        harness::succeeds("tun", As::Oneself)
    }),
    ("fabric::carries_and_cuts_over_packet_sockets", || {
        harness::succeeds("packet-socket", As::Oneself)
    }),
    ("fabric::carries_and_cuts_for_plain_users", || {
        harness::succeeds("any", As::PlainUser)
    }),
    ("fabric::refuses_what_it_cannot_address", || {
        harness::succeeds("sizes", As::Oneself)
    }),
    ("fabric::leaves_no_descriptor_or_thread", || {
        harness::succeeds("drop", As::Oneself)
    }),
    ("fabric::processes_are_in_their_nodes", || {
        harness::succeeds("process", As::Oneself)
    }),
];

pub const SCENARIOS: &[Scenario] = &[
    ("tun", || on(Some(Backend::Tun))),
    ("packet-socket", || on(Some(Backend::PacketSocket))),
    ("any", || on(None)),
    ("sizes", sizes),
    ("drop", dropped),
    ("process", process),
];

const N1: NodeId = NodeId(0);
const N2: NodeId = NodeId(1);
const N1_TO_N2: Link = Link { from: N1, to: N2 };
const N2_TO_N1: Link = Link { from: N2, to: N1 };
const PORT: u16 = 7000;

/// What a lost packet is waited for, and a delivered one at most.
const LOST: Duration = Duration::from_millis(100);
const DELIVERED_MAX: Duration = Duration::from_secs(20);

fn on(backend: Option<Backend>) -> i32 {
    harness::enter();
    let host = Choice::of_host();
    if backend == Some(Backend::Tun) && host.backend != Backend::Tun {
        eprint!("{}", host.why);
        return harness::EXIT_REFUSED;
    }
    let choice = backend.map_or(host, Choice::wanted);
    let fabric = harness::built(Fabric::build_on(3, choice));
    datagrams_are_cut_one_way(&fabric);
    streams_survive_a_cut(&fabric);
    clients_reach_nodes_from_the_hub(&fabric);
    strays_are_counted(&fabric);
    0
}

/// Runs in a namespace, on a thread of its own; sockets stay in the namespace.
fn within<T: Send>(namespace: BorrowedFd<'_>, job: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let thread = scope.spawn(|| {
            setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
            job()
        });
        thread.join().unwrap()
    })
}

fn udp(fabric: &Fabric, node: NodeId) -> UdpSocket {
    within(fabric.namespace(node), || {
        UdpSocket::bind((Ipv4Addr::UNSPECIFIED, PORT)).unwrap()
    })
}

fn arrives(socket: &UdpSocket, wait: Duration) -> bool {
    socket.set_read_timeout(Some(wait)).unwrap();
    match socket.recv(&mut [0; 2048]) {
        Ok(_) => true,
        Err(error) if error.kind() == ErrorKind::WouldBlock => false,
        Err(error) => panic!("{error}"),
    }
}

fn datagrams_are_cut_one_way(fabric: &Fabric) {
    let (one, two) = (udp(fabric, N1), udp(fabric, N2));
    let to_one = (fabric.address(N1), PORT);
    let to_two = (fabric.address(N2), PORT);
    // The largest that fits the MTU: 1500 less the headers of IP and UDP.
    let datagram = [7; 1472];
    one.send_to(&datagram, to_two).unwrap();
    assert!(arrives(&two, DELIVERED_MAX));
    let before = fabric.counters(N1_TO_N2);
    assert_eq!(
        before,
        LinkCounters {
            packets: 1,
            bytes: 1500,
            ..LinkCounters::default()
        }
    );

    fabric.cut(N1_TO_N2);
    assert!(fabric.is_cut(N1_TO_N2) && !fabric.is_cut(N2_TO_N1));
    for _ in 0..10 {
        one.send_to(&datagram, to_two).unwrap();
    }
    assert!(!arrives(&two, LOST));
    two.send_to(&datagram, to_one).unwrap();
    assert!(arrives(&one, DELIVERED_MAX));
    assert_eq!(fabric.counters(N1_TO_N2).cut_packets, 10);
    assert_eq!(fabric.counters(N2_TO_N1).cut_packets, 0);

    fabric.heal(N1_TO_N2);
    one.send_to(&datagram, to_two).unwrap();
    assert!(arrives(&two, DELIVERED_MAX));
    assert_eq!(fabric.counters(N1_TO_N2).cut_packets, 10);
}

fn listen(fabric: &Fabric, node: NodeId) -> TcpListener {
    within(fabric.namespace(node), || {
        TcpListener::bind((fabric.address(node), PORT)).unwrap()
    })
}

fn streams_survive_a_cut(fabric: &Fabric) {
    let listener = listen(fabric, N2);
    let address = listener.local_addr().unwrap();
    let mut client = within(fabric.namespace(N1), || {
        TcpStream::connect(address).unwrap()
    });
    let (mut server, peer) = listener.accept().unwrap();
    assert_eq!(peer.ip(), fabric.address(N1));
    for stream in [&client, &server] {
        stream.set_read_timeout(Some(DELIVERED_MAX)).unwrap();
    }
    let mut echoed = [0; 5];
    client.write_all(b"hello").unwrap();
    server.read_exact(&mut echoed).unwrap();
    // More than all buffers on the way hold.
    let sent: Vec<u8> = (0..8_000_000_u32).map(|i| (i % 251) as u8).collect();
    let received = std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut received = vec![0; sent.len()];
            server.read_exact(&mut received).map(|()| received)
        });
        let (first, rest) = sent.split_at(4_000_000);
        client.write_all(first).unwrap();
        fabric.cut(N2_TO_N1);
        std::thread::sleep(LOST);
        fabric.heal_all();
        client.write_all(rest).unwrap();
        reader.join().unwrap().unwrap()
    });
    assert!(received == sent, "the stream was changed on its way");
    assert!(!fabric.is_cut(N2_TO_N1));
}

fn clients_reach_nodes_from_the_hub(fabric: &Fabric) {
    let listener = listen(fabric, NodeId(2));
    let address = listener.local_addr().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            fabric.enter_hub().unwrap();
            let stream = TcpStream::connect(address).unwrap();
            assert_eq!(stream.local_addr().unwrap().ip(), fabric.hub_address());
        });
    });
    let (_, peer) = listener.accept().unwrap();
    assert_eq!(peer.ip(), fabric.hub_address());
    let counters = fabric.counters_between(Port::Hub, Port::Node(NodeId(2)));
    assert!(counters.packets >= 2, "{counters:?}");
}

fn strays_are_counted(fabric: &Fabric) {
    let before = fabric.strays();
    let lost = within(fabric.namespace(N1), || {
        UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap()
    });
    lost.set_broadcast(true).unwrap();
    for address in [[10, 77, 0, 99], [10, 77, 0, 255]] {
        lost.send_to(b"?", (Ipv4Addr::from(address), PORT)).unwrap();
    }
    // Packets of one port are forwarded in order, so this one comes after them.
    let two = udp(fabric, N2);
    lost.send_to(b"!", (fabric.address(N2), PORT)).unwrap();
    assert!(arrives(&two, DELIVERED_MAX));
    let strays = fabric.strays();
    assert_eq!(
        strays.no_destination,
        before.no_destination + 2,
        "{strays:?}"
    );
    assert_eq!(
        (strays.short, strays.not_ipv4, strays.foreign_source),
        (0, 0, 0)
    );
}

fn sizes() -> i32 {
    harness::enter();
    for nodes in [0, FABRIC_NODES_MAX + 1] {
        let error = Fabric::build(nodes).err().unwrap();
        assert_eq!(
            error.to_string(),
            format!("a fabric has 1 to 64 nodes, not {nodes}")
        );
    }
    for backend in [Choice::of_host().backend, Backend::PacketSocket] {
        let fabric = harness::built(Fabric::build_on(FABRIC_NODES_MAX, Choice::wanted(backend)));
        let (first, last) = (N1, NodeId(FABRIC_NODES_MAX - 1));
        let (one, two) = (udp(&fabric, first), udp(&fabric, last));
        one.send_to(b"!", (fabric.address(last), PORT)).unwrap();
        assert!(arrives(&two, DELIVERED_MAX));
    }
    0
}

fn dropped() -> i32 {
    harness::enter();
    let count = |what| fs::read_dir(format!("/proc/self/{what}")).unwrap().count();
    let before = (count("fd"), count("task"));
    for backend in [Choice::of_host().backend, Backend::PacketSocket] {
        drop(harness::built(Fabric::build_on(5, Choice::wanted(backend))));
        // A joined thread is listed until the kernel has taken it down.
        crate::leftovers::eventually("all is closed", || (count("fd"), count("task")) == before);
    }
    0
}

fn process() -> i32 {
    harness::enter();
    let fabric = harness::built(Fabric::build(2));
    let mut spawn = Spawn::new("/bin/sleep");
    spawn.args = vec!["1000".into()];
    spawn.namespace = Some(fabric.namespace(N2));
    let mut process = spawn.start().unwrap();
    let inode = |path: &str| fs::metadata(path).unwrap().ino();
    let of_process = inode(&format!("/proc/{}/ns/net", process.pid()));
    let of_node = fs::File::from(fabric.namespace(N2).as_fd().try_clone_to_owned().unwrap());
    assert_eq!(of_process, of_node.metadata().unwrap().ino());
    assert_ne!(of_process, inode("/proc/self/ns/net"));
    process.pause().unwrap();
    process.resume().unwrap();
    process.kill().unwrap();
    0
}
