//! Commands of a target that are run to their end on a node: setup, wipe, stop, and probes.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{Cluster, log};
use crate::host::fabric::Fabric;
use crate::host::process::Spawn;
use crate::node::NodeId;
use crate::targets::NodeCommand;
use crate::targets::description::Argv;

/// How long a command may take.
const COMMAND_WITHIN: Duration = Duration::from_secs(10);
/// Between two looks at whether it has ended.
const COMMAND_POLL: Duration = Duration::from_millis(2);
/// What a command wrote, shown when it fails.
const SHOWN_BYTES: u64 = 300;

/// A command, ready to be run on its node by any thread.
pub struct NodeTask {
    fabric: Arc<Fabric>,
    node: NodeId,
    command: NodeCommand,
    cwd: PathBuf,
    log: PathBuf,
}

impl NodeTask {
    /// Runs the command to its end.
    ///
    /// # Errors
    /// It could not be started, failed, or took too long; with what it wrote last.
    pub fn run(&self) -> Result<(), String> {
        let program = self.command.program.display().to_string();
        let failed = |how: &str| {
            let wrote = log::end_of(&self.log, SHOWN_BYTES);
            let wrote = wrote.lines().next_back().unwrap_or("nothing").to_owned();
            Err(format!(
                "{program} on {} {how}; it wrote: {wrote}",
                self.node
            ))
        };
        let mut process = Spawn {
            program: self.command.program.clone(),
            args: self.command.args.clone(),
            env: self.command.env.clone(),
            cwd: Some(self.cwd.clone()),
            namespace: Some(self.fabric.namespace(self.node)),
            stdout: Some(self.log.clone()),
            stderr: Some(self.log.clone()),
        }
        .start()
        .map_err(|error| error.to_string())?;
        let start = Instant::now();
        loop {
            match process.try_exit_status() {
                Ok(Some(status)) if status.success() => return Ok(()),
                Ok(Some(status)) => return failed(&format!("ended with {status}")),
                Ok(None) if start.elapsed() > COMMAND_WITHIN => {
                    return failed(&format!("did not end within {COMMAND_WITHIN:?}"));
                }
                Ok(None) => std::thread::sleep(COMMAND_POLL),
                Err(error) => return Err(error.to_string()),
            }
        }
    }

    /// The same on a thread that may block.
    pub async fn run_aside(self) -> Result<(), String> {
        let ended = tokio::task::spawn_blocking(move || self.run()).await;
        ended.unwrap_or_else(|error| Err(error.to_string()))
    }
}

impl Cluster {
    /// A command of the description on a node. What it writes goes to `commands.log`.
    pub(super) fn task(&self, node: NodeId, argv: &Argv) -> Result<NodeTask, String> {
        let member = &self.members[node.0];
        let data = member.data();
        let place = self.target.place(node, &self.addresses, &data);
        Ok(NodeTask {
            fabric: Arc::clone(&self.fabric),
            node,
            command: self.target.command(argv, &place)?,
            log: member.dir().join("commands.log"),
            cwd: data,
        })
    }

    /// Runs a command on every node, if there is one.
    pub(super) fn run_everywhere(&self, argv: &Argv) -> Result<(), String> {
        if argv.is_empty() {
            return Ok(());
        }
        self.all().try_for_each(|node| self.task(node, argv)?.run())
    }

    pub(super) fn run_stop_commands(&self) {
        if let Err(error) = self.run_everywhere(&self.target.description.stop) {
            tracing::warn!("cannot stop: {error}");
        }
    }
}
