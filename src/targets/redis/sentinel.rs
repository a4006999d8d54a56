//! Redis with Sentinel: a primary, replicas, and on every node a sentinel that watches.
//!
//! A client does what the guidelines for Sentinel clients ask for: it asks a sentinel who the
//! primary is (its own node's first), connects there, verifies the role, and asks again after any
//! error. It sits beside its node: cut off from the others, it finds what is left on its side, as
//! an application in the same rack would.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use faultbench_workloads::{Call, Outcome};
use redis::aio::MultiplexedConnection;
use redis::{RedisResult, cmd};

use super::commands::{Done, Durability, perform};
use super::{Connection, server};
use crate::node::NodeId;
use crate::plan::Setting;
use crate::runner::client::{Client, Pending};
use crate::targets::outcomes::unavailable;
use crate::targets::seat::Seat;
use crate::targets::{Driver, NodeStatus, Options};

const SENTINEL_PORT: u16 = 26379;
/// The name sentinels watch the primary under, as in the description.
const WATCHED: &str = "faultbench";
/// A sentinel that does not answer by then is passed over.
const SENTINEL_WITHIN: Duration = Duration::from_millis(300);

struct Sentinel {
    durability: Durability,
}

/// The row's `driver`.
///
/// # Errors
/// An option that must be a number is none.
pub fn driver(_setting: &Setting, options: &Options) -> Result<Box<dyn Driver>, String> {
    Ok(Box::new(Sentinel {
        durability: durability(options)?,
    }))
}

/// The options `wait` and `wait-ms`.
pub(super) fn durability(options: &Options) -> Result<Durability, String> {
    Ok(Durability {
        wait_replicas: number(options, "wait")?,
        wait_ms: number(options, "wait-ms")?.into(),
    })
}

fn number(options: &Options, name: &str) -> Result<u32, String> {
    let value = options.get(name).map_or("0", String::as_str);
    let number = value.parse();
    number.map_err(|_| format!("option {name} must be a number, not {value:?}"))
}

impl Driver for Sentinel {
    fn connect(&self, seat: Seat) -> Box<dyn Client> {
        Box::new(Follower {
            durability: self.durability,
            seat,
            primary: None,
        })
    }

    fn says_leader(&self) -> bool {
        true
    }

    /// The primary by the node's sentinel, if the node's server acts accordingly.
    fn status<'a>(&'a self, seat: &'a Seat) -> Pending<'a, Option<NodeStatus>> {
        Box::pin(async move {
            let mut sentinel = Connection::open(seat, sentinel(seat.address()))
                .await
                .ok()?;
            let mut ask = cmd("SENTINEL");
            ask.arg("MASTER").arg(WATCHED);
            let watched: BTreeMap<String, String> =
                ask.query_async(&mut sentinel.redis).await.ok()?;
            let address = watched.get("ip")?;
            let leader = seat.node_at(address)?;
            let mut own = Connection::open(seat, server(seat.address())).await.ok()?;
            let follows = Role::of(&mut own.redis)
                .await
                .ok()?
                .fits(leader, address, seat);
            let term = watched.get("config-epoch")?.parse().ok()?;
            follows.then_some(NodeStatus {
                leader: Some(leader),
                term,
            })
        })
    }
}

fn sentinel(address: Ipv4Addr) -> SocketAddr {
    SocketAddr::from((address, SENTINEL_PORT))
}

/// A server's role by its own account (the command `ROLE`).
struct Role(Vec<redis::Value>);

impl Role {
    async fn of(redis: &mut MultiplexedConnection) -> RedisResult<Role> {
        cmd("ROLE").query_async(redis).await.map(Role)
    }

    fn word(&self, at: usize) -> Option<String> {
        redis::from_redis_value(self.0.get(at)?.clone()).ok()
    }

    fn is_primary(&self) -> bool {
        self.word(0).as_deref() == Some("master")
    }

    /// Whether that is the role of the seat's node under this primary.
    fn fits(&self, leader: NodeId, address: &str, seat: &Seat) -> bool {
        if leader == seat.node {
            return self.is_primary();
        }
        let linked = self.word(3).as_deref() == Some("connected");
        linked && self.word(1).as_deref() == Some(address)
    }
}

struct Follower {
    durability: Durability,
    seat: Seat,
    primary: Option<Connection>,
}

impl Client for Follower {
    fn call<'a>(&'a mut self, call: &'a Call) -> Pending<'a, Outcome> {
        Box::pin(async move {
            let mut primary = match self.primary.take() {
                Some(primary) => primary,
                None => match self.find_primary().await {
                    Ok(primary) => primary,
                    Err(reason) => return unavailable(reason),
                },
            };
            match perform(&mut primary.redis, call, self.durability).await {
                Done::Refused(error) => unavailable(error),
                Done::Outcome(outcome) => {
                    if matches!(outcome, Outcome::Ok(_)) {
                        self.primary = Some(primary);
                    }
                    outcome
                }
            }
        })
    }
}

impl Follower {
    async fn find_primary(&self) -> Result<Connection, String> {
        let address = self.ask_sentinels().await?;
        let mut primary = Connection::open(&self.seat, server(address)).await?;
        let role = Role::of(&mut primary.redis).await;
        match role.map_err(|error| error.to_string())?.is_primary() {
            true => Ok(primary),
            false => Err(format!(
                "{address} is not the primary its sentinel takes it for"
            )),
        }
    }

    /// The first answer of any sentinel, the own node's asked first.
    async fn ask_sentinels(&self) -> Result<Ipv4Addr, String> {
        let nodes = self.seat.addresses.len();
        let own = self.seat.node.0;
        let mut last = String::new();
        for at in (own..nodes).chain(0..own) {
            let asked = self.ask_sentinel(self.seat.addresses[at]);
            match tokio::time::timeout(SENTINEL_WITHIN, asked).await {
                Ok(Ok(address)) => return Ok(address),
                Ok(Err(reason)) => last = reason,
                Err(_) => last = format!("no answer within {SENTINEL_WITHIN:?}"),
            }
        }
        Err(format!("no sentinel answers: {last}"))
    }

    async fn ask_sentinel(&self, address: Ipv4Addr) -> Result<Ipv4Addr, String> {
        let mut connection = Connection::open(&self.seat, sentinel(address)).await?;
        let mut ask = cmd("SENTINEL");
        ask.arg("GET-MASTER-ADDR-BY-NAME").arg(WATCHED);
        let answer = ask.query_async(&mut connection.redis).await;
        let (address, _port): (String, u16) = answer.map_err(|error| error.to_string())?;
        address
            .parse()
            .map_err(|_| format!("{address:?} is no address"))
    }
}
