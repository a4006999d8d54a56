//! `results.json`: everything known about a run when it is over, for programs.
//!
//! `docs/results.schema.json` describes it; a test holds the two together.

use std::io;
use std::path::Path;

use faultbench_checkers::report::Report;
use faultbench_checkers::statistics::Statistics;
use serde::Serialize;

use crate::plan::Setting;
use crate::runner::faults::FaultRecord;
use crate::verdict::Verdict;

/// The version of the document's format.
pub const RESULTS_VERSION: u32 = 1;

/// The document.
#[derive(Serialize)]
pub struct Results {
    pub version: u32,
    /// The version of faultbench that wrote it.
    pub faultbench: &'static str,
    /// When the run began, RFC 3339 in UTC.
    pub started: String,
    pub setting: Setting,
    pub verdict: Verdict,
    /// The verdict in one sentence.
    pub sentence: String,
    /// The checker's answer; `None` if there was nothing to check.
    pub report: Option<Report>,
    pub statistics: Option<Statistics>,
    pub warnings: Vec<String>,
    pub faults: Vec<FaultRecord>,
    /// The load was ended before its time.
    pub interrupted: bool,
    /// How each node's packets reached the others: `tun` or `packet-socket`.
    pub network: String,
    /// What the system under test says its version is, if it is asked.
    pub target_version: Option<String>,
    pub times_ms: Times,
    /// Where the run is stored.
    pub dir: String,
}

/// How long things took, in milliseconds.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Times {
    /// From the start of faultbench to the first operation.
    pub first_op: Option<u64>,
    /// From the start of the nodes until all agreed who leads.
    pub ready: Option<u64>,
    pub load: u64,
    /// From the lifting of the last fault until every node served; `None` if one never did.
    pub recovery: Option<u64>,
    pub analysis: u64,
}

impl Results {
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut text = serde_json::to_vec_pretty(self)?;
        text.push(b'\n');
        std::fs::write(path, text)
    }
}
