//! The embedded store `raft`: nodes are this very program, started again as `faultbench node`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use faultbench_checkers::Value;
use faultbench_stores::protocol::{self, ClientError, Op, Reply};
use faultbench_stores::raft::{Bug, Config, Timing};
use faultbench_workloads::{Call, Failure, Outcome};

use super::{BugKind, NodeCommand, NodeStatus, Target};
use crate::node::NodeId;
use crate::plan::Setting;
use crate::runner::client::{Client, Pending};

/// The port of every node, in a network namespace of its own.
const PORT: u16 = 7400;

/// A connection not made by then is given up: nothing was sent, so the call certainly failed.
const CONNECT_WITHIN: Duration = Duration::from_millis(500);

/// The one set of the `set` workload.
const THE_SET: i64 = 0;

struct Raft {
    program: PathBuf,
    bug: Option<Bug>,
}

/// The row's `bugs`.
pub fn bugs() -> Vec<BugKind> {
    Bug::ALL
        .iter()
        .map(|bug| BugKind {
            name: bug.name(),
            about: bug.about(),
        })
        .collect()
}

/// The row's `build`.
///
/// # Errors
/// There is no such bug, or the running program cannot be found again.
pub fn build(setting: &Setting) -> Result<Box<dyn Target>, String> {
    let bug = setting.bug.as_deref().map(str::parse::<Bug>).transpose();
    let program = std::env::current_exe()
        .map_err(|error| format!("cannot find this program to start nodes with: {error}"))?;
    Ok(Box::new(Raft {
        program,
        bug: bug.map_err(|error| error.to_string())?,
    }))
}

fn socket(address: Ipv4Addr) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(address), PORT)
}

fn store_id(node: NodeId) -> u64 {
    node.0 as u64 + 1
}

impl Target for Raft {
    fn command(&self, node: NodeId, addresses: &[Ipv4Addr], dir: &Path) -> NodeCommand {
        let peers = (1..).zip(addresses.iter().copied().map(socket)).collect();
        let listen = socket(addresses[node.0]);
        let config = Config {
            id: store_id(node),
            listen,
            peers,
            dir: dir.to_owned(),
            bug: self.bug,
            timing: Timing::default(),
            seed: None,
        };
        let config = serde_json::to_string(&config).expect("a configuration is plain data");
        NodeCommand {
            program: self.program.clone(),
            args: vec!["node".into(), "raft".into(), config.into()],
            env: vec![("RUST_LOG".into(), "info".into())],
        }
    }

    fn connect(&self, address: Ipv4Addr) -> Box<dyn Client> {
        Box::new(Connection {
            address: socket(address),
            open: None,
        })
    }

    fn status(&self, address: Ipv4Addr) -> Pending<'_, Option<NodeStatus>> {
        Box::pin(async move {
            let mut client = protocol::Client::connect(socket(address)).await.ok()?;
            match client.call(&Op::Status).await.ok()? {
                Reply::Ok(protocol::Value::Status(status)) => Some(NodeStatus {
                    leader: status.leader.map(|id| NodeId(id as usize - 1)),
                    term: status.term,
                }),
                _ => None,
            }
        })
    }
}

struct Connection {
    address: SocketAddr,
    open: Option<protocol::Client>,
}

impl Client for Connection {
    fn call<'a>(&'a mut self, call: &'a Call) -> Pending<'a, Outcome> {
        Box::pin(self.exchange(call))
    }
}

impl Connection {
    async fn exchange(&mut self, call: &Call) -> Outcome {
        let op = operation(call);
        let mut client = match self.open.take() {
            Some(client) => client,
            None => match connect(self.address).await {
                Ok(client) => client,
                Err(reason) => return unavailable(reason),
            },
        };
        let reply = client.call(&op).await;
        match reply {
            Ok(reply) => {
                self.open = Some(client);
                outcome(reply)
            }
            Err(ClientError::NotSent(error)) => unavailable(error.to_string()),
            // Nothing a read does can happen later.
            Err(ClientError::InDoubt(error)) if op.is_read() => unavailable(error.to_string()),
            Err(ClientError::InDoubt(error)) => Outcome::Info(error.to_string()),
        }
    }
}

async fn connect(address: SocketAddr) -> Result<protocol::Client, String> {
    match tokio::time::timeout(CONNECT_WITHIN, protocol::Client::connect(address)).await {
        Ok(Ok(client)) => Ok(client),
        Ok(Err(error)) => Err(format!("cannot connect: {error}")),
        Err(_) => Err(format!("no connection within {CONNECT_WITHIN:?}")),
    }
}

fn unavailable(reason: String) -> Outcome {
    Outcome::Fail(Failure::Unavailable(reason))
}

fn operation(call: &Call) -> Op {
    match *call {
        Call::Read { key } => Op::Read { key },
        Call::Write { key, value } => Op::Write { key, value },
        Call::Cas { key, old, new } => Op::Cas { key, old, new },
        Call::Add { element } => Op::SetAdd {
            key: THE_SET,
            element,
        },
        Call::ReadSet => Op::SetRead { key: THE_SET },
        Call::OpenAccounts { accounts, balance } => Op::OpenAccounts {
            accounts: (0..accounts).map(|account| (account, balance)).collect(),
        },
        Call::Transfer { from, to, amount } => Op::Transfer { from, to, amount },
        Call::ReadAccounts { .. } => Op::ReadAccounts,
    }
}

fn outcome(reply: Reply) -> Outcome {
    match reply {
        Reply::Ok(value) => Outcome::Ok(returned(value)),
        Reply::Declined(reason) => Outcome::Fail(Failure::Declined(reason)),
        Reply::Unavailable(reason) => unavailable(reason),
        Reply::Indefinite(reason) => Outcome::Info(reason),
    }
}

/// What a read returned, as the history records it; `None` for other calls.
fn returned(value: protocol::Value) -> Option<Value> {
    let ints = |items: Vec<i64>| items.into_iter().map(Value::Int).collect();
    match value {
        protocol::Value::Register(value) => Some(value.map_or(Value::Nil, Value::Int)),
        protocol::Value::List(items) | protocol::Value::Set(items) => {
            Some(Value::List(ints(items)))
        }
        protocol::Value::Accounts(balances) => Some(Value::Map(
            balances
                .into_iter()
                .map(|(account, balance)| (Value::Int(account), Value::Int(balance)))
                .collect(),
        )),
        protocol::Value::Done | protocol::Value::Txn(_) | protocol::Value::Status(_) => None,
    }
}
