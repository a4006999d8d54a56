//! Process 1 of the sandbox: sets it up, starts the controller, reaps orphans and ends with the
//! controller.

use std::os::fd::{AsFd, OwnedFd};

use nix::mount::{MsFlags, mount};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{ForkResult, Pid, fork, setsid};

use super::Entered;
use super::report::Report;
use super::signals::Signals;
use crate::host::refused::Refused;

/// Runs init; returns in its child, the controller. `alive` is at its end once the outer process
/// is gone.
pub(super) fn run(rootless: bool, alive: &OwnedFd, report: OwnedFd, signals: &Signals) -> Entered {
    let controller = set_up(alive).and_then(|()| {
        // SAFETY: init is single-threaded, so the child may run any code.
        unsafe { fork() }.map_err(|errno| Refused::new("fork", errno, "no controller process"))
    });
    match controller {
        Ok(ForkResult::Child) => {
            signals.release();
            Entered { rootless }
        }
        Ok(ForkResult::Parent { child }) => {
            Report::Ready.send(&report);
            supervise(child, &report, signals)
        }
        Err(refused) => {
            Report::Refused(refused).send(&report);
            exit(1)
        }
    }
}

fn set_up(alive: &OwnedFd) -> Result<(), Refused> {
    prctl::set_pdeathsig(Signal::SIGKILL).map_err(|errno| {
        Refused::new(
            "prctl(PR_SET_PDEATHSIG)",
            errno,
            "the run could outlive its command",
        )
    })?;
    // The outer process may have died before the call above; getppid(2) is 0 here either way.
    if at_end(alive) {
        exit(1);
    }
    let _ = prctl::set_name(c"faultbench-init");
    // A session of its own: the terminal's signals reach only the outer process, which passes them
    // on, and writing to the terminal is not subject to job control.
    setsid().map_err(|errno| Refused::new("setsid", errno, "no session for the run"))?;
    unshare(CloneFlags::CLONE_NEWNS).map_err(|errno| {
        Refused::namespaces(
            "unshare(CLONE_NEWNS)",
            errno,
            "no mount namespace for the run",
        )
    })?;
    let private = MsFlags::MS_REC | MsFlags::MS_PRIVATE;
    mount(None::<&str>, "/", None::<&str>, private, None::<&str>).map_err(|errno| {
        let meaning = "mounts of the run would show on the host";
        Refused::namespaces("mount(/, MS_REC|MS_PRIVATE)", errno, meaning)
    })?;
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(Some("proc"), "/proc", Some("proc"), flags, None::<&str>).map_err(|errno| {
        let meaning = "no /proc of the run's own processes (a container that masks parts of /proc \
                       forbids a fresh one)";
        Refused::namespaces("mount(proc, /proc)", errno, meaning)
    })
}

fn at_end(pipe: &OwnedFd) -> bool {
    let mut fds = [PollFd::new(pipe.as_fd(), PollFlags::empty())];
    let hung_up = |fd: &PollFd| fd.revents().is_some_and(|r| r.contains(PollFlags::POLLHUP));
    poll(&mut fds, PollTimeout::ZERO).is_ok() && hung_up(&fds[0])
}

/// Passes signals to the controller and reaps until the controller has ended, then ends.
fn supervise(controller: Pid, report: &OwnedFd, signals: &Signals) -> ! {
    loop {
        match signals.wait() {
            Signal::SIGCHLD => {
                if let Some(ended) = reap(controller) {
                    end(ended, report);
                }
            }
            // The controller is not reaped yet, so its pid is still its own.
            signal => drop(kill(controller, signal)),
        }
    }
}

/// Reaps all that ended; the controller's wait status if it is among them. Raw, since nix cannot
/// express death by a real-time signal.
fn reap(controller: Pid) -> Option<i32> {
    loop {
        let mut status = 0;
        // SAFETY: `status` is valid for the kernel to write to.
        match unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) } {
            pid if pid == controller.as_raw() => return Some(status),
            0 | -1 => return None,
            _ => {}
        }
    }
}

fn end(status: i32, report: &OwnedFd) -> ! {
    if libc::WIFEXITED(status) {
        exit(libc::WEXITSTATUS(status))
    }
    let signal = libc::WTERMSIG(status);
    Report::ControllerKilled { signal }.send(report);
    exit(1)
}

/// Ends without running what the outer process registered for its own exit.
fn exit(code: i32) -> ! {
    // SAFETY: _exit(2) has no preconditions.
    unsafe { libc::_exit(code) }
}
