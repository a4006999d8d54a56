//! Redis: what its targets have in common, a connection and what each call is in its commands.

pub mod cluster;
pub mod commands;
pub mod resp;
pub mod sentinel;

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, RedisConnectionInfo, RedisError};
use tokio::task::JoinHandle;

use super::seat::Seat;

/// The port of a Redis server.
pub const PORT: u16 = 6379;

/// A connection not made by then is given up: nothing was sent.
const CONNECT_WITHIN: Duration = Duration::from_millis(500);

/// One connection to one server, for one client.
pub struct Connection {
    pub redis: MultiplexedConnection,
    /// Carries its packets.
    driver: JoinHandle<()>,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Connection {
    /// Connects from a seat.
    ///
    /// # Errors
    /// Why there is no connection: nothing was sent.
    pub async fn open(seat: &Seat, server: SocketAddr) -> Result<Connection, String> {
        let open = async {
            let stream = seat.dial(server).await.map_err(|error| error.to_string())?;
            stream
                .set_nodelay(true)
                .map_err(|error| error.to_string())?;
            // The runner bounds the time of each call; a second limit would only blur it.
            let config = AsyncConnectionConfig::new().set_response_timeout(None);
            let info = RedisConnectionInfo::default();
            let made = MultiplexedConnection::new_with_config(&info, stream, config).await;
            let (redis, driver) = made.map_err(|error| error.to_string())?;
            let driver = tokio::spawn(driver);
            Ok::<_, String>(Connection { redis, driver })
        };
        match tokio::time::timeout(CONNECT_WITHIN, open).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(reason)) => Err(format!("cannot connect to {server}: {reason}")),
            Err(_) => Err(format!(
                "no connection to {server} within {CONNECT_WITHIN:?}"
            )),
        }
    }
}

fn server(address: Ipv4Addr) -> SocketAddr {
    SocketAddr::from((address, PORT))
}

/// Errors a server answers without having done anything.
const REFUSALS: &[&str] = &[
    "READONLY",
    "LOADING",
    "BUSYLOADING",
    "MASTERDOWN",
    "NOREPLICAS",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "MOVED",
    "ASK",
    "MISCONF",
    "OOM",
    "EXECABORT",
    "CROSSSLOT",
    "NOAUTH",
];

/// Whether the server certainly did nothing.
fn is_refusal(error: &RedisError) -> bool {
    error.code().is_some_and(|code| REFUSALS.contains(&code))
}
