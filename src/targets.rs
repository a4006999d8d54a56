//! Systems under test: how a node of each is started, and how a client speaks to it.
//!
//! How nodes are run is a [`Description`], the same for built-in targets and target files; how
//! clients speak to them is a [`Driver`].

pub mod description;
mod etcd;
pub mod http;
mod http_kv;
mod outcomes;
pub mod place;
mod programs;
pub mod raft;
mod redis;
pub mod seat;
mod stdio;
pub mod template;
pub mod version;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use faultbench_workloads::{Call, Outcome};
use serde::Serialize;

use crate::node::NodeId;
use crate::plan::Setting;
use crate::runner::client::{Client, Pending};
use description::{Argv, ClientKind, Description};
use place::Place;
use seat::Seat;
use template::Template;

/// How clients speak to a system under test.
pub trait Driver: Send + Sync {
    /// A client at the seat.
    fn connect(&self, seat: Seat) -> Box<dyn Client>;

    /// What the seat's node says of itself; `None` when it does not answer, or of a system whose
    /// nodes do not say.
    fn status<'a>(&'a self, seat: &'a Seat) -> Pending<'a, Option<NodeStatus>>;

    /// Whether nodes say who leads: the cluster is ready when all agree.
    fn says_leader(&self) -> bool;

    /// What the placeholder `{config}` stands for.
    fn config(&self, _place: &Place<'_>) -> Option<String> {
        None
    }
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
    pub bugs: fn() -> Vec<BugKind>,
    /// Its description, in the form of a target file.
    description: &'static str,
    /// Makes the driver as the setting and the options chosen ask for it.
    driver: MakeDriver,
}

/// What is chosen of a target's options, by name.
pub type Options = BTreeMap<String, String>;

type MakeDriver = fn(&Setting, &Options) -> Result<Box<dyn Driver>, String>;

/// Every built-in target there is.
pub const TARGETS: &[TargetKind] = &[
    TargetKind {
        name: "raft",
        about: "embedded: a replicated, durable, linearizable transactional store on openraft",
        bugs: raft::bugs,
        description: include_str!("targets/files/raft.toml"),
        driver: raft::driver,
    },
    TargetKind {
        name: "etcd",
        about: "etcd by its JSON gateway: keys, transactions, locks with leases",
        bugs: Vec::new,
        description: include_str!("targets/files/etcd.toml"),
        driver: etcd::driver,
    },
    TargetKind {
        name: "redis-sentinel",
        about: "Redis replication with a sentinel on every node; a failover drops what was not copied",
        bugs: Vec::new,
        description: include_str!("targets/files/redis-sentinel.toml"),
        driver: redis::sentinel::driver,
    },
    TargetKind {
        name: "redis-cluster",
        about: "Redis Cluster, three primaries with a replica each; all keys are on one of them",
        bugs: Vec::new,
        description: include_str!("targets/files/redis-cluster.toml"),
        driver: redis::cluster::driver,
    },
];

/// A system under test as a setting asks for it.
pub struct Target {
    pub description: Description,
    /// Of a built-in target.
    driver: Option<Box<dyn Driver>>,
    options: Options,
    binaries: BTreeMap<String, PathBuf>,
    /// The running program, which is a node of the embedded stores too.
    faultbench: PathBuf,
}

/// The description of a built-in target by its name, or of a target file by its path.
///
/// # Errors
/// No such target, says which there are; or what is wrong with the file.
pub fn describe(name: &str) -> Result<Description, String> {
    if let Some(kind) = built_in(name) {
        return Description::parse(kind.description, kind.name, PathBuf::from("."));
    }
    if name.contains('/') || Path::new(name).extension().is_some_and(|e| e == "toml") {
        let path = Path::new(name);
        let description = Description::from_file(path)?;
        return match description.client {
            ClientKind::Embedded => Err(format!(
                "{name}: the client `embedded` is for built-in targets; say `resp`, \
                 {{ http = \"…\" }} or {{ command = […] }}"
            )),
            _ => Ok(description),
        };
    }
    let known = TARGETS.iter().map(|kind| kind.name);
    Err(no_such("target", name, known) + ", or give the path of a target file")
}

/// Whether a target is one of the table, not a file's path.
pub fn is_built_in(name: &str) -> bool {
    built_in(name).is_some()
}

fn built_in(name: &str) -> Option<&'static TargetKind> {
    TARGETS.iter().find(|kind| kind.name == name)
}

/// Makes the target of a setting.
///
/// # Errors
/// There is no such target, or it has not what the setting asks for; says what it has.
pub fn build(setting: &Setting) -> Result<Target, String> {
    let description = describe(&setting.target)?;
    let kind = built_in(&setting.target);
    let name = &description.name;
    let workloads = description.workloads.iter().map(String::as_str);
    if !workloads
        .clone()
        .any(|workload| workload == setting.workload)
    {
        let what = format!("workload of target {name}");
        return Err(no_such(&what, &setting.workload, workloads));
    }
    let bugs = kind.map_or_else(Vec::new, |kind| (kind.bugs)());
    let bug = setting.bug.as_deref();
    if let Some(bug) = bug.filter(|bug| bugs.iter().all(|kind| kind.name != *bug)) {
        let what = format!("bug of target {name}");
        return Err(no_such(&what, bug, bugs.iter().map(|kind| kind.name)));
    }
    let (min, max) = (description.nodes.min, description.nodes.max);
    if !(min..=max).contains(&setting.nodes) {
        let nodes = setting.nodes;
        return Err(match min == max {
            true => format!("target {name} has {min} nodes, not {nodes}"),
            false => format!("target {name} has {min} to {max} nodes, not {nodes}"),
        });
    }
    let options = choose(&description, &setting.options)?;
    let faultbench = std::env::current_exe()
        .map_err(|error| format!("cannot find this program to start nodes with: {error}"))?;
    let driver = match kind {
        Some(kind) => Some((kind.driver)(setting, &options)?),
        None => None,
    };
    Ok(Target {
        description,
        driver,
        options,
        binaries: setting.binaries.clone(),
        faultbench,
    })
}

/// The options of a target with what was asked for.
fn choose(description: &Description, asked: &Options) -> Result<Options, String> {
    let known = &description.options;
    if let Some(name) = asked.keys().find(|name| !known.contains_key(*name)) {
        let what = format!("option of target {}", description.name);
        return Err(no_such(&what, name, known.keys().map(String::as_str)));
    }
    let mut options = Options::new();
    for (name, option) in known {
        let value = asked.get(name).unwrap_or(&option.default);
        if !option.choices.is_empty() && !option.choices.contains(value) {
            let choices = option.choices.iter().map(String::as_str);
            return Err(no_such(&format!("choice of option {name}"), value, choices));
        }
        options.insert(name.clone(), value.clone());
    }
    Ok(options)
}

fn no_such<'a>(what: &str, name: &str, known: impl Iterator<Item = &'a str>) -> String {
    let known: Vec<_> = known.collect();
    let choose = match known.is_empty() {
        true => "there are none".to_owned(),
        false => format!("choose from {}", known.join(", ")),
    };
    format!("there is no {what} {name:?}; {choose}")
}

impl Target {
    /// The place of a node, for its placeholders.
    pub fn place<'a>(
        &'a self,
        node: NodeId,
        addresses: &'a [Ipv4Addr],
        data: &'a Path,
    ) -> Place<'a> {
        Place {
            node,
            addresses,
            data,
            description: &self.description,
            options: &self.options,
        }
    }

    /// A client at the seat.
    pub fn connect(&self, seat: Seat) -> Box<dyn Client> {
        // Clients have no directory of their own.
        let addresses = Arc::clone(&seat.addresses);
        let place = self.place(seat.node, &addresses, Path::new("."));
        match (&self.description.client, &self.driver) {
            (ClientKind::Command(argv), _) => match self.command(argv, &place) {
                Ok(command) => Box::new(stdio::Program::new(seat, command)),
                Err(problem) => Box::new(NoClient(problem)),
            },
            (ClientKind::Resp, _) => {
                Box::new(redis::resp::OwnNode::new(seat, self.description.port))
            }
            (ClientKind::Http(base), _) => {
                Box::new(http_kv::Documents::new(seat, &self.render(base, &place)))
            }
            (ClientKind::Embedded, Some(driver)) => driver.connect(seat),
            (ClientKind::Embedded, None) => {
                Box::new(NoClient("this target has no embedded client".to_owned()))
            }
        }
    }

    /// What the seat's node says of itself; see [`Driver::status`].
    pub async fn status(&self, seat: &Seat) -> Option<NodeStatus> {
        self.driver.as_ref()?.status(seat).await
    }

    /// Whether nodes say who leads; see [`Driver::says_leader`].
    pub fn says_leader(&self) -> bool {
        self.driver
            .as_ref()
            .is_some_and(|driver| driver.says_leader())
    }

    /// A text of the description at a place.
    pub fn render(&self, text: &Template, place: &Place<'_>) -> String {
        text.render(|name| match name {
            "faultbench" => Some(self.faultbench.display().to_string()),
            "config" => self.driver.as_ref()?.config(place),
            name => place.value(name),
        })
    }

    /// A command of the description at a place.
    ///
    /// # Errors
    /// Its program is not on this machine.
    pub fn command(&self, argv: &Argv, place: &Place<'_>) -> Result<NodeCommand, String> {
        let mut words = argv.iter().map(|word| self.render(word, place));
        let program = words.next().unwrap_or_default();
        let env = self.description.env.iter();
        Ok(NodeCommand {
            program: self.program(&program, None)?,
            args: words.map(OsString::from).collect(),
            env: env
                .map(|(name, value)| (name.into(), self.render(value, place).into()))
                .collect(),
        })
    }

    fn program(&self, program: &str, package: Option<&str>) -> Result<PathBuf, String> {
        programs::find(program, package, &self.description.dir, &self.binaries)
    }

    /// Fails if a program of the target is not on this machine.
    ///
    /// # Errors
    /// Which one, and what to do.
    pub fn check_installed(&self) -> Result<(), String> {
        let nowhere = [Ipv4Addr::LOCALHOST];
        let place = self.place(NodeId(0), &nowhere, Path::new("/"));
        for (program, package) in self.description.programs() {
            self.program(&self.render(program, &place), package)?;
        }
        Ok(())
    }
}

/// What a client is that could not be made.
struct NoClient(String);

impl Client for NoClient {
    fn call<'a>(&'a mut self, _call: &'a Call) -> Pending<'a, Outcome> {
        Box::pin(async { outcomes::unavailable(&self.0) })
    }
}
