//! A node's processes and what state they are in.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard};

use crate::host::process::Process;
use crate::node::NodeId;

/// A node of the cluster.
pub struct Member {
    dir: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
pub struct State {
    /// What runs, by the position of the process in the target's description.
    processes: Vec<Option<Process>>,
    paused: bool,
    /// Grows with every start: tells one life of a node from the next.
    incarnation: u64,
    /// How processes ended by themselves, each time one did.
    pub crashes: Vec<String>,
}

impl Member {
    pub fn new(node: NodeId, dir: PathBuf, processes: usize) -> Result<Member, String> {
        let data = dir.join("data");
        fs::create_dir_all(&data)
            .map_err(|error| format!("cannot make {} of {node}: {error}", data.display()))?;
        let state = State {
            processes: (0..processes).map(|_| None).collect(),
            ..State::default()
        };
        Ok(Member {
            dir,
            state: Mutex::new(state),
        })
    }

    /// Where its logs are.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// What outlives a kill.
    pub fn data(&self) -> PathBuf {
        self.dir.join("data")
    }

    pub fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

impl State {
    pub fn runs(&self, process: usize) -> bool {
        self.processes[process].is_some()
    }

    fn is_down(&self) -> bool {
        self.processes.iter().all(Option::is_none)
    }

    fn running(&mut self) -> impl Iterator<Item = &mut Process> {
        self.processes.iter_mut().flatten()
    }

    pub fn started(&mut self, process: usize, started: Process) {
        if self.is_down() {
            self.paused = false;
            self.incarnation += 1;
        }
        self.processes[process] = Some(started);
    }

    /// Kills what runs; `None` if nothing does.
    pub fn kill(&mut self, node: NodeId) -> Result<Option<String>, String> {
        let mut observed = Vec::new();
        for process in &mut self.processes {
            let Some(mut process) = process.take() else {
                continue;
            };
            let killed = process
                .kill()
                .map_err(|error| format!("cannot kill {node}: {error}"))?;
            observed.push(format!("{node} (pid {}) {}", process.pid(), killed.status));
        }
        self.paused = false;
        Ok((!observed.is_empty()).then(|| observed.join(", ")))
    }

    /// Pauses what runs, and tells the incarnation; `None` if nothing does or all is paused.
    pub fn pause(&mut self, node: NodeId) -> Result<Option<u64>, String> {
        if self.paused || self.is_down() {
            return Ok(None);
        }
        for process in self.running() {
            process
                .pause()
                .map_err(|error| format!("cannot pause {node}: {error}"))?;
        }
        self.paused = true;
        Ok(Some(self.incarnation))
    }

    pub fn resume_if(&mut self, node: NodeId, incarnation: u64) -> Result<bool, String> {
        if !self.paused || self.incarnation != incarnation {
            return Ok(false);
        }
        self.resume(node)?;
        Ok(true)
    }

    pub fn resume(&mut self, node: NodeId) -> Result<(), String> {
        if self.paused {
            for process in self.running() {
                process
                    .resume()
                    .map_err(|error| format!("cannot resume {node}: {error}"))?;
            }
        }
        self.paused = false;
        Ok(())
    }

    /// Forgets the processes that ended by themselves, and tells which and how.
    pub fn ended(&mut self) -> Vec<(usize, String)> {
        let mut all = Vec::new();
        for (at, slot) in self.processes.iter_mut().enumerate() {
            let ended = match slot.as_mut().map(Process::try_exit_status) {
                None | Some(Ok(None)) => continue,
                Some(Ok(Some(status))) => status.to_string(),
                Some(Err(error)) => error.to_string(),
            };
            *slot = None;
            all.push((at, ended));
        }
        all
    }
}
