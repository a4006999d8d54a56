//! Whether a process serves.

use std::time::Duration;

use hyper::{Method, Uri};

use super::{Cluster, log};
use crate::node::NodeId;
use crate::targets::description::Probe;
use crate::targets::http::Http;

/// How long one look may take.
const LOOK_WITHIN: Duration = Duration::from_secs(1);
/// Bytes of a log's end in which a line is looked for.
const LOG_BYTES: u64 = 1 << 20;

impl Cluster {
    /// Looks once whether a process of a node serves.
    ///
    /// # Errors
    /// Why it does not.
    pub(super) async fn serves(&self, node: NodeId, process: usize) -> Result<(), String> {
        let Some(probe) = &self.target.description.process[process].ready else {
            return Ok(());
        };
        let look = self.look(node, process, probe);
        match tokio::time::timeout(LOOK_WITHIN, look).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer within {LOOK_WITHIN:?}")),
        }
    }

    async fn look(&self, node: NodeId, process: usize, probe: &Probe) -> Result<(), String> {
        let data = self.members[node.0].data();
        let place = self.target.place(node, &self.addresses, &data);
        match probe {
            Probe::Tcp(address) => {
                let address = self.target.render(address, &place);
                let connected = tokio::net::TcpStream::connect(&address).await;
                connected
                    .map(drop)
                    .map_err(|error| format!("{address}: {error}"))
            }
            Probe::Http(url) => {
                let url = self.target.render(url, &place);
                let answer = self.get(node, &url).await;
                answer.map_err(|error| format!("{url}: {error}"))
            }
            Probe::Command(argv) => self.task(node, argv)?.run_aside().await,
            Probe::Log(text) => {
                let text = self.target.render(text, &place);
                let logs = self.logs(node, process);
                let found = logs
                    .iter()
                    .any(|l| log::end_of(l, LOG_BYTES).contains(&text));
                found
                    .then_some(())
                    .ok_or_else(|| format!("it did not write {text:?}"))
            }
        }
    }

    async fn get(&self, node: NodeId, url: &str) -> Result<(), String> {
        let uri: Uri = url.parse().map_err(|error| format!("{error}"))?;
        let authority = uri.authority().ok_or("the URL names no host")?;
        let server = authority.as_str().parse();
        let server = server.map_err(|_| "the host of the URL is not {ip}:port".to_owned())?;
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let mut http = Http::new(self.seat(node, &self.watch), server);
        let answer = http.ask(Method::GET, path, Vec::new()).await;
        let status = answer.map_err(|error| error.to_string())?.status;
        status
            .is_success()
            .then_some(())
            .ok_or_else(|| status.to_string())
    }
}
