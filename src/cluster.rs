//! The cluster: the nodes under test and their life.
//!
//! What each node is (up, paused, down) is kept here alone, so that healing needs no memory of what
//! was done: it looks at what is, and makes every node run and every link whole again.

mod bring_up;
mod command;
mod log;
mod member;
mod network;
mod probe;

use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::host::fabric::Fabric;
use crate::host::process::Spawn;
use crate::node::NodeId;
use crate::runner::client::{Client, Pending, System};
use crate::targets::description::Seating;
use crate::targets::seat::{Network, Seat};
use crate::targets::{NodeStatus, Target};
use member::Member;
use network::Clients;

/// Real processes of one target, those of each node in a network namespace of its own.
pub struct Cluster {
    fabric: Arc<Fabric>,
    target: Target,
    members: Vec<Member>,
    addresses: Arc<[Ipv4Addr]>,
    /// Where clients of the load sit.
    clients: Arc<dyn Network>,
    /// Where the cluster is looked at from: whatever is cut, every node is reached.
    watch: Arc<dyn Network>,
}

/// How long a node may take to tell its status: longer than any healthy one needs.
const STATUS_WITHIN: Duration = Duration::from_millis(300);

impl Cluster {
    /// A cluster of which nothing runs yet. Node `n1`'s data and logs go to `dir/n1`.
    ///
    /// # Errors
    /// A directory could not be made.
    pub fn new(fabric: Arc<Fabric>, target: Target, dir: &Path) -> Result<Cluster, String> {
        let processes = target.description.process.len();
        let nodes = NodeId::all(fabric.nodes());
        let member = |node: NodeId| Member::new(node, dir.join(node.to_string()), processes);
        let members = nodes.clone().map(member).collect::<Result<_, _>>()?;
        let network = |seating| -> Arc<dyn Network> {
            Arc::new(Clients {
                fabric: Arc::clone(&fabric),
                seating,
                logs: dir.to_owned(),
            })
        };
        Ok(Cluster {
            clients: network(target.description.clients),
            watch: network(Seating::Outside),
            addresses: nodes.map(|node| fabric.address(node)).collect(),
            fabric,
            target,
            members,
        })
    }

    pub fn fabric(&self) -> &Fabric {
        &self.fabric
    }

    pub fn all(&self) -> impl Iterator<Item = NodeId> + Clone + use<> {
        NodeId::all(self.members.len())
    }

    fn seat(&self, node: NodeId, network: &Arc<dyn Network>) -> Seat {
        Seat {
            node,
            addresses: Arc::clone(&self.addresses),
            network: Arc::clone(network),
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
        let asks = self.all().map(|node| async move {
            let seat = self.seat(node, &self.watch);
            let status = self.target.status(&seat);
            let answer = tokio::time::timeout(STATUS_WITHIN, status).await;
            answer.ok().flatten()
        });
        futures_util::future::join_all(asks).await
    }

    /// Starts those processes of a node that do not run, on the disk they left.
    ///
    /// # Errors
    /// Which one could not be started, and why.
    pub fn start_node(&self, node: NodeId) -> Result<(), String> {
        (0..self.target.description.process.len())
            .try_for_each(|process| self.start_process(node, process))
    }

    fn start_process(&self, node: NodeId, process: usize) -> Result<(), String> {
        let member = &self.members[node.0];
        let mut state = member.lock();
        if state.runs(process) {
            return Ok(());
        }
        let data = member.data();
        let place = self.target.place(node, &self.addresses, &data);
        let kind = &self.target.description.process[process];
        for (name, text) in &kind.files {
            // Servers rewrite their own: only what is not there yet is written.
            let path = data.join(name);
            if !path.exists() {
                let written = std::fs::write(&path, self.target.render(text, &place));
                written.map_err(|error| format!("cannot write {}: {error}", path.display()))?;
            }
        }
        let command = self.target.command(&kind.command, &place)?;
        let [stdout, stderr] = self.logs(node, process);
        let started = Spawn {
            program: command.program,
            args: command.args,
            env: command.env,
            cwd: Some(data),
            namespace: Some(self.fabric.namespace(node)),
            stdout: Some(stdout),
            stderr: Some(stderr),
        }
        .start()
        .map_err(|error| format!("cannot start {}: {error}", self.name(node, process)))?;
        state.started(process, started);
        Ok(())
    }

    /// The logs of a process: its standard output and error.
    fn logs(&self, node: NodeId, process: usize) -> [PathBuf; 2] {
        let prefix = match self.target.description.process[process].name.as_str() {
            "" => String::new(),
            name => format!("{name}-"),
        };
        let dir = self.members[node.0].dir();
        ["stdout.log", "stderr.log"].map(|log| dir.join(format!("{prefix}{log}")))
    }

    /// A process as it is spoken of: its node, and which of the node's if there are several.
    fn name(&self, node: NodeId, process: usize) -> String {
        match self.target.description.process[process].name.as_str() {
            "" => node.to_string(),
            name => format!("{name} of {node}"),
        }
    }

    /// SIGKILL to all of a node. Returns what was observed; `None` if the node was down.
    ///
    /// # Errors
    /// A process could not be killed.
    pub fn kill_node(&self, node: NodeId) -> Result<Option<String>, String> {
        self.members[node.0].lock().kill(node)
    }

    /// SIGSTOP to all of a node. Returns the incarnation that was paused; `None` if the node is
    /// down or paused.
    ///
    /// # Errors
    /// A process could not be paused.
    pub fn pause_node(&self, node: NodeId) -> Result<Option<u64>, String> {
        self.members[node.0].lock().pause(node)
    }

    /// SIGCONT, if it is still the incarnation that was paused. Returns whether it was.
    ///
    /// # Errors
    /// A process could not be resumed.
    pub fn resume_node(&self, node: NodeId, incarnation: u64) -> Result<bool, String> {
        self.members[node.0].lock().resume_if(node, incarnation)
    }

    /// Makes every link whole and every node run.
    ///
    /// # Errors
    /// What could not be done; the rest is done all the same.
    pub fn heal_all(&self) -> Result<(), String> {
        self.fabric.heal_all();
        self.watch();
        let mut failures = Vec::new();
        for node in self.all() {
            let resumed = self.members[node.0].lock().resume(node);
            let started = self.start_node(node);
            failures.extend(resumed.err().into_iter().chain(started.err()));
        }
        if failures.is_empty() {
            Ok(())
        } else {
            Err(failures.join("; "))
        }
    }

    /// Notices processes that ended by themselves.
    pub fn watch(&self) {
        for node in self.all() {
            let mut state = self.members[node.0].lock();
            for (process, ended) in state.ended() {
                let [_, stderr] = self.logs(node, process);
                let name = self.name(node, process);
                let tail = log::tail(&self.logs(node, process));
                let log = stderr.display();
                let crash = format!("{name} ended by itself: {ended}; see {log}{tail}");
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
        self.run_stop_commands();
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
        self.target.connect(self.seat(node, &self.clients))
    }

    fn settle(&self, within: Duration) -> Pending<'_, Result<(), String>> {
        Box::pin(async move {
            match self.target.says_leader() {
                true => self.until_one_leads(within).await,
                false => Ok(()),
            }
        })
    }
}
