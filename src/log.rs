//! Where tracing goes: what the user asked to see to standard error, everything to the run's log.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer};

/// The log of the run under way, if there is one: lines go nowhere before the first.
#[derive(Clone, Default)]
pub struct RunLog(Arc<Mutex<Option<File>>>);

impl RunLog {
    /// Sends what follows to a new file.
    pub fn switch_to(&self, path: &Path) -> io::Result<()> {
        let file = File::create(path)?;
        *self.0.lock().expect("no holder of this lock panics") = Some(file);
        Ok(())
    }
}

impl Write for RunLog {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut *self.0.lock().expect("no holder of this lock panics") {
            Some(file) => file.write(bytes),
            None => Ok(bytes.len()),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for RunLog {
    type Writer = RunLog;

    fn make_writer(&'a self) -> RunLog {
        self.clone()
    }
}

/// Starts tracing. `RUST_LOG` decides what standard error shows, else `verbose`: 0 warnings,
/// 1 events of the run, 2 and more everything of faultbench.
pub fn init(verbose: u8) -> RunLog {
    let level = match verbose {
        0 => "warn",
        1 => "faultbench=info,warn",
        _ => "faultbench=debug,info",
    };
    let shown = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let log = RunLog::default();
    let terminal = tracing_subscriber::fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(colours())
        .with_filter(shown);
    let file = tracing_subscriber::fmt::layer()
        .with_writer(log.clone())
        .with_ansi(false)
        .with_filter(EnvFilter::new("faultbench=debug,info"));
    tracing_subscriber::registry()
        .with(terminal)
        .with(file)
        .init();
    log
}

/// Starts tracing in a node's process: everything goes to its standard error, a log file.
pub fn init_node() {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    tracing_subscriber::fmt()
        .with_writer(io::stderr)
        .with_ansi(false)
        .with_env_filter(filter)
        .init();
}

/// Whether standard error shows colours: on a terminal, unless `NO_COLOR` says no.
fn colours() -> bool {
    anstream::AutoStream::choice(&io::stderr()) != anstream::ColorChoice::Never
}
