//! What the fabric costs: round trips and throughput between two nodes on each backend, beside the
//! same over plain loopback in the same run, and the time to build it.
//!
//! Absolute numbers are the machine's; the ratios are the fabric's. Run with
//! `cargo bench --bench fabric`.

#[cfg(target_os = "linux")]
fn main() {
    linux::main();
}

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("skipped: the fabric is made of Linux namespaces");
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
    use std::os::fd::BorrowedFd;
    use std::time::{Duration, Instant};

    use faultbench::host::fabric::{Backend, Choice, Fabric};
    use faultbench::host::sandbox;
    use faultbench::node::NodeId;
    use faultbench::plan::fault::Link;
    use nix::sched::{CloneFlags, setns};

    const ROUND_TRIPS: usize = 5_000;
    const STREAM: Duration = Duration::from_secs(2);
    const CHUNK_BYTES: usize = 128 << 10;
    const BUILDS: usize = 20;
    /// The kernel takes namespaces down in the background, under locks that building needs too.
    const CLEAN_UP: Duration = Duration::from_millis(100);
    const CUTS: u32 = 100_000;

    /// Both medians of one way to connect.
    struct Measured {
        round_trip: Duration,
        gbit_per_s: f64,
    }

    pub fn main() {
        // `cargo bench` says so; `cargo test --benches` does not, and is to stay quick.
        if !std::env::args().any(|arg| arg == "--bench") {
            println!("skipped: run by `cargo bench`");
            return;
        }
        if let Err(error) = sandbox::enter(sandbox::Options::default()) {
            eprintln!("skipped: {error}");
            return;
        }
        let loopback = measure_loopback();
        print("loopback", &loopback, &loopback);
        for backend in [Backend::Tun, Backend::PacketSocket] {
            if backend == Backend::Tun && Choice::of_host().backend != Backend::Tun {
                println!("{backend}: skipped, {}", Choice::of_host().why);
                continue;
            }
            print(&backend.to_string(), &measure(backend), &loopback);
            println!(
                "{backend:>14}: built for 5 nodes in {:?} (median)",
                build_time(backend)
            );
        }
        println!("cut + heal: {:?}", cut_time());
    }

    fn print(name: &str, measured: &Measured, loopback: &Measured) {
        let longer = measured.round_trip.as_secs_f64() / loopback.round_trip.as_secs_f64();
        let slower = loopback.gbit_per_s / measured.gbit_per_s;
        println!(
            "{name:>14}: round trip {:?} ({longer:.2}x), TCP {:.2} Gbit/s (1/{slower:.1})",
            measured.round_trip, measured.gbit_per_s
        );
    }

    fn measure_loopback() -> Measured {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        measure_between(&listener, &|| TcpStream::connect(address).unwrap())
    }

    fn measure(backend: Backend) -> Measured {
        let fabric = Fabric::build_on(2, Choice::wanted(backend)).unwrap();
        let [client, server] = [NodeId(0), NodeId(1)];
        let address = SocketAddr::from((fabric.address(server), 7000));
        let bind = || TcpListener::bind(address).unwrap();
        let listener = within(fabric.namespace(server), bind);
        let connect = || TcpStream::connect(address).unwrap();
        measure_between(&listener, &|| within(fabric.namespace(client), connect))
    }

    fn within<T: Send>(namespace: BorrowedFd<'_>, job: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                setns(namespace, CloneFlags::CLONE_NEWNET).unwrap();
                job()
            });
            thread.join().unwrap()
        })
    }

    fn measure_between(listener: &TcpListener, connect: &dyn Fn() -> TcpStream) -> Measured {
        let pair = || {
            let client = connect();
            let (server, _) = listener.accept().unwrap();
            client.set_nodelay(true).unwrap();
            server.set_nodelay(true).unwrap();
            (client, server)
        };
        Measured {
            round_trip: round_trip(pair()),
            gbit_per_s: throughput(pair()),
        }
    }

    /// The median of round trips of one byte.
    fn round_trip((mut client, mut server): (TcpStream, TcpStream)) -> Duration {
        std::thread::scope(|scope| {
            scope.spawn(move || {
                let mut byte = [0];
                while server.read_exact(&mut byte).is_ok() {
                    server.write_all(&byte).unwrap();
                }
            });
            let mut byte = [0];
            let mut times: Vec<Duration> = (0..ROUND_TRIPS)
                .map(|_| {
                    let start = Instant::now();
                    client.write_all(&byte).unwrap();
                    client.read_exact(&mut byte).unwrap();
                    start.elapsed()
                })
                .collect();
            drop(client);
            median(&mut times)
        })
    }

    fn throughput((mut client, mut server): (TcpStream, TcpStream)) -> f64 {
        std::thread::scope(|scope| {
            let reader = scope.spawn(move || {
                let (mut chunk, mut bytes) = (vec![0; CHUNK_BYTES], 0);
                loop {
                    match server.read(&mut chunk).unwrap() {
                        0 => return bytes,
                        read => bytes += read,
                    }
                }
            });
            let (start, chunk) = (Instant::now(), vec![0; CHUNK_BYTES]);
            while start.elapsed() < STREAM {
                client.write_all(&chunk).unwrap();
            }
            drop(client);
            let bytes = reader.join().unwrap();
            bytes as f64 * 8.0 / start.elapsed().as_secs_f64() / 1e9
        })
    }

    fn build_time(backend: Backend) -> Duration {
        let mut times: Vec<Duration> = (0..BUILDS)
            .map(|_| {
                let start = Instant::now();
                let fabric = Fabric::build_on(5, Choice::wanted(backend)).unwrap();
                let built = start.elapsed();
                drop(fabric);
                std::thread::sleep(CLEAN_UP);
                built
            })
            .collect();
        median(&mut times)
    }

    fn cut_time() -> Duration {
        let fabric = Fabric::build(2).unwrap();
        let link = Link {
            from: NodeId(0),
            to: NodeId(1),
        };
        let start = Instant::now();
        for _ in 0..CUTS {
            fabric.cut(link);
            fabric.heal(link);
        }
        start.elapsed() / CUTS
    }

    fn median(times: &mut [Duration]) -> Duration {
        times.sort();
        times[times.len() / 2]
    }
}
