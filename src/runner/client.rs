//! The seam to a system under test: a connection that makes calls.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use faultbench_workloads::{Call, Outcome};

/// A future a trait object can return.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// One client's connection to one node. It connects when first needed, and again after an error.
pub trait Client: Send {
    /// Makes one call. The runner bounds its time and drops the future when that is over; the
    /// client is then dropped too, since it may hold half an answer.
    fn call<'a>(&'a mut self, call: &'a Call) -> Pending<'a, Outcome>;
}

/// Where clients come from: a cluster, or in a test or benchmark whatever plays one.
pub trait System: Send + Sync {
    /// Members of the cluster.
    fn nodes(&self) -> usize;

    /// A client that speaks to one node, and to no other whatever happens.
    fn connect(&self, node: crate::node::NodeId) -> Box<dyn Client>;

    /// Waits until the members are at one about their roles. Until then clients of one node may
    /// see what those of another do not, and final reads would tell of no final state.
    ///
    /// # Errors
    /// They were not at one `within` that time: what they said instead.
    fn settle(&self, within: Duration) -> Pending<'_, Result<(), String>>;
}
