//! How a system under test is run, as data: what built-in targets and target files have in common.
//!
//! `docs/targets.md` explains every field to those who write one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use faultbench_workloads::workload_named;
use serde::Deserialize;

use super::template::Template;

/// Bytes of a target file at the most.
const FILE_BYTES_MAX: u64 = 1 << 20;

/// A system under test.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Description {
    /// The name runs are kept under; of a target file by default the file's.
    #[serde(default)]
    pub name: String,
    pub nodes: Nodes,
    /// The port clients connect to.
    #[serde(default)]
    pub port: u16,
    /// How `{peers}` tells of one node.
    #[serde(default = "one_peer")]
    pub peers: Template,
    pub workloads: Vec<String>,
    pub client: ClientKind,
    #[serde(default)]
    pub clients: Seating,
    /// What can be chosen with `--with NAME=VALUE`; each is a placeholder.
    #[serde(default)]
    pub options: BTreeMap<String, Choices>,
    /// Environment of everything that is started.
    #[serde(default)]
    pub env: BTreeMap<String, Template>,
    /// What runs on a node, in the order in which it is started.
    pub process: Vec<ProcessKind>,
    /// Prints the version on its first line.
    #[serde(default)]
    pub version: Argv,
    /// Run on each node when the run is over, before what still lives is killed.
    #[serde(default)]
    pub stop: Argv,
    /// Run on each node before its first start, for what a store keeps outside `{data}`.
    #[serde(default)]
    pub wipe: Argv,
    /// Where relative paths start: the directory of the target file.
    #[serde(skip)]
    pub dir: PathBuf,
}

/// A command: the program, then its arguments. Empty: there is none.
pub type Argv = Vec<Template>;

/// How many nodes a cluster has.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(from = "NodesForm")]
pub struct Nodes {
    pub default: usize,
    pub min: usize,
    pub max: usize,
}

/// `nodes = 3`, or a table.
#[derive(Deserialize)]
#[serde(untagged)]
enum NodesForm {
    Exactly(usize),
    Range {
        default: usize,
        min: usize,
        max: usize,
    },
}

impl From<NodesForm> for Nodes {
    fn from(form: NodesForm) -> Nodes {
        match form {
            NodesForm::Exactly(default) => Nodes {
                default,
                min: default,
                max: default,
            },
            NodesForm::Range { default, min, max } => Nodes { default, min, max },
        }
    }
}

/// Where clients are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Seating {
    /// On a network of their own: each speaks to one node, which it reaches whatever is cut.
    #[default]
    Outside,
    /// Beside a node: cut off from the other nodes when that node is.
    Beside,
}

/// What speaks to the store.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClientKind {
    /// Built for one of the built-in targets, which may have a `{config}` of its own.
    Embedded,
    /// Redis commands.
    Resp,
    /// GET and PUT of JSON documents below this address.
    Http(Template),
    /// A program that reads calls and writes answers, a line of JSON each.
    Command(Argv),
}

/// An option of a target.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choices {
    pub default: String,
    /// What may be chosen; anything if empty.
    #[serde(default)]
    pub choices: Vec<String>,
    #[serde(default)]
    pub about: String,
}

/// A process of a node.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProcessKind {
    /// Names its logs, where a node has several.
    #[serde(default)]
    pub name: String,
    pub command: Argv,
    /// The package that has the program.
    #[serde(default)]
    pub package: Option<String>,
    /// Files written into `{data}` before the first start.
    #[serde(default)]
    pub files: BTreeMap<String, Template>,
    /// What tells that it serves; without one it serves at once.
    #[serde(default)]
    pub ready: Option<Probe>,
    /// What is run once this process serves on every node and before the next one is started.
    #[serde(default)]
    pub setup: Vec<SetupStep>,
}

/// What tells that a process serves.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    /// Something accepts a connection at `ip:port`.
    Tcp(Template),
    /// A GET is answered with a status of success.
    Http(Template),
    /// A command ends with status 0.
    Command(Argv),
    /// The process wrote this text.
    Log(Template),
}

/// A command of the setup: tried again until it ends with status 0.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SetupStep {
    pub command: Argv,
    /// On which nodes, one after another.
    #[serde(default)]
    pub on: On,
}

#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    #[default]
    Every,
    First,
    Others,
}

impl On {
    pub fn includes(self, node: usize) -> bool {
        match self {
            On::Every => true,
            On::First => node == 0,
            On::Others => node > 0,
        }
    }
}

fn one_peer() -> Template {
    Template::of("{ip}:{port}")
}

impl Description {
    /// Reads the target file at `path`.
    ///
    /// # Errors
    /// The file cannot be read, or says something that has no meaning.
    pub fn from_file(path: &Path) -> Result<Description, String> {
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let length = fs::metadata(path)
            .map_err(|e| named(&format!("cannot open it: {e}")))?
            .len();
        if length > FILE_BYTES_MAX {
            return Err(named(&format!("it is longer than {FILE_BYTES_MAX} bytes")));
        }
        let text = fs::read_to_string(path).map_err(|error| named(&error))?;
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let dir = path.parent().unwrap_or(Path::new("."));
        let dir = match dir.as_os_str().is_empty() {
            true => Path::new("."),
            false => dir,
        };
        let dir = dir.canonicalize().map_err(|error| named(&error))?;
        Description::parse(&text, &stem, dir).map_err(|error| named(&error))
    }

    /// Reads the text of a target file. `name` is for one that names itself not.
    ///
    /// # Errors
    /// What has no meaning, and where.
    pub fn parse(text: &str, name: &str, dir: PathBuf) -> Result<Description, String> {
        let mut description: Description =
            toml::from_str(text).map_err(|error| error.to_string())?;
        if description.name.is_empty() {
            description.name = name.to_owned();
        }
        description.dir = dir;
        description.check()?;
        Ok(description)
    }

    fn check(&self) -> Result<(), String> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
        if !self.name.chars().all(plain) || self.name.starts_with('.') {
            let problem = format!("the name {:?}", self.name);
            return Err(format!(
                "{problem} may only have letters, digits, - _ and ."
            ));
        }
        let Nodes { default, min, max } = self.nodes;
        if min == 0 || !(min..=max).contains(&default) {
            return Err(format!(
                "nodes are {default} by default, between {min} and {max}: that is not possible"
            ));
        }
        if self.process.is_empty() || self.process.iter().any(|p| p.command.is_empty()) {
            return Err("every target has a [[process]] with a command".to_owned());
        }
        let unknown = self.workloads.iter().find(|w| workload_named(w).is_none());
        if let Some(unknown) = unknown {
            return Err(format!(
                "there is no workload {unknown:?}; `faultbench list workloads` names them"
            ));
        }
        for (
            name,
            Choices {
                default, choices, ..
            },
        ) in &self.options
        {
            if !choices.is_empty() && !choices.contains(default) {
                return Err(format!("option {name}: {default:?} is none of its choices"));
            }
        }
        let mut known: Vec<&str> = self.options.keys().map(String::as_str).collect();
        if self.client == ClientKind::Embedded {
            known.push("config");
        }
        self.templates().try_for_each(|text| text.check(&known))
    }

    /// Everything that may hold placeholders.
    fn templates(&self) -> impl Iterator<Item = &Template> {
        let argvs = [&self.version, &self.stop, &self.wipe];
        let client: &[Template] = match &self.client {
            ClientKind::Command(argv) => argv,
            ClientKind::Http(url) => std::slice::from_ref(url),
            ClientKind::Embedded | ClientKind::Resp => &[],
        };
        let processes = self.process.iter().flat_map(ProcessKind::templates);
        argvs
            .into_iter()
            .flatten()
            .chain(client)
            .chain(self.env.values())
            .chain([&self.peers])
            .chain(processes)
    }

    /// Every program it starts, with the package that has it where that is known.
    pub fn programs(&self) -> impl Iterator<Item = (&Template, Option<&str>)> {
        let client = match &self.client {
            ClientKind::Command(argv) => argv.first(),
            _ => None,
        };
        let alone = [&self.version, &self.stop, &self.wipe];
        let alone = alone.into_iter().filter_map(|argv| argv.first());
        let others = alone.chain(client).map(|program| (program, None));
        let processes = self.process.iter().flat_map(|process| {
            let setup = process.setup.iter().map(|step| &step.command);
            let probe = match &process.ready {
                Some(Probe::Command(argv)) => Some(argv),
                _ => None,
            };
            let argvs = [&process.command].into_iter().chain(setup).chain(probe);
            argvs
                .filter_map(|argv| argv.first())
                .map(|program| (program, process.package.as_deref()))
        });
        processes.chain(others)
    }
}

impl ProcessKind {
    fn templates(&self) -> impl Iterator<Item = &Template> {
        let probe: &[Template] = match &self.ready {
            None => &[],
            Some(Probe::Command(argv)) => argv,
            Some(Probe::Tcp(text) | Probe::Http(text) | Probe::Log(text)) => {
                std::slice::from_ref(text)
            }
        };
        let setup = self.setup.iter().flat_map(|step| &step.command);
        self.command
            .iter()
            .chain(self.files.values())
            .chain(probe)
            .chain(setup)
    }
}

#[cfg(test)]
mod tests;
