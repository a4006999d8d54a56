//! A node's process: started in the node's network namespace and in a session of its own, killed,
//! paused and resumed with the effect observed rather than assumed.
//!
//! Signals go to the process group, so children of the node share its fate. A child that leaves the
//! group (daemonises) does not; it ends with the sandbox.

mod state;

use std::ffi::OsString;
use std::fs::OpenOptions;
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use state::{GroupState, group_state};

/// How long a signal may take to show. Threads in an uninterruptible wait of the kernel (disk)
/// take it only afterwards.
const SIGNAL_EFFECT_MAX: Duration = Duration::from_secs(5);

/// Between two looks at /proc.
const LOOK_INTERVAL: Duration = Duration::from_micros(500);

/// A process to start. Its stdin is empty unless piped; its environment is the caller's, with `env`
/// on top.
#[derive(Debug, Clone)]
pub struct Spawn<'a> {
    pub program: PathBuf,
    pub args: Vec<OsString>,
    pub env: Vec<(OsString, OsString)>,
    /// Working directory; the caller's if `None`.
    pub cwd: Option<PathBuf>,
    /// Network namespace; the caller's if `None`.
    pub namespace: Option<BorrowedFd<'a>>,
    /// Files to append stdout and stderr to (they may be the same); discarded if `None`.
    pub stdout: Option<PathBuf>,
    pub stderr: Option<PathBuf>,
}

#[derive(Debug, thiserror::Error)]
pub enum ProcessError {
    #[error("cannot open the log file {}: {error}", path.display())]
    Log { path: PathBuf, error: io::Error },
    #[error("cannot start {}: {error}", program.display())]
    Start { program: PathBuf, error: io::Error },
    #[error("process {pid} has ended already ({status})")]
    Ended { pid: i32, status: ExitStatus },
    #[error("process {pid} was sent {signal} {waited_ms} ms ago, but it shows no effect: {seen}")]
    NoEffect {
        pid: i32,
        signal: &'static str,
        waited_ms: u128,
        seen: String,
    },
    #[error("cannot signal or wait for process {pid}: {error}")]
    System { pid: i32, error: io::Error },
}

impl<'a> Spawn<'a> {
    pub fn new(program: impl Into<PathBuf>) -> Spawn<'a> {
        Spawn {
            program: program.into(),
            args: Vec::new(),
            env: Vec::new(),
            cwd: None,
            namespace: None,
            stdout: None,
            stderr: None,
        }
    }

    /// Starts the process: it has been executed when this returns.
    ///
    /// # Errors
    /// A log file cannot be opened, or the program not be executed in its namespace and directory.
    pub fn start(&self) -> Result<Process, ProcessError> {
        let mut command = Command::new(&self.program);
        command
            .stdin(Stdio::null())
            .stdout(log(self.stdout.as_deref())?);
        self.execute(command)
    }

    /// The same with pipes to its stdin and from its stdout, in that order.
    ///
    /// # Errors
    /// As [`Spawn::start`].
    pub fn start_piped(&self) -> Result<(Process, OwnedFd, OwnedFd), ProcessError> {
        let mut command = Command::new(&self.program);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = self.execute(command)?;
        let input = process.child.stdin.take().expect("stdin is piped");
        let output = process.child.stdout.take().expect("stdout is piped");
        Ok((process, input.into(), output.into()))
    }

    fn execute(&self, mut command: Command) -> Result<Process, ProcessError> {
        command
            .args(&self.args)
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stderr(log(self.stderr.as_deref())?);
        if let Some(cwd) = &self.cwd {
            command.current_dir(cwd);
        }
        let namespace = self.namespace.map(|fd| fd.as_raw_fd());
        // SAFETY: `prepare` only makes system calls, which is all that is safe between fork and
        // exec in a threaded process; the descriptor is borrowed until the child has executed.
        unsafe { command.pre_exec(move || prepare(namespace)) };
        let child = command.spawn().map_err(|error| ProcessError::Start {
            program: self.program.clone(),
            error,
        })?;
        Ok(Process {
            child,
            status: None,
        })
    }
}

fn log(path: Option<&Path>) -> Result<Stdio, ProcessError> {
    let Some(path) = path else {
        return Ok(Stdio::null());
    };
    let file = OpenOptions::new().create(true).append(true).open(path);
    file.map(Stdio::from).map_err(|error| ProcessError::Log {
        path: path.to_owned(),
        error,
    })
}

/// Runs in the child before exec: system calls only.
fn prepare(namespace: Option<RawFd>) -> io::Result<()> {
    // SAFETY: none of these calls touches memory of ours; a bad descriptor is an error, not
    // undefined.
    unsafe {
        if let Some(fd) = namespace {
            Errno::result(libc::setns(fd, libc::CLONE_NEWNET))?;
        }
        Errno::result(libc::setsid())?;
        // Ignored signals stay ignored over exec, and a node is to be as if started by hand.
        for signal in 1..=libc::SIGSYS {
            if signal != libc::SIGKILL && signal != libc::SIGSTOP {
                libc::signal(signal, libc::SIG_DFL);
            }
        }
        close_inherited()
    }
}

/// Marks all descriptors but stdin, stdout and stderr as closed on exec. Not closed at once: one of
/// them tells the parent that exec failed.
unsafe fn close_inherited() -> io::Result<()> {
    let first = 3;
    // SAFETY: see `prepare`; a limit is plain integers.
    unsafe {
        let flags = libc::CLOSE_RANGE_CLOEXEC as libc::c_int;
        if libc::close_range(first, libc::c_uint::MAX, flags) == 0 {
            return Ok(());
        }
        // Before Linux 5.11.
        let mut limit: libc::rlimit = std::mem::zeroed();
        Errno::result(libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit))?;
        for fd in first as libc::c_int..limit.rlim_cur.min(i32::MAX as u64) as libc::c_int {
            libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
        }
    }
    Ok(())
}

/// A started process. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    child: Child,
    /// Once it has ended and been reaped.
    status: Option<ExitStatus>,
}

/// Evidence of a kill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Killed {
    /// The wait status the process ended with: by SIGKILL, unless it had ended before.
    pub status: ExitStatus,
    /// It had ended by itself before.
    pub ended_before: bool,
    /// From the signal until nothing of the process group was left.
    pub took: Duration,
}

/// Evidence of a pause or its end: the signal's effect as seen in /proc.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observed {
    /// Processes and threads of the group seen in the new state.
    pub processes: usize,
    pub threads: usize,
    /// From the signal until all were seen in it.
    pub took: Duration,
}

impl Process {
    /// The process id, which is the id of its process group and session too.
    pub fn pid(&self) -> i32 {
        self.child.id() as i32
    }

    /// How the process ended, if it has; what is left of its process group is killed then.
    ///
    /// # Errors
    /// The process cannot be waited for.
    pub fn try_exit_status(&mut self) -> Result<Option<ExitStatus>, ProcessError> {
        if self.status.is_none() && self.has_ended()? {
            self.reap(Instant::now())?;
        }
        Ok(self.status)
    }

    /// Kills the process group with SIGKILL and waits until nothing of it is left.
    ///
    /// # Errors
    /// Something of the group still lives after 5 s, or the process cannot be waited for.
    pub fn kill(&mut self) -> Result<Killed, ProcessError> {
        let start = Instant::now();
        let ended_before = self.status.is_some() || self.has_ended()?;
        let status = match self.status {
            Some(status) => status,
            None => self.reap(start)?,
        };
        Ok(Killed {
            status,
            ended_before,
            took: start.elapsed(),
        })
    }

    /// Stops the process group with SIGSTOP, returning once every thread is seen stopped.
    ///
    /// # Errors
    /// The process has ended, or a thread still runs after 5 s.
    pub fn pause(&mut self) -> Result<Observed, ProcessError> {
        self.signal_and_observe(Signal::SIGSTOP, |group| group.stopped == group.threads)
    }

    /// Lets the process group go on with SIGCONT, returning once no thread is seen stopped.
    ///
    /// # Errors
    /// The process has ended, or a thread is still stopped after 5 s.
    pub fn resume(&mut self) -> Result<Observed, ProcessError> {
        self.signal_and_observe(Signal::SIGCONT, |group| group.stopped == 0)
    }

    fn signal_and_observe(
        &mut self,
        signal: Signal,
        shows: impl Fn(&GroupState) -> bool,
    ) -> Result<Observed, ProcessError> {
        let start = Instant::now();
        if let Some(status) = self.try_exit_status()? {
            return Err(ProcessError::Ended {
                pid: self.pid(),
                status,
            });
        }
        self.signal_group(signal)?;
        loop {
            let group = group_state(self.pid()).map_err(|error| self.system(error))?;
            let took = start.elapsed();
            if group.threads > 0 && shows(&group) {
                let GroupState {
                    processes, threads, ..
                } = group;
                return Ok(Observed {
                    processes,
                    threads,
                    took,
                });
            }
            if let Some(status) = self.try_exit_status()? {
                return Err(ProcessError::Ended {
                    pid: self.pid(),
                    status,
                });
            }
            self.check_time(signal, start, || group.to_string())?;
        }
    }

    /// Whether the process has ended, leaving it unreaped so that its id stays its own. Raw, since
    /// nix cannot express death by a real-time signal.
    fn has_ended(&self) -> Result<bool, ProcessError> {
        let flags = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
        // SAFETY: a siginfo_t is plain integers and pointers, for which zero is valid; waitid(2)
        // fills it in, and leaves the pid zero when no child has ended.
        let (result, ended) = unsafe {
            let mut info: libc::siginfo_t = std::mem::zeroed();
            let result = libc::waitid(libc::P_PID, self.child.id(), &raw mut info, flags);
            (result, info.si_pid() != 0)
        };
        Errno::result(result)
            .map(|_| ended)
            .map_err(|errno| self.system(errno.into()))
    }

    /// Kills the group while its id is certainly still this process's, reaps the process, and waits
    /// for the rest of the group to be gone.
    fn reap(&mut self, start: Instant) -> Result<ExitStatus, ProcessError> {
        self.signal_group(Signal::SIGKILL)?;
        let status = loop {
            if let Some(status) = self.child.try_wait().map_err(|error| self.system(error))? {
                break status;
            }
            self.check_time(Signal::SIGKILL, start, || "it is not dead".to_owned())?;
        };
        self.status = Some(status);
        loop {
            let group = group_state(self.pid()).map_err(|error| self.system(error))?;
            if group.threads == 0 {
                return Ok(status);
            }
            self.check_time(Signal::SIGKILL, start, || {
                format!("of its children, {group}")
            })?;
        }
    }

    fn signal_group(&self, signal: Signal) -> Result<(), ProcessError> {
        killpg(Pid::from_raw(self.pid()), signal).map_err(|errno| self.system(errno.into()))
    }

    /// Sleeps until the next look, or says what was seen when the time is over.
    fn check_time(
        &self,
        signal: Signal,
        start: Instant,
        seen: impl FnOnce() -> String,
    ) -> Result<(), ProcessError> {
        let waited = start.elapsed();
        if waited > SIGNAL_EFFECT_MAX {
            return Err(ProcessError::NoEffect {
                pid: self.pid(),
                signal: signal.as_str(),
                waited_ms: waited.as_millis(),
                seen: seen(),
            });
        }
        std::thread::sleep(LOOK_INTERVAL);
        Ok(())
    }

    fn system(&self, error: io::Error) -> ProcessError {
        ProcessError::System {
            pid: self.pid(),
            error,
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.status.is_none() {
            // Not waiting longer than for the process itself: a drop is no place for evidence.
            let _ = self.signal_group(Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}

#[cfg(test)]
mod tests;
