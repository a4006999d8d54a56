//! The cluster: the nodes under test and their life.
//!
//! What each node is (up, paused, down) is kept here alone, so that healing needs no memory of what
//! was done: it looks at what is, and makes every node run and every link whole again.

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use crate::host::fabric::Fabric;
use crate::host::process::{Process, Spawn};
use crate::node::{NodeId, names};
use crate::runner::client::{Client, System};
use crate::targets::{NodeStatus, Target};

/// Real processes of one target, each in a network namespace of its own.
pub struct Cluster {
    fabric: Arc<Fabric>,
    target: Box<dyn Target>,
    members: Vec<Member>,
}

struct Member {
    node: NodeId,
    address: Ipv4Addr,
    dir: PathBuf,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    process: Option<Process>,
    paused: bool,
    /// Grows with every start: tells one process of a node from the next.
    incarnation: u64,
    /// How the node ended by itself, each time it did.
    crashes: Vec<String>,
}

/// How long a node may take to tell its status: longer than any healthy one needs.
const STATUS_WITHIN: Duration = Duration::from_millis(300);
/// Between two looks at a cluster that is not ready.
const READY_POLL: Duration = Duration::from_millis(20);

impl Cluster {
    /// Starts every node. Node `n1`'s data and logs go to `dir/n1`.
    ///
    /// # Errors
    /// A directory or a process could not be made.
    pub fn start(
        fabric: Arc<Fabric>,
        target: Box<dyn Target>,
        dir: &Path,
    ) -> Result<Cluster, String> {
        let member = |node: NodeId| Member {
            node,
            address: fabric.address(node),
            dir: dir.join(node.to_string()),
            state: Mutex::default(),
        };
        let members = NodeId::all(fabric.nodes()).map(member).collect();
        let cluster = Cluster {
            fabric,
            target,
            members,
        };
        for node in cluster.all() {
            cluster.start_node(node)?;
        }
        Ok(cluster)
    }

    pub fn fabric(&self) -> &Fabric {
        &self.fabric
    }

    pub fn all(&self) -> impl Iterator<Item = NodeId> + Clone + use<> {
        NodeId::all(self.members.len())
    }

    /// Waits until every node is up and all agree who leads. Returns how long that took.
    ///
    /// # Errors
    /// The deadline came first: which nodes were not ready, or ended by themselves.
    pub async fn wait_ready(&self, within: Duration) -> Result<Duration, String> {
        let start = Instant::now();
        loop {
            let statuses = self.statuses().await;
            let leaders: Vec<_> = statuses.iter().map(|s| s.and_then(|s| s.leader)).collect();
            if leaders.iter().all(|l| l.is_some() && *l == leaders[0]) {
                return Ok(start.elapsed());
            }
            self.watch();
            let crashes = self.crashes();
            if start.elapsed() >= within || !crashes.is_empty() {
                let silent: Vec<_> = self.all().filter(|n| leaders[n.0].is_none()).collect();
                return Err(match (crashes.first(), silent.is_empty()) {
                    (Some(crash), _) => crash.clone(),
                    (None, true) => format!("nodes disagree on who leads after {within:?}"),
                    (None, false) => {
                        format!("{} knew no leader after {within:?}", names(&silent))
                    }
                });
            }
            tokio::time::sleep(READY_POLL).await;
        }
    }

    /// Who leads now, by the newest term any node knows.
    pub async fn leader(&self) -> Option<NodeId> {
        let statuses = self.statuses().await;
        let newest = statuses.into_iter().flatten().max_by_key(|s| s.term)?;
        newest.leader
    }

    /// Every node's own view, by node; `None` where a node does not answer.
    async fn statuses(&self) -> Vec<Option<NodeStatus>> {
        let asks = self
            .members
            .iter()
            .map(|member| tokio::time::timeout(STATUS_WITHIN, self.target.status(member.address)));
        futures_util::future::join_all(asks)
            .await
            .into_iter()
            .map(|answer| answer.ok().flatten())
            .collect()
    }

    /// Starts a node that is down, on the disk it left.
    pub fn start_node(&self, node: NodeId) -> Result<(), String> {
        let member = &self.members[node.0];
        let mut state = member.lock();
        if state.process.is_some() {
            return Ok(());
        }
        let data = member.dir.join("data");
        std::fs::create_dir_all(&data)
            .map_err(|error| format!("cannot make {}: {error}", data.display()))?;
        let addresses: Vec<_> = self.members.iter().map(|m| m.address).collect();
        let command = self.target.command(node, &addresses, &data);
        let process = Spawn {
            program: command.program,
            args: command.args,
            env: command.env,
            cwd: Some(data),
            namespace: Some(self.fabric.namespace(node)),
            stdout: Some(member.dir.join("stdout.log")),
            stderr: Some(member.dir.join("stderr.log")),
        }
        .start()
        .map_err(|error| format!("cannot start {node}: {error}"))?;
        state.process = Some(process);
        state.paused = false;
        state.incarnation += 1;
        Ok(())
    }

    /// SIGKILL. Returns what was observed; `None` if the node was down.
    pub fn kill_node(&self, node: NodeId) -> Result<Option<String>, String> {
        let mut state = self.members[node.0].lock();
        let Some(mut process) = state.process.take() else {
            return Ok(None);
        };
        state.paused = false;
        process
            .kill()
            .map(|killed| Some(format!("{node} (pid {}) {}", process.pid(), killed.status)))
            .map_err(|error| format!("cannot kill {node}: {error}"))
    }

    /// SIGSTOP. Returns the incarnation that was paused; `None` if the node is down or paused.
    pub fn pause_node(&self, node: NodeId) -> Result<Option<u64>, String> {
        let mut state = self.members[node.0].lock();
        let incarnation = state.incarnation;
        if state.paused {
            return Ok(None);
        }
        let Some(process) = &mut state.process else {
            return Ok(None);
        };
        process
            .pause()
            .map_err(|error| format!("cannot pause {node}: {error}"))?;
        state.paused = true;
        Ok(Some(incarnation))
    }

    /// SIGCONT, if it is still the process that was paused. Returns whether it was.
    pub fn resume_node(&self, node: NodeId, incarnation: u64) -> Result<bool, String> {
        let mut state = self.members[node.0].lock();
        if !state.paused || state.incarnation != incarnation {
            return Ok(false);
        }
        state.resume(node)?;
        Ok(true)
    }

    /// Makes every link whole and every node run.
    ///
    /// # Errors
    /// What could not be done; the rest is done all the same.
    pub fn heal_all(&self) -> Result<(), String> {
        self.fabric.heal_all();
        self.watch();
        let mut failures = Vec::new();
        for member in &self.members {
            let resumed = member.lock().resume(member.node);
            let started = self.start_node(member.node);
            failures.extend(resumed.err().into_iter().chain(started.err()));
        }
        if failures.is_empty() {
            Ok(())
        } else {
            Err(failures.join("; "))
        }
    }

    /// Notices nodes that ended by themselves.
    pub fn watch(&self) {
        for member in &self.members {
            let mut state = member.lock();
            let ended = state.process.as_mut().map(Process::try_exit_status);
            let ended = match ended {
                None | Some(Ok(None)) => None,
                Some(Ok(Some(status))) => Some(status.to_string()),
                Some(Err(error)) => Some(error.to_string()),
            };
            if let Some(ended) = ended {
                state.process = None;
                let log = member.dir.join("stderr.log");
                let crash = format!(
                    "{} ended by itself: {ended}; see {}",
                    member.node,
                    log.display()
                );
                tracing::warn!("{crash}");
                state.crashes.push(crash);
            }
        }
    }

    /// How nodes ended by themselves so far.
    pub fn crashes(&self) -> Vec<String> {
        let crashes = self.members.iter().map(|m| m.lock().crashes.clone());
        crashes.collect::<Vec<_>>().concat()
    }

    /// Ends every node.
    pub fn stop(&self) {
        for node in self.all() {
            if let Err(error) = self.kill_node(node) {
                tracing::warn!("{error}");
            }
        }
    }
}

impl System for Cluster {
    fn nodes(&self) -> usize {
        self.members.len()
    }

    fn connect(&self, node: NodeId) -> Box<dyn Client> {
        self.target.connect(self.members[node.0].address)
    }
}

impl Member {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no holder of this lock panics")
    }
}

impl State {
    fn resume(&mut self, node: NodeId) -> Result<(), String> {
        if let (true, Some(process)) = (self.paused, &mut self.process) {
            process
                .resume()
                .map_err(|error| format!("cannot resume {node}: {error}"))?;
        }
        self.paused = false;
        Ok(())
    }
}
