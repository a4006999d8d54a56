//! The signals that outer and init wait for instead of being interrupted by: those passed on to
//! the controller, and SIGCHLD.

use nix::errno::Errno;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};

use crate::host::refused::Refused;

const FORWARDED: [Signal; 4] = [
    Signal::SIGINT,
    Signal::SIGTERM,
    Signal::SIGHUP,
    Signal::SIGQUIT,
];

/// Signals held back (blocked) since before the fork, so that none is lost between the processes.
pub(super) struct Signals {
    held: SigSet,
    before: SigSet,
}

impl Signals {
    pub(super) fn hold() -> Result<Signals, Refused> {
        let refused =
            |errno| Refused::new("sigprocmask", errno, "signals cannot be passed to the run");
        // With SIGCHLD ignored (inherited), children vanish without an exit status.
        default_action(Signal::SIGCHLD).map_err(refused)?;
        let mut held = SigSet::empty();
        held.add(Signal::SIGCHLD);
        for signal in FORWARDED {
            // Whoever started the run under nohup or in the background wants it to stay ignored.
            if !ignored(signal) {
                held.add(signal);
            }
        }
        let before = SigSet::thread_get_mask().map_err(refused)?;
        held.thread_block().map_err(refused)?;
        Ok(Signals { held, before })
    }

    pub(super) fn wait(&self) -> Signal {
        loop {
            if let Ok(signal) = self.held.wait() {
                return signal;
            }
        }
    }

    /// Back to the mask from before `hold`.
    pub(super) fn release(&self) {
        // It can only fail for an invalid argument.
        let _ = self.before.thread_set_mask();
    }
}

fn default_action(signal: Signal) -> Result<(), Errno> {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: SIG_DFL installs no handler, so no code can run at a bad time.
    unsafe { sigaction(signal, &default) }.map(|_| ())
}

fn ignored(signal: Signal) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored_in(&status, signal)
}

fn ignored_in(status: &str, signal: Signal) -> bool {
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok())
        .is_some_and(|set| set & 1 << (signal as u32 - 1) != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_set_of_ignored_signals() {
        let nohup = "SigBlk:\t0000000000000000\nSigIgn:\t0000000000000001\n";
        assert!(ignored_in(nohup, Signal::SIGHUP));
        assert!(!ignored_in(nohup, Signal::SIGINT));
        assert!(ignored_in("SigIgn:\t0000000000000006\n", Signal::SIGQUIT));
    }
}
