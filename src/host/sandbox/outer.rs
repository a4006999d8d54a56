//! The outer process: it waits for init, passes signals in and the exit status out.

use std::fs::File;
use std::io::BufReader;
use std::os::fd::OwnedFd;

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::SandboxError;
use super::report::Report;
use super::signals::Signals;

/// The exit status when the controller or init was killed by a signal: no verdict was reached.
const EXIT_KILLED: i32 = 255;

/// Returns only when the sandbox could not be made; otherwise the process exits from here.
pub(super) fn run(init: Pid, report: OwnedFd, signals: &Signals) -> SandboxError {
    let mut reports = BufReader::new(File::from(report));
    match Report::receive(&mut reports) {
        Ok(Some(Report::Ready)) => {}
        Ok(Some(Report::Refused(refused))) => {
            wait(init);
            return refused.into();
        }
        other => {
            let status = match other {
                Err(error) => format!("{error}; {:?}", wait(init)),
                _ => format!("{:?}", wait(init)),
            };
            return SandboxError::InitDied { status };
        }
    }
    loop {
        match signals.wait() {
            Signal::SIGCHLD => {
                if let Some(status) = ended(init) {
                    std::process::exit(exit_code(status, &mut reports));
                }
            }
            // Init is not reaped yet, so its pid is still its own and the signal can be sent.
            signal => drop(kill(init, signal)),
        }
    }
}

fn wait(init: Pid) -> Option<WaitStatus> {
    waitpid(init, None).ok()
}

fn ended(init: Pid) -> Option<WaitStatus> {
    match waitpid(init, Some(WaitPidFlag::WNOHANG)) {
        Ok(status @ (WaitStatus::Exited(..) | WaitStatus::Signaled(..))) => Some(status),
        _ => None,
    }
}

fn exit_code(status: WaitStatus, reports: &mut BufReader<File>) -> i32 {
    if let Ok(Some(Report::ControllerKilled { signal })) = Report::receive(reports) {
        let name = Signal::try_from(signal).map_or("a signal", Signal::as_str);
        eprintln!("faultbench: the controller was killed by {name} ({signal})");
        return EXIT_KILLED;
    }
    match status {
        WaitStatus::Exited(_, code) => code,
        WaitStatus::Signaled(_, signal, _) => {
            eprintln!("faultbench: the sandbox's init was killed by {signal}");
            EXIT_KILLED
        }
        other => {
            eprintln!("faultbench: the sandbox's init ended oddly ({other:?})");
            EXIT_KILLED
        }
    }
}
