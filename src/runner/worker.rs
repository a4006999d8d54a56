//! Workers: logical processes that make the planned calls.
//!
//! A worker is single-threaded as a process of a history must be. When a call ends indefinitely its
//! process is retired and the worker goes on as a new one with a new connection (Jepsen's
//! convention), since the old call may still take effect.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use faultbench_workloads::{Call, Failure, Outcome};
use tokio::time::Instant;

use super::Scene;
use super::client::Client;
use super::recorder::Caller;
use crate::node::NodeId;
use crate::plan::PlannedOp;

/// A logical process on one node.
pub struct Worker {
    caller: Caller,
    scene: Arc<Scene>,
    client: Box<dyn Client>,
}

/// How a call was served.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    Ok,
    /// Answered, but declined by the rules of the data.
    Declined,
    /// Not, or nobody knows.
    No,
}

impl Worker {
    /// A worker that speaks to `node` only.
    pub fn new(node: NodeId, scene: &Arc<Scene>) -> Worker {
        Worker {
            caller: Caller {
                process: scene.new_process(),
                node,
            },
            scene: Arc::clone(scene),
            client: scene.system.connect(node),
        }
    }

    /// Makes one call and records both its ends.
    pub async fn call(&mut self, call: &Call) -> Served {
        let recorder = &self.scene.recorder;
        let timeout = self.scene.plan.setting.op_timeout();
        recorder.invoke(self.caller, call);
        let outcome = match tokio::time::timeout(timeout, self.client.call(call)).await {
            Ok(outcome) => outcome,
            Err(_) => Outcome::Info(format!("no answer within {timeout:?}")),
        };
        let served = match outcome {
            Outcome::Ok(_) => Served::Ok,
            Outcome::Fail(Failure::Declined(_)) => Served::Declined,
            Outcome::Fail(Failure::Unavailable(_)) | Outcome::Info(_) => Served::No,
        };
        let retire = matches!(outcome, Outcome::Info(_));
        let refused = matches!(outcome, Outcome::Fail(Failure::Unavailable(_)));
        recorder.complete(self.caller, call, outcome);
        if retire {
            self.caller.process = self.scene.new_process();
            self.client = self.scene.system.connect(self.caller.node);
        }
        if refused {
            tokio::time::sleep(REFUSED_PAUSE).await;
        }
        served
    }

    /// Makes a call again and again until it succeeds. False if `deadline` came first.
    pub async fn call_until_ok(&mut self, call: &Call, deadline: Instant) -> bool {
        self.call_until(call, deadline, |served| served == Served::Ok)
            .await
    }

    /// The same, but content with an answer that declines: the node serves.
    pub async fn call_until_served(&mut self, call: &Call, deadline: Instant) -> bool {
        self.call_until(call, deadline, |served| served != Served::No)
            .await
    }

    async fn call_until(
        &mut self,
        call: &Call,
        deadline: Instant,
        good: impl Fn(Served) -> bool,
    ) -> bool {
        loop {
            if good(self.call(call).await) {
                return true;
            }
            if Instant::now() + RETRY_PAUSE >= deadline || self.scene.recorder.has_failed() {
                return false;
            }
            tokio::time::sleep(RETRY_PAUSE).await;
        }
    }

    /// Takes planned calls from the queue and makes each when it is due, until there are no more
    /// or the load ends.
    pub async fn work(&mut self, queue: &OpQueue) {
        let stop = self.scene.stop.clone();
        while let Some(n) = queue.take() {
            let scene = Arc::clone(&self.scene);
            let planned = &scene.plan.ops[n];
            let due = queue.due(planned);
            let now = Instant::now();
            let go_on = if due > now {
                stop.sleep_until(due).await
            } else {
                now < queue.end && !stop.is_requested() && !scene.recorder.has_failed()
            };
            if !go_on {
                return;
            }
            queue.issued.fetch_add(1, Ordering::Relaxed);
            if self.call(&planned.call).await == Served::Ok {
                queue.succeeded.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

/// Between two tries of a call that must succeed in the end.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// A node that is down refuses at once: without a pause the workers there would use up the calls
/// of all the others.
const REFUSED_PAUSE: Duration = Duration::from_millis(10);

/// The planned calls, handed out in order to whichever worker is free.
pub struct OpQueue {
    start: Instant,
    /// When the load is over, even if calls are left.
    end: Instant,
    count: usize,
    next: AtomicUsize,
    issued: AtomicUsize,
    succeeded: AtomicUsize,
}

impl OpQueue {
    pub fn new(count: usize, start: Instant, end: Instant) -> OpQueue {
        OpQueue {
            start,
            end,
            count,
            next: AtomicUsize::new(0),
            issued: AtomicUsize::new(0),
            succeeded: AtomicUsize::new(0),
        }
    }

    fn take(&self) -> Option<usize> {
        let n = self.next.fetch_add(1, Ordering::Relaxed);
        (n < self.count).then_some(n)
    }

    fn due(&self, planned: &PlannedOp) -> Instant {
        self.start + Duration::from_micros(planned.at_us)
    }

    /// Calls made so far.
    pub fn issued(&self) -> usize {
        self.issued.load(Ordering::Relaxed)
    }

    /// Calls that succeeded so far.
    pub fn succeeded(&self) -> usize {
        self.succeeded.load(Ordering::Relaxed)
    }
}
