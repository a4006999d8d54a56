//! Abilities found out by trying them in a forked child.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;

use nix::fcntl::OFlag;
use nix::sched::{CloneFlags, unshare};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, fork, pipe2};

use super::{Ability, State};
use crate::host::fabric::{Backend, Choice, Fabric, FabricError};
use crate::host::refused::Refused;
use crate::host::sandbox::{self, Options, SandboxError, user};

pub(super) const SANDBOX: &str = "sandbox";
pub(super) const FABRIC_TUN: &str = "fabric-tun";
pub(super) const FABRIC_PACKET: &str = "fabric-packet-socket";

/// A trial that hangs (a mount waiting for a dead file server) is killed by SIGALRM.
const TRIAL_S_MAX: u32 = 5;

/// What a trial found: nothing, or why it failed.
type Found = Result<(), Failure>;

/// Plain data, to cross the pipe from the trial's process.
#[derive(serde::Serialize, serde::Deserialize)]
struct Failure {
    why: String,
    way_round: String,
}

impl From<Refused> for Failure {
    fn from(refused: Refused) -> Failure {
        let way_round = refused.way_round.clone();
        let whole = refused.to_string();
        let why = whole
            .strip_suffix(&format!("; {way_round}"))
            .unwrap_or(&whole)
            .to_owned();
        Failure { why, way_round }
    }
}

impl From<SandboxError> for Failure {
    fn from(error: SandboxError) -> Failure {
        match error {
            SandboxError::Refused(refused) => refused.into(),
            other => Failure {
                why: other.to_string(),
                way_round: String::new(),
            },
        }
    }
}

impl From<FabricError> for Failure {
    fn from(error: FabricError) -> Failure {
        match error {
            FabricError::Refused(refused) => refused.into(),
            other => Failure {
                why: other.to_string(),
                way_round: String::new(),
            },
        }
    }
}

struct Trial {
    name: &'static str,
    about: &'static str,
    run: fn() -> Found,
}

const TRIALS: [Trial; 7] = [
    Trial {
        name: SANDBOX,
        about: "a run in which nothing outlives its command",
        run: || Ok(sandbox::enter(Options::default()).map(drop)?),
    },
    Trial {
        name: FABRIC_TUN,
        about: "the network between nodes over TUN devices, the faster backend",
        run: || fabric(Backend::Tun),
    },
    Trial {
        name: FABRIC_PACKET,
        about: "the network between nodes over packet sockets on veth pairs",
        run: || fabric(Backend::PacketSocket),
    },
    Trial {
        name: "user-namespaces",
        about: "runs by a plain user; root does without",
        run: || Ok(user::enter()?),
    },
    Trial {
        name: "pid-namespaces",
        about: "ending all processes of a run at once",
        run: || namespace(CloneFlags::CLONE_NEWPID, "unshare(CLONE_NEWPID)"),
    },
    Trial {
        name: "mount-namespaces",
        about: "a /proc and disks of a run's own",
        run: || namespace(CloneFlags::CLONE_NEWNS, "unshare(CLONE_NEWNS)"),
    },
    Trial {
        name: "network-namespaces",
        about: "a network of each node's own",
        run: || namespace(CloneFlags::CLONE_NEWNET, "unshare(CLONE_NEWNET)"),
    },
];

pub(super) fn all() -> Vec<Ability> {
    let ability = |trial: &Trial| Ability {
        name: trial.name.to_owned(),
        state: match in_child(trial.run) {
            Ok(()) => State::yes(),
            Err(Failure { why, way_round }) => State::No { why, way_round },
        },
        about: trial.about.to_owned(),
    };
    TRIALS.iter().map(ability).collect()
}

fn namespace(flags: CloneFlags, call: &str) -> Found {
    if !user::privileged() {
        user::enter()?;
    }
    Ok(unshare(flags)
        .map_err(|errno| Refused::namespaces(call, errno, "no such namespace can be made"))?)
}

/// Builds the smallest fabric that has a link.
fn fabric(backend: Backend) -> Found {
    if !user::privileged() {
        user::enter()?;
    }
    Fabric::build_on(2, Choice::wanted(backend))?;
    Ok(())
}

/// Runs a trial in a child and reads what it found. The sandbox forks further, so it is the child
/// or one of its descendants that writes, and the end of the pipe that says all are gone.
fn in_child(trial: fn() -> Found) -> Found {
    let broken = |call: &str, errno| Refused::new(call, errno, "nothing can be tried");
    let (reader, writer) = pipe2(OFlag::O_CLOEXEC).map_err(|errno| broken("pipe2", errno))?;
    // The child must not write again what is buffered here; losing it is for stdout's reader.
    let _ = std::io::stdout().flush();
    // SAFETY: the process is single-threaded (`probe` has made sure), so the child may run any
    // code.
    let child = match unsafe { fork() }.map_err(|errno| broken("fork", errno))? {
        ForkResult::Child => {
            drop(reader);
            tell(trial, writer)
        }
        ForkResult::Parent { child } => child,
    };
    drop(writer);
    let mut found = Vec::new();
    let heard = File::from(reader).read_to_end(&mut found);
    let status = waitpid(child, None);
    heard
        .ok()
        .and_then(|_| serde_json::from_slice(&found).ok())
        .unwrap_or_else(|| {
            let why = match status {
                Ok(WaitStatus::Signaled(_, signal, _)) => {
                    format!("the trial was killed by {signal}")
                }
                other => format!("the trial ended without an answer ({other:?})"),
            };
            Err(Failure {
                why,
                way_round: "see the kernel's log (dmesg)".to_owned(),
            })
        })
}

fn tell(trial: fn() -> Found, writer: OwnedFd) -> ! {
    // The sandbox's further processes have no alarm, but they end with this one.
    // SAFETY: alarm(2) has no preconditions.
    unsafe { libc::alarm(TRIAL_S_MAX) };
    let found = trial();
    let text = serde_json::to_vec(&found).unwrap_or_default();
    // Nobody listening means the asking process is gone.
    let _ = File::from(writer).write_all(&text);
    // SAFETY: _exit(2) has no preconditions; what the parent registered for its exit must not run.
    unsafe { libc::_exit(0) }
}
