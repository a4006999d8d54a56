//! Systems under test: how a node of each is started, and how a client speaks to it.

pub mod raft;

use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::node::NodeId;
use crate::plan::Setting;
use crate::runner::client::{Client, Pending};

/// A system under test, in a cluster of known addresses.
pub trait Target: Send + Sync {
    /// The command that runs a node in the foreground until it is killed, and again after that on
    /// the same directory.
    fn command(&self, node: NodeId, addresses: &[Ipv4Addr], dir: &Path) -> NodeCommand;

    /// A client of the node at `address`.
    fn connect(&self, address: Ipv4Addr) -> Box<dyn Client>;

    /// What the node at `address` says of itself; `None` when it does not answer.
    fn status(&self, address: Ipv4Addr) -> Pending<'_, Option<NodeStatus>>;
}

/// A program to run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeCommand {
    pub program: PathBuf,
    pub args: Vec<OsString>,
    pub env: Vec<(OsString, OsString)>,
}

/// A node's own view.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct NodeStatus {
    /// Who leads, as far as the node knows.
    pub leader: Option<NodeId>,
    /// The term (epoch, view) that leader leads in: of two answers the higher is the newer.
    pub term: u64,
}

/// A planted bug of a target.
#[derive(Debug, Clone, Copy)]
pub struct BugKind {
    pub name: &'static str,
    pub about: &'static str,
}

/// A row of the table of targets.
pub struct TargetKind {
    pub name: &'static str,
    pub about: &'static str,
    /// Workloads it has the operations for.
    pub workloads: &'static [&'static str],
    pub bugs: fn() -> Vec<BugKind>,
    /// Makes the target as the setting asks for it.
    pub build: fn(&Setting) -> Result<Box<dyn Target>, String>,
}

/// Every target there is.
pub const TARGETS: &[TargetKind] = &[TargetKind {
    name: "raft",
    about: "embedded: a replicated, durable, linearizable transactional store on openraft",
    workloads: &["bank", "register", "set"],
    bugs: raft::bugs,
    build: raft::build,
}];

/// Looks a target up, and checks that it can do what the names ask for.
///
/// # Errors
/// No such target, no such bug, or a workload it cannot serve; says which there are.
pub fn find(name: &str, workload: &str, bug: Option<&str>) -> Result<&'static TargetKind, String> {
    let known = || TARGETS.iter().map(|kind| kind.name);
    let target = TARGETS
        .iter()
        .find(|kind| kind.name == name)
        .ok_or_else(|| no_such("target", name, known()))?;
    if !target.workloads.contains(&workload) {
        let what = format!("workload of target {name}");
        return Err(no_such(&what, workload, target.workloads.iter().copied()));
    }
    if let Some(bug) = bug {
        let bugs = (target.bugs)();
        if !bugs.iter().any(|kind| kind.name == bug) {
            let what = format!("bug of target {name}");
            return Err(no_such(&what, bug, bugs.iter().map(|kind| kind.name)));
        }
    }
    Ok(target)
}

fn no_such<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<_> = known.collect();
    format!(
        "there is no {what} {name:?}; choose from {}",
        known.join(", ")
    )
}
