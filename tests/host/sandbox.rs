//! The sandbox: exit status and signals pass through, and nothing is left whoever is killed.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Stdio};
use std::time::Duration;

use faultbench::host::fabric::Fabric;
use faultbench::host::process::Spawn;
use faultbench::host::sandbox::{self, Options, UserNamespace};
use faultbench::node::NodeId;
use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{SigSet, Signal, kill};
use nix::unistd::Pid;

use crate::harness::{self, As, Outcome, Scenario, Test, scenario};
use crate::leftovers::{self, Living, eventually};

pub const TESTS: &[Test] = &[
    (
        "sandbox::exit_status_passes_through",
        exit_status_passes_through,
    ),
    (
        "sandbox::signals_reach_the_controller",
        signals_reach_the_controller,
    ),
    ("sandbox::death_by_signal_is_said", death_by_signal_is_said),
    ("sandbox::is_closed", || {
        harness::succeeds("closed", As::Oneself)
    }),
    ("sandbox::is_closed_for_plain_users", || {
        harness::succeeds("closed", As::PlainUser)
    }),
    ("sandbox::is_closed_in_a_user_namespace", || {
        harness::succeeds("closed-user", As::Oneself)
    }),
    ("sandbox::refusals_are_named", refusals_are_named),
    ("sandbox::threads_are_refused", || {
        harness::succeeds("threads", As::Oneself)
    }),
    ("sandbox::killing_the_outer_leaves_nothing", || {
        leaves_nothing(Part::Outer, As::Oneself)
    }),
    ("sandbox::killing_init_leaves_nothing", || {
        leaves_nothing(Part::Init, As::Oneself)
    }),
    ("sandbox::killing_the_controller_leaves_nothing", || {
        leaves_nothing(Part::Controller, As::Oneself)
    }),
    (
        "sandbox::killing_the_outer_at_any_moment_leaves_nothing",
        at_any_moment,
    ),
    (
        "sandbox::killing_a_plain_users_outer_leaves_nothing",
        || leaves_nothing(Part::Outer, As::PlainUser),
    ),
];

pub const SCENARIOS: &[Scenario] = &[
    ("exit-42", || {
        harness::enter();
        42
    }),
    ("await-signal", await_signal),
    ("abort", || {
        harness::enter();
        std::process::abort()
    }),
    ("closed", || closed(Options::default())),
    ("closed-user", || {
        closed(Options {
            user_namespace: UserNamespace::Always,
        })
    }),
    ("no-pid-namespace", || without("max_pid_namespaces")),
    ("no-mount-namespace", || without("max_mnt_namespaces")),
    ("threads", threads),
    ("cluster", cluster),
];

fn exit_status_passes_through() -> Outcome {
    let output = scenario("exit-42", As::Oneself).output().unwrap();
    if let Some(reason) = harness::refused(&output) {
        return Outcome::Skipped(reason);
    }
    assert_eq!(output.status.code(), Some(42), "{}", harness::text(&output));
    assert!(output.stderr.is_empty(), "{}", harness::text(&output));
    Outcome::Passed
}

/// Exits with the number of the signal it got.
fn await_signal() -> i32 {
    harness::enter();
    let mut set = SigSet::empty();
    let forwarded = [
        Signal::SIGINT,
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGQUIT,
    ];
    forwarded.iter().for_each(|&signal| set.add(signal));
    set.thread_block().unwrap();
    println!("ready");
    set.wait().unwrap() as i32
}

fn signals_reach_the_controller() -> Outcome {
    for signal in [
        Signal::SIGINT,
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGQUIT,
    ] {
        if is_ignored(signal) {
            eprintln!("skipped: {signal} is ignored by who started this, as by nohup");
            continue;
        }
        let (mut outer, _stdout) = match start("await-signal", As::Oneself, "ready") {
            Ok(started) => started,
            Err(reason) => return Outcome::Skipped(reason),
        };
        kill(Pid::from_raw(outer.0.id() as i32), signal).unwrap();
        assert_eq!(
            outer.0.wait().unwrap().code(),
            Some(signal as i32),
            "{signal}"
        );
    }
    Outcome::Passed
}

/// Whether this process was started to ignore the signal, as by nohup; its children do too.
fn is_ignored(signal: Signal) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = u64::from_str_radix(ignored.unwrap().trim(), 16).unwrap();
    ignored >> (signal as i32 - 1) & 1 == 1
}

/// A started scenario; killed with the test that fails.
struct Outer(Child);

impl Drop for Outer {
    fn drop(&mut self) {
        // Both fail once it has been waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a scenario and waits for the line it prints; why it was refused otherwise.
fn start(name: &str, who: As, line: &str) -> Result<(Outer, BufReader<ChildStdout>), String> {
    if let Some(reason) = harness::missing(who) {
        return Err(reason);
    }
    let mut command = scenario(name, who);
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    if first.trim() == line {
        return Ok((Outer(child), stdout));
    }
    let output = child.wait_with_output().unwrap();
    match harness::refused(&output) {
        Some(reason) => Err(reason),
        None => panic!(
            "{name} printed {first:?}, not {line:?}: {}",
            harness::text(&output)
        ),
    }
}

fn death_by_signal_is_said() -> Outcome {
    let output = scenario("abort", As::Oneself).output().unwrap();
    if let Some(reason) = harness::refused(&output) {
        return Outcome::Skipped(reason);
    }
    assert_eq!(
        output.status.code(),
        Some(255),
        "{}",
        harness::text(&output)
    );
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("the controller was killed by SIGABRT (6)"),
        "{stderr}"
    );
    Outcome::Passed
}

/// The controller sees only itself and init, in a session of init's, and its mounts are its own.
fn closed(options: Options) -> i32 {
    let entered = harness::enter_with(options);
    if options.user_namespace == UserNamespace::Always {
        assert!(entered.rootless);
    }
    assert!(nix::unistd::geteuid().is_root());
    let pids: Vec<i32> = leftovers::living()
        .iter()
        .map(|living| living.pid)
        .collect();
    assert_eq!(pids, [1, std::process::id() as i32]);
    assert_eq!(nix::unistd::getsid(None).unwrap(), Pid::from_raw(1));
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    assert!(
        !mounts.contains(" shared:"),
        "a mount would be seen outside: {mounts}"
    );
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let blocked = status
        .lines()
        .find(|line| line.starts_with("SigBlk:"))
        .unwrap();
    assert!(blocked.ends_with("0000000000000000"), "{blocked}");
    0
}

fn refusals_are_named() -> Outcome {
    for (name, call) in [
        (
            "no-pid-namespace",
            "unshare(CLONE_NEWPID) failed with ENOSPC",
        ),
        (
            "no-mount-namespace",
            "unshare(CLONE_NEWNS) failed with ENOSPC",
        ),
    ] {
        let output = scenario(name, As::Oneself).output().unwrap();
        if output.status.code() == Some(0) {
            return Outcome::Skipped("user namespaces are refused".to_owned());
        }
        let reason =
            harness::refused(&output).unwrap_or_else(|| panic!("{}", harness::text(&output)));
        assert!(reason.contains(call), "{reason}");
    }
    Outcome::Passed
}

/// Enters a sandbox where a limit forbids it. The limit holds in a user namespace of our own, so
/// the host is not touched.
fn without(limit: &str) -> i32 {
    if unshare(CloneFlags::CLONE_NEWUSER).is_err() {
        return 0;
    }
    fs::write(format!("/proc/sys/user/{limit}"), "0").unwrap();
    harness::enter();
    1
}

fn threads() -> i32 {
    std::thread::scope(|scope| {
        scope.spawn(|| std::thread::sleep(Duration::from_millis(200)));
        let error = sandbox::enter(Options::default()).unwrap_err();
        assert!(
            error.to_string().contains("this one has 2 threads"),
            "{error}"
        );
    });
    0
}

/// A fabric with processes in its nodes and an orphan, ended only from outside.
fn cluster() -> i32 {
    harness::enter();
    let fabric = harness::built(Fabric::build(3));
    let _nodes: Vec<_> = NodeId::all(3)
        .map(|node| {
            let mut spawn = Spawn::new("/bin/sh");
            // The inner shell's child loses its parent and gets a session of its own.
            spawn.args = vec![
                "-c".into(),
                "(setsid sleep 1000 &); sleep 1000 & wait".into(),
            ];
            spawn.namespace = Some(fabric.namespace(node));
            spawn.start().unwrap()
        })
        .collect();
    // Init, the controller, and per node a shell with two sleepers; not the shells on the way.
    let sleepers = |living: &[Living]| living.iter().filter(|one| one.name == "sleep").count();
    eventually("all processes run", || {
        let living = leftovers::living();
        living.len() == 2 + 3 * 3 && sleepers(&living) == 3 * 2
    });
    println!("running");
    loop {
        std::thread::park();
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Outer,
    Init,
    Controller,
}

fn leaves_nothing(part: Part, who: As) -> Outcome {
    let host_before = leftovers::host_state();
    let own: BTreeSet<_> = leftovers::namespaces_of(&[std::process::id() as i32]);
    let (mut outer, mut stdout) = match start("cluster", who, "running") {
        Ok(started) => started,
        Err(reason) => return Outcome::Skipped(reason),
    };
    let outer_pid = outer.0.id() as i32;
    let init = leftovers::children(outer_pid)[0];
    let controller = leftovers::controller(init);
    let run = leftovers::descendants(outer_pid);
    assert!(run.len() >= 3 + 3 * 3, "{run:?}");
    let made: BTreeSet<_> = &leftovers::namespaces_of(&run) - &own;
    // Root sees them all: the run's PID and mount namespaces, three nodes, the hub.
    assert!(made.len() >= 6 || !harness::is_root(), "{made:?}");
    // Nobody else holds them, so they end with the run. Looked at now, since the kernel gives the
    // number of a namespace that is gone to the next one anybody makes.
    let others = leftovers::living().into_iter().map(|living| living.pid);
    let others: Vec<i32> = others.filter(|pid| !run.contains(pid)).collect();
    let shared: Vec<_> = leftovers::namespaces_of(&others)
        .intersection(&made)
        .cloned()
        .collect();
    assert!(shared.is_empty(), "{shared:?}");

    let victim = match part {
        Part::Outer => outer_pid,
        Part::Init => init,
        Part::Controller => controller,
    };
    kill(Pid::from_raw(victim), Signal::SIGKILL).unwrap();
    let status = outer.0.wait().unwrap();
    if part != Part::Outer {
        assert_eq!(status.code(), Some(255));
        let mut stderr = String::new();
        outer
            .0
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut stderr)
            .unwrap();
        assert!(stderr.contains("was killed by SIGKILL"), "{stderr}");
    }
    eventually("no process of the run lives", || {
        leftovers::living()
            .iter()
            .all(|living| !run.contains(&living.pid))
    });
    // All writers of the pipe are gone, so none hid elsewhere.
    stdout.read_to_end(&mut Vec::new()).unwrap();
    assert_eq!(leftovers::host_state(), host_before);
    Outcome::Passed
}

/// From before the sandbox is made until the nodes run, in steps of a millisecond.
fn at_any_moment() -> Outcome {
    let host_before = leftovers::host_state();
    for delay_ms in 0..40 {
        let mark = format!("FAULTBENCH_TEST_RUN={}-{delay_ms}", std::process::id());
        let (name, value) = mark.split_once('=').unwrap();
        let mut command = scenario("cluster", As::Oneself);
        command
            .env(name, value)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut outer = command.spawn().unwrap();
        std::thread::sleep(Duration::from_millis(delay_ms));
        outer.kill().unwrap();
        outer.wait().unwrap();
        eventually("no process of the run lives", || {
            leftovers::marked(&mark).is_empty()
        });
    }
    assert_eq!(leftovers::host_state(), host_before);
    Outcome::Passed
}
