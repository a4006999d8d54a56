//! `faultbench node`: a node of an embedded store. Runs start it; people seldom do.

use clap::Args;
use faultbench_stores::raft;

use super::{Ended, Failure};
use crate::verdict::Exit;

/// Run one node of an embedded store in the foreground
#[derive(Args)]
pub struct NodeArgs {
    /// The store: raft
    #[arg(value_parser = ["raft"])]
    store: String,

    /// Its configuration as JSON
    config: String,
}

pub fn main(args: &NodeArgs) -> Ended {
    crate::log::init_node();
    let config: raft::Config = serde_json::from_str(&args.config)
        .map_err(|error| Failure::usage(format!("the node's configuration: {error}")))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::harness(format!("cannot start a runtime: {error}")))?;
    match runtime.block_on(raft::run(config)) {
        Ok(()) => Ok(Exit::Valid),
        Err(error) => Err(Failure::harness(format!("{} node: {error}", args.store))),
    }
}
