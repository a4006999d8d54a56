//! Redis Cluster: primaries with a replica each. A client remembers who has the keys and follows
//! `MOVED`, as clients of a cluster do; after an error it begins at its own node again. It sits
//! beside its node, as with Sentinel.
//!
//! All keys are in one hash slot, so one shard has them all, and its primary is whom `leader`
//! means.

use std::net::SocketAddr;

use faultbench_workloads::{Call, Outcome};
use redis::{RedisError, pipe};

use super::commands::{Done, Durability, TAG, perform};
use super::sentinel::durability;
use super::{Connection, server};
use crate::node::NodeId;
use crate::plan::Setting;
use crate::runner::client::{Client, Pending};
use crate::targets::outcomes::unavailable;
use crate::targets::seat::Seat;
use crate::targets::{Driver, NodeStatus, Options};

/// Redirections followed in one call: more are a cluster that does not agree.
const REDIRECTIONS_MAX: usize = 5;

struct Cluster {
    durability: Durability,
}

/// The row's `driver`.
///
/// # Errors
/// An option that must be a number is none.
pub fn driver(_setting: &Setting, options: &Options) -> Result<Box<dyn Driver>, String> {
    Ok(Box::new(Cluster {
        durability: durability(options)?,
    }))
}

impl Driver for Cluster {
    fn connect(&self, seat: Seat) -> Box<dyn Client> {
        Box::new(Follower {
            durability: self.durability,
            seat,
            owner: None,
        })
    }

    fn says_leader(&self) -> bool {
        true
    }

    /// The primary of the slot with all keys, as the seat's node has it.
    fn status<'a>(&'a self, seat: &'a Seat) -> Pending<'a, Option<NodeStatus>> {
        Box::pin(async move {
            let mut node = Connection::open(seat, server(seat.address())).await.ok()?;
            let mut ask = pipe();
            ask.cmd("CLUSTER").arg("KEYSLOT").arg(TAG);
            ask.cmd("CLUSTER").arg("NODES");
            let (slot, nodes): (u16, String) = ask.query_async(&mut node.redis).await.ok()?;
            let (address, epoch) = primary_of(slot, &nodes)?;
            Some(NodeStatus {
                leader: Some(seat.node_at(&address)?),
                term: epoch,
            })
        })
    }
}

/// The address of the primary that has a slot, and its configuration epoch, by what
/// `CLUSTER NODES` says: `id ip:port@bus flags primary ping pong epoch link slots…` a line.
fn primary_of(slot: u16, nodes: &str) -> Option<(String, u64)> {
    nodes.lines().find_map(|line| {
        let words: Vec<&str> = line.split(' ').collect();
        let [_, address, flags, _, _, _, epoch, _, slots @ ..] = words.as_slice() else {
            return None;
        };
        let has = slots.iter().any(|range| {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            let first = first.parse().ok();
            first.is_some_and(|first: u16| last.parse().is_ok_and(|l| (first..=l).contains(&slot)))
        });
        let primary = flags.split(',').any(|flag| flag == "master");
        let ip = address.split(':').next()?;
        (has && primary).then_some((ip.to_owned(), epoch.parse().ok()?))
    })
}

struct Follower {
    durability: Durability,
    seat: Seat,
    /// The connection to whom it last found to have the keys.
    owner: Option<Connection>,
}

impl Client for Follower {
    fn call<'a>(&'a mut self, call: &'a Call) -> Pending<'a, Outcome> {
        Box::pin(async move {
            let mut connection = match self.owner.take() {
                Some(connection) => connection,
                None => match self.any_node().await {
                    Ok(connection) => connection,
                    Err(reason) => return unavailable(reason),
                },
            };
            for _ in 0..REDIRECTIONS_MAX {
                let error = match perform(&mut connection.redis, call, self.durability).await {
                    Done::Refused(error) => error,
                    Done::Outcome(outcome) => {
                        if matches!(outcome, Outcome::Ok(_)) {
                            self.owner = Some(connection);
                        }
                        return outcome;
                    }
                };
                connection = match moved_to(&error) {
                    Some(owner) => match Connection::open(&self.seat, owner).await {
                        Ok(connection) => connection,
                        Err(reason) => return unavailable(reason),
                    },
                    None => return unavailable(error),
                };
            }
            unavailable(format!("redirected {REDIRECTIONS_MAX} times"))
        })
    }
}

/// Who has the keys, by `MOVED slot ip:port`, which a transaction has for each of its commands.
fn moved_to(error: &RedisError) -> Option<SocketAddr> {
    let errors = error.clone().into_server_errors()?;
    errors.iter().find_map(|(_, error)| {
        let moved = error.details().filter(|_| error.code() == "MOVED")?;
        moved.split_once(' ')?.1.parse().ok()
    })
}

impl Follower {
    /// A connection to a node that answers, the own one tried first.
    async fn any_node(&self) -> Result<Connection, String> {
        let nodes = self.seat.addresses.len();
        let NodeId(own) = self.seat.node;
        let mut last = String::new();
        for at in (own..nodes).chain(0..own) {
            match Connection::open(&self.seat, server(self.seat.addresses[at])).await {
                Ok(connection) => return Ok(connection),
                Err(reason) => last = reason,
            }
        }
        Err(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_primary_of_a_slot_is_found() {
        let nodes = "a 10.77.0.1:6379@16379 master,fail - 0 1 1 connected\n\
                     b 10.77.0.2:6379@16379 myself,master - 0 1 7 connected 0-5460 9000\n\
                     c 10.77.0.3:6379@16379 slave b 0 1 7 connected\n";
        assert_eq!(primary_of(5000, nodes), Some(("10.77.0.2".into(), 7)));
        assert_eq!(primary_of(9000, nodes), Some(("10.77.0.2".into(), 7)));
        assert_eq!(primary_of(9001, nodes), None);
    }
}
