//! etcd's lock: a key with a lease, which its holder keeps alive.
//!
//! The lease is what makes the lock unsafe: who is cut off or stalled for longer loses it without
//! knowing. Jepsen showed it of etcd 3.4.3 (2020); etcd's answer is to compare the lock's revision
//! wherever it protects something, which is what a fencing token is.
//!
//! A client that holds a lock makes no call that could end indefinitely but its release: histories
//! say of no other that it let go.

use std::time::Duration;

use faultbench_checkers::Value;
use faultbench_workloads::Outcome;
use serde_json::{Value as Json, json};
use tokio::task::JoinHandle;

use super::gateway::{self, Gateway, Refusal};
use super::{Choices, server};
use crate::targets::outcomes::{declined, unavailable};
use crate::targets::seat::Seat;

/// How long a client queues for the lock: shorter than clients wait for any answer.
const QUEUE_FOR: Duration = Duration::from_millis(400);
/// A lease is kept alive this often in its length.
const KEPT_ALIVE_PER_LEASE: u32 = 3;

/// A client of the lock. It holds one at a time.
pub struct Lock {
    seat: Seat,
    gateway: Gateway,
    choices: Choices,
    held: Option<Held>,
}

struct Held {
    lock: i64,
    /// The key that etcd made for this holder.
    key: Json,
    lease: Lease,
}

/// A lease that is kept alive until it is dropped; then it runs out.
struct Lease {
    id: String,
    keeper: JoinHandle<()>,
}

impl Drop for Lease {
    fn drop(&mut self) {
        self.keeper.abort();
    }
}

impl Lock {
    pub fn new(seat: Seat, choices: Choices) -> Lock {
        Lock {
            gateway: gateway_of(&seat),
            seat,
            choices,
            held: None,
        }
    }

    pub async fn acquire(&mut self, lock: i64) -> Outcome {
        if self.held.is_some() {
            return declined("this client holds a lock already");
        }
        let lease = match self.grant().await {
            Ok(lease) => lease,
            // A lease without a lock is nothing.
            Err(refusal) => return unavailable(refusal.reason()),
        };
        let request = json!({ "name": name(lock), "lease": lease.id });
        let locked = self.gateway.ask("/v3/lock/lock", &request);
        match tokio::time::timeout(QUEUE_FOR, locked).await {
            Ok(Ok(answer)) => self.locked(lock, lease, &answer),
            Ok(Err(Refusal::NotSent(reason))) => unavailable(reason),
            Ok(Err(Refusal::InDoubt(reason))) => Outcome::Info(reason),
            Err(_) => self.give_up(lease).await,
        }
    }

    fn locked(&mut self, lock: i64, lease: Lease, answer: &Json) -> Outcome {
        let token = gateway::number(&answer["header"]["revision"]).map(Value::Int);
        self.held = Some(Held {
            lock,
            key: answer["key"].clone(),
            lease,
        });
        Outcome::Ok(Some(match self.choices.fencing {
            true => token.unwrap_or_default(),
            false => Value::Nil,
        }))
    }

    /// Leaves the queue. Once its lease is revoked, this client cannot come to hold the lock.
    async fn give_up(&mut self, lease: Lease) -> Outcome {
        self.gateway = gateway_of(&self.seat);
        let request = json!({ "ID": lease.id });
        let revoked = self.gateway.ask("/v3/lease/revoke", &request);
        match revoked.await {
            Ok(_) => declined(format!("not the first in the queue within {QUEUE_FOR:?}")),
            Err(refusal) => Outcome::Info(refusal.reason()),
        }
    }

    pub async fn release(&mut self, lock: i64) -> Outcome {
        let Some(held) = self.held.take_if(|held| held.lock == lock) else {
            return self.not_held(lock).await;
        };
        let unlocked = self
            .gateway
            .ask("/v3/lock/unlock", &json!({ "key": held.key }))
            .await;
        let revoke = json!({ "ID": held.lease.id });
        match unlocked {
            Ok(_) => {
                // The lease has nothing left to hold; it ends by itself if this is not heard.
                let _ = self.gateway.ask("/v3/lease/revoke", &revoke).await;
                Outcome::Ok(None)
            }
            Err(Refusal::NotSent(reason) | Refusal::InDoubt(reason)) => Outcome::Info(reason),
        }
    }

    /// Asks the store all the same: that it declines shows that it serves. Not for long: a call
    /// that the runner gives up ends this client, and with it any lock it holds.
    async fn not_held(&mut self, lock: i64) -> Outcome {
        let request = json!({ "key": name(lock) });
        let asked = self.gateway.ask("/v3/kv/range", &request);
        match tokio::time::timeout(QUEUE_FOR, asked).await {
            Ok(Ok(_)) => declined("this client does not hold it"),
            Ok(Err(refusal)) => unavailable(refusal.reason()),
            Err(_) => {
                self.gateway = gateway_of(&self.seat);
                unavailable(format!("no answer within {QUEUE_FOR:?}"))
            }
        }
    }

    async fn grant(&mut self) -> Result<Lease, Refusal> {
        let seconds = self.choices.lease.as_secs();
        let granted = self
            .gateway
            .ask("/v3/lease/grant", &json!({ "TTL": seconds }))
            .await?;
        let id = granted["ID"].as_str().unwrap_or_default().to_owned();
        let keeper = keep_alive(self.seat.clone(), id.clone(), self.choices.lease);
        Ok(Lease {
            id,
            keeper: tokio::spawn(keeper),
        })
    }
}

fn gateway_of(seat: &Seat) -> Gateway {
    Gateway::new(seat.clone(), server(seat.address()))
}

fn name(lock: i64) -> String {
    gateway::bytes(&format!("lock/{lock}"))
}

/// Keeps a lease alive as etcd's own clients do: in the background, saying nothing when it cannot.
async fn keep_alive(seat: Seat, id: String, lease: Duration) {
    let every = lease / KEPT_ALIVE_PER_LEASE;
    let mut gateway = gateway_of(&seat);
    let request = json!({ "ID": id });
    loop {
        tokio::time::sleep(every).await;
        let kept = gateway.ask("/v3/lease/keepalive", &request);
        if !matches!(tokio::time::timeout(every, kept).await, Ok(Ok(_))) {
            gateway = gateway_of(&seat);
        }
    }
}
