//! The recorder: writes the history as it happens.
//!
//! Operations are numbered and timed under one lock, so that the order of lines is the order of
//! times. Whole lines are handed to the kernel every [`FLUSH_EVERY`]; from then on they survive a
//! SIGKILL of the controller (not a power failure of the host). An operation recorded later than
//! that is lost with the controller, and so are the nodes it could have reached.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use faultbench_checkers::formats::json_lines;
use faultbench_checkers::{Op, OpType, Process, Value};
use faultbench_workloads::{Call, Failure, Outcome};

use crate::node::NodeId;

/// How long a recorded line may wait in the controller's memory.
const FLUSH_EVERY: Duration = Duration::from_millis(5);

/// Appends operations to a history file.
pub struct Recorder {
    shared: Arc<Shared>,
    start: Instant,
    writer: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    pending: Mutex<Lines>,
    closed: Condvar,
}

#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
    next_index: u64,
    closing: bool,
    failure: Option<io::Error>,
}

/// Who made a call, to which node.
#[derive(Debug, Clone, Copy)]
pub struct Caller {
    pub process: i64,
    pub node: NodeId,
}

impl Recorder {
    /// Creates the file; time starts now.
    pub fn create(path: &Path) -> io::Result<Recorder> {
        let file = File::create_new(path)?;
        let shared = Arc::new(Shared {
            pending: Mutex::default(),
            closed: Condvar::new(),
        });
        let for_writer = Arc::clone(&shared);
        let writer = std::thread::Builder::new()
            .name("recorder".into())
            .spawn(move || for_writer.write_until_closed(file))?;
        Ok(Recorder {
            shared,
            start: Instant::now(),
            writer: Mutex::new(Some(writer)),
        })
    }

    /// Time since the start of the history.
    pub fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    pub fn invoke(&self, caller: Caller, call: &Call) {
        let op = client_op(caller, call, OpType::Invoke, call.value(), None);
        self.append(op);
    }

    /// Records how a call ended. The arguments of one that did not succeed are recorded again.
    pub fn complete(&self, caller: Caller, call: &Call, outcome: Outcome) {
        let (kind, value, error) = match outcome {
            Outcome::Ok(returned) => (OpType::Ok, call.ok_value(returned), None),
            Outcome::Fail(failure) => (OpType::Fail, call.value(), Some(failed(failure))),
            Outcome::Info(reason) => (
                OpType::Info,
                call.value(),
                Some(error_value("indefinite", &reason)),
            ),
        };
        self.append(client_op(caller, call, kind, value, error));
    }

    /// Records something that is no client's call, in the form of
    /// [`faultbench_checkers::events`]. Returns its time, in nanoseconds since the start.
    pub fn event(&self, process: Process, f: &str, value: Value) -> i64 {
        self.append(Op {
            index: 0,
            time: None,
            kind: OpType::Info,
            process,
            f: f.to_owned().into(),
            value,
            key: None,
            node: None,
            error: None,
        })
    }

    fn append(&self, mut op: Op) -> i64 {
        let mut lines = self.shared.lock();
        let time = self.start.elapsed().as_nanos() as i64;
        op.index = lines.next_index;
        op.time = Some(time);
        lines.next_index += 1;
        json_lines::write(&op, &mut lines.bytes);
        time
    }

    /// Writes what is pending and ends. Returns how many operations were recorded.
    ///
    /// # Errors
    /// A line could not be written, now or earlier; the history is incomplete from there on.
    pub fn close(&self) -> io::Result<u64> {
        self.stop_writer();
        let mut lines = self.shared.lock();
        match lines.failure.take() {
            Some(error) => Err(error),
            None => Ok(lines.next_index),
        }
    }

    /// Whether writing has failed: there is no use in going on.
    pub fn has_failed(&self) -> bool {
        self.shared.lock().failure.is_some()
    }

    fn stop_writer(&self) {
        self.shared.lock().closing = true;
        self.shared.closed.notify_one();
        let writer = self
            .writer
            .lock()
            .expect("no holder of this lock panics")
            .take();
        if let Some(writer) = writer {
            writer.join().expect("the recorder's writer does not panic");
        }
    }
}

impl Drop for Recorder {
    fn drop(&mut self) {
        self.stop_writer();
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Lines> {
        self.pending.lock().expect("no holder of this lock panics")
    }

    fn write_until_closed(&self, mut file: File) {
        let mut batch = Vec::new();
        loop {
            let mut lines = self.lock();
            if !lines.closing {
                lines = self
                    .closed
                    .wait_timeout(lines, FLUSH_EVERY)
                    .expect("no holder of this lock panics")
                    .0;
            }
            let closing = lines.closing;
            std::mem::swap(&mut lines.bytes, &mut batch);
            drop(lines);
            if let Err(error) = file.write_all(&batch) {
                self.lock().failure.get_or_insert(error);
                return;
            }
            batch.clear();
            if closing {
                return;
            }
        }
    }
}

fn client_op(caller: Caller, call: &Call, kind: OpType, value: Value, error: Option<Value>) -> Op {
    Op {
        index: 0,
        time: None,
        kind,
        process: Process::Client(caller.process),
        f: call.f().into(),
        value,
        key: call.key(),
        node: Some(caller.node.to_string().into()),
        error,
    }
}

fn failed(failure: Failure) -> Value {
    let kind = match failure {
        Failure::Declined(_) => "declined",
        Failure::Unavailable(_) => "unavailable",
    };
    error_value(kind, failure.reason())
}

fn error_value(kind: &str, reason: &str) -> Value {
    Value::List(vec![Value::keyword(kind), Value::str(reason)])
}
