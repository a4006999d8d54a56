//! Any store that speaks Redis's protocol, asked at the client's own node.

use faultbench_workloads::{Call, Outcome};

use super::Connection;
use super::commands::{Done, Durability, perform};
use crate::runner::client::{Client, Pending};
use crate::targets::outcomes::unavailable;
use crate::targets::seat::Seat;

/// A client of one node.
pub struct OwnNode {
    seat: Seat,
    port: u16,
    open: Option<Connection>,
}

impl OwnNode {
    pub fn new(seat: Seat, port: u16) -> OwnNode {
        OwnNode {
            seat,
            port,
            open: None,
        }
    }

    async fn make(&mut self, call: &Call) -> Outcome {
        let mut connection = match self.open.take() {
            Some(connection) => connection,
            None => {
                let server = (self.seat.address(), self.port).into();
                match Connection::open(&self.seat, server).await {
                    Ok(connection) => connection,
                    Err(reason) => return unavailable(reason),
                }
            }
        };
        match perform(&mut connection.redis, call, Durability::default()).await {
            Done::Refused(error) => unavailable(error),
            Done::Outcome(outcome) => {
                if matches!(outcome, Outcome::Ok(_)) {
                    self.open = Some(connection);
                }
                outcome
            }
        }
    }
}

impl Client for OwnNode {
    fn call<'a>(&'a mut self, call: &'a Call) -> Pending<'a, Outcome> {
        Box::pin(self.make(call))
    }
}
