//! The process structure of a run, made so that nothing of it can outlive it.
//!
//! ```text
//! outer        the command the user started; forwards signals, passes the exit status on
//! └ init       pid 1 of a new PID namespace; reaps orphans, dies with the outer (PDEATHSIG)
//!   ├ controller   everything else: plan, clients, faults, checkers
//!   └ nodes    children of the controller
//! ```
//!
//! When the controller ends, init ends; when init ends, the kernel kills all that is left in the
//! PID namespace (`pid_namespaces(7)`) and with the last process its mounts and its anonymous
//! network namespaces go. SIGKILL of any of the three leads there, whatever they were doing.

mod init;
mod outer;
mod report;
mod signals;
pub(crate) mod user;

use std::io::Write;

use nix::fcntl::OFlag;
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{ForkResult, fork, pipe2};

use crate::host::refused::Refused;
use signals::Signals;

/// How to enter the sandbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Options {
    pub user_namespace: UserNamespace,
}

/// Whether a user namespace of its own gives the run its privileges.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum UserNamespace {
    /// Only where the process is not privileged already (CAP_SYS_ADMIN and CAP_NET_ADMIN).
    #[default]
    WhenNeeded,
    Always,
}

/// The calling process is now the controller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entered {
    /// A user namespace was made: uid 0 here is the user who started the run.
    pub rootless: bool,
}

#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    #[error(
        "the sandbox must be entered by a single-threaded process, this one has {threads} \
         threads: enter before starting any"
    )]
    Threads { threads: usize },
    #[error("cannot make the sandbox: {0}")]
    Refused(#[from] Refused),
    #[error("cannot make the sandbox: its init process ended before it was ready ({status})")]
    InitDied { status: String },
}

/// Enters the sandbox. Returns `Ok` only in the controller, a process further down; the calling
/// process stays behind as the outer one and exits with the controller's exit status, or with 255
/// and a line on stderr when the controller was killed by a signal.
///
/// # Errors
/// Returned in the calling process, before a controller exists. It may have entered a user
/// namespace and can start no more processes: say the error and exit.
pub fn enter(options: Options) -> Result<Entered, SandboxError> {
    require_single_thread()?;
    let rootless = options.user_namespace == UserNamespace::Always || !user::privileged();
    if rootless {
        user::enter()?;
    }
    unshare(CloneFlags::CLONE_NEWPID).map_err(|errno| {
        Refused::namespaces(
            "unshare(CLONE_NEWPID)",
            errno,
            "no PID namespace for the run",
        )
    })?;
    let pipe = || {
        pipe2(OFlag::O_CLOEXEC)
            .map_err(|errno| Refused::new("pipe2", errno, "no pipe to the sandbox's init"))
    };
    let (report_reader, report_writer) = pipe()?;
    let (alive_reader, alive_writer) = pipe()?;
    let signals = Signals::hold()?;
    // What is buffered now would be written by both processes; losing it is for stdout's reader.
    let _ = std::io::stdout().flush();
    // SAFETY: the process is single-threaded, so the child may run any code.
    match unsafe { fork() } {
        Ok(ForkResult::Child) => {
            drop((report_reader, alive_writer));
            Ok(init::run(rootless, &alive_reader, report_writer, &signals))
        }
        Ok(ForkResult::Parent { child }) => {
            drop((report_writer, alive_reader));
            let error = outer::run(child, report_reader, &signals);
            drop(alive_writer);
            signals.release();
            Err(error)
        }
        Err(errno) => {
            signals.release();
            Err(Refused::new("fork", errno, "no process for the sandbox's init").into())
        }
    }
}

/// Forking a threaded process leaves locks held by threads that are gone, and the kernel lets only
/// single-threaded processes into a new user namespace.
pub(crate) fn require_single_thread() -> Result<(), SandboxError> {
    let tasks = std::fs::read_dir("/proc/self/task")
        .map_err(|error| Refused::io("opendir(/proc/self/task)", &error, "/proc is not mounted"))?;
    match tasks.count() {
        1 => Ok(()),
        threads => Err(SandboxError::Threads { threads }),
    }
}
