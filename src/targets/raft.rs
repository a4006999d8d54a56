//! The embedded store `raft`: nodes are this very program, started again as `faultbench node`.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use faultbench_checkers::Value;
use faultbench_stores::protocol::{self, ClientError, Op, Reply};
use faultbench_stores::raft::{Bug, Config, Timing};
use faultbench_workloads::{Call, Outcome, Step, ints};

use super::outcomes::{declined, unavailable, unsupported};
use super::place::Place;
use super::seat::Seat;
use super::{BugKind, Driver, NodeStatus, Options};
use crate::node::NodeId;
use crate::plan::Setting;
use crate::runner::client::{Client, Pending};

/// The port in the description.
const PORT: u16 = 7400;

/// A connection not made by then is given up: nothing was sent, so the call certainly failed.
const CONNECT_WITHIN: Duration = Duration::from_millis(500);

/// The one set of the `set` workload.
const THE_SET: i64 = 0;

struct Raft {
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

/// The row's `driver`.
///
/// # Errors
/// There is no such bug.
pub fn driver(setting: &Setting, _options: &Options) -> Result<Box<dyn Driver>, String> {
    let bug = setting.bug.as_deref().map(str::parse::<Bug>).transpose();
    let bug = bug.map_err(|error| error.to_string())?;
    Ok(Box::new(Raft { bug }))
}

fn socket(address: Ipv4Addr) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(address), PORT)
}

fn store_id(node: NodeId) -> u64 {
    node.0 as u64 + 1
}

impl Driver for Raft {
    fn config(&self, place: &Place<'_>) -> Option<String> {
        let sockets = place.addresses.iter().copied().map(socket);
        let config = Config {
            id: store_id(place.node),
            listen: socket(place.addresses[place.node.0]),
            peers: (1..).zip(sockets).collect(),
            dir: place.data.to_owned(),
            bug: self.bug,
            timing: Timing::default(),
            seed: None,
        };
        Some(serde_json::to_string(&config).expect("a configuration is plain data"))
    }

    fn connect(&self, seat: Seat) -> Box<dyn Client> {
        Box::new(Connection {
            address: socket(seat.address()),
            open: None,
        })
    }

    fn says_leader(&self) -> bool {
        true
    }

    fn status<'a>(&'a self, seat: &'a Seat) -> Pending<'a, Option<NodeStatus>> {
        Box::pin(async move {
            let mut client = protocol::Client::connect(socket(seat.address()))
                .await
                .ok()?;
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
        let Some(op) = operation(call) else {
            return unsupported(call);
        };
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
                outcome(call, reply)
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

fn operation(call: &Call) -> Option<Op> {
    Some(match *call {
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
        Call::Txn { ref ops } => Op::Txn {
            ops: ops.iter().map(micro_op).collect(),
        },
        _ => return None,
    })
}

fn micro_op(step: &Step) -> protocol::MicroOp {
    match *step {
        Step::Append { key, element } => protocol::MicroOp::Append {
            key,
            value: element,
        },
        Step::Read { key } => protocol::MicroOp::ReadList { key },
    }
}

fn outcome(call: &Call, reply: Reply) -> Outcome {
    match reply {
        Reply::Ok(value) => Outcome::Ok(returned(call, value)),
        Reply::Declined(reason) => declined(reason),
        Reply::Unavailable(reason) => unavailable(reason),
        Reply::Indefinite(reason) => Outcome::Info(reason),
    }
}

/// What a call returned, as the history records it; `None` for those that return nothing.
fn returned(call: &Call, value: protocol::Value) -> Option<Value> {
    match value {
        protocol::Value::Register(value) => Some(value.map_or(Value::Nil, Value::Int)),
        protocol::Value::List(items) | protocol::Value::Set(items) => Some(ints(&items)),
        protocol::Value::Accounts(balances) => Some(Value::Map(
            balances
                .into_iter()
                .map(|(account, balance)| (Value::Int(account), Value::Int(balance)))
                .collect(),
        )),
        protocol::Value::Txn(found) => {
            let found = found.iter().map(|found| match found {
                protocol::MicroValue::List(items) => Some(&items[..]),
                protocol::MicroValue::Register(_) | protocol::MicroValue::Done => None,
            });
            call.txn_value(found)
        }
        protocol::Value::Done | protocol::Value::Status(_) => None,
    }
}
