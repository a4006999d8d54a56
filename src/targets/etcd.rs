//! etcd, by the JSON gateway of its v3 API: requests are protocol buffers written as JSON, keys and
//! values in base64 (`etcd.io/docs/v3.4/dev-guide/api_grpc_gateway`).
//!
//! An error of a write says little about whether the write happened, so all are indefinite but
//! those of requests that were never sent.

mod gateway;
mod kv;
mod lock;

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::OnceLock;
use std::time::Duration;

use faultbench_workloads::{Call, Outcome};
use serde_json::{Value as Json, json};

use super::outcomes::unsupported;
use super::seat::Seat;
use super::{Driver, NodeStatus, Options};
use crate::node::NodeId;
use crate::plan::Setting;
use crate::runner::client::{Client, Pending};
use gateway::Gateway;
use kv::Kv;
use lock::Lock;

/// The client port in the description.
const PORT: u16 = 2379;

/// What was chosen of etcd's options.
#[derive(Debug, Clone, Copy)]
struct Choices {
    /// Reads are answered by one node alone.
    serializable: bool,
    /// Locks come with a token.
    fencing: bool,
    lease: Duration,
}

struct Etcd {
    choices: Choices,
    /// Which node a member id is; the same all through a run.
    members: OnceLock<BTreeMap<String, NodeId>>,
}

/// The row's `driver`.
///
/// # Errors
/// The lease is no number of seconds.
pub fn driver(_setting: &Setting, options: &Options) -> Result<Box<dyn Driver>, String> {
    let is = |name: &str, choice: &str| options.get(name).is_some_and(|chosen| chosen == choice);
    let lease = options.get("lease").and_then(|lease| lease.parse().ok());
    let lease = lease.filter(|seconds| *seconds > 0);
    let lease = lease.ok_or("option lease of target etcd must be a number of seconds")?;
    Ok(Box::new(Etcd {
        choices: Choices {
            serializable: is("reads", "serializable"),
            fencing: is("fencing", "on"),
            lease: Duration::from_secs(lease),
        },
        members: OnceLock::new(),
    }))
}

fn server(address: Ipv4Addr) -> SocketAddr {
    SocketAddr::from((address, PORT))
}

impl Driver for Etcd {
    fn connect(&self, seat: Seat) -> Box<dyn Client> {
        let gateway = Gateway::new(seat.clone(), server(seat.address()));
        Box::new(Connection {
            kv: Kv {
                gateway,
                serializable: self.choices.serializable,
            },
            lock: Lock::new(seat, self.choices),
        })
    }

    fn says_leader(&self) -> bool {
        true
    }

    fn status<'a>(&'a self, seat: &'a Seat) -> Pending<'a, Option<NodeStatus>> {
        Box::pin(async move {
            let mut gateway = Gateway::new(seat.clone(), server(seat.address()));
            let members = match self.members.get() {
                Some(members) => members,
                None => {
                    let members = members(&mut gateway, seat.addresses.len()).await?;
                    self.members.get_or_init(|| members)
                }
            };
            let status = gateway
                .ask("/v3/maintenance/status", &json!({}))
                .await
                .ok()?;
            let leader = status["leader"].as_str().and_then(|id| members.get(id));
            Some(NodeStatus {
                leader: leader.copied(),
                term: gateway::number(&status["raftTerm"]).unwrap_or(0) as u64,
            })
        })
    }
}

/// Which node each member id is; `None` until every node has joined.
async fn members(gateway: &mut Gateway, nodes: usize) -> Option<BTreeMap<String, NodeId>> {
    let listed = gateway
        .ask("/v3/cluster/member/list", &json!({}))
        .await
        .ok()?;
    let member = |member: &Json| {
        let id = member["ID"].as_str()?.to_owned();
        Some((id, member["name"].as_str()?.parse().ok()?))
    };
    let members: BTreeMap<_, _> = listed["members"]
        .as_array()?
        .iter()
        .filter_map(member)
        .collect();
    (members.len() == nodes).then_some(members)
}

struct Connection {
    kv: Kv,
    lock: Lock,
}

impl Client for Connection {
    fn call<'a>(&'a mut self, call: &'a Call) -> Pending<'a, Outcome> {
        Box::pin(async move {
            match call {
                Call::Acquire { lock } => self.lock.acquire(*lock).await,
                Call::Release { lock } => self.lock.release(*lock).await,
                Call::Read { .. } | Call::Write { .. } | Call::Cas { .. } => {
                    self.kv.register(call).await
                }
                Call::Add { .. } | Call::ReadSet => self.kv.set(call).await,
                Call::OpenAccounts { .. } | Call::Transfer { .. } | Call::ReadAccounts { .. } => {
                    self.kv.bank(call).await
                }
                Call::Txn { ops } => self.kv.transact(call, ops).await,
                _ => unsupported(call),
            }
        })
    }
}
