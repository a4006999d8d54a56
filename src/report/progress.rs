//! Progress of a run on standard error: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::Duration;

use faultbench_checkers::events::Phase;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::runner::{LoadSoFar, Progress};

/// Between two plain lines during the load.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// The progress for whatever standard error is.
pub fn for_stderr() -> Box<dyn Progress> {
    if std::io::stderr().is_terminal() {
        Box::new(Bar::new())
    } else {
        Box::new(Plain::default())
    }
}

/// The progress of one of many runs, which have a line each when they end: nothing but a bar.
pub fn bar_on_terminal() -> Box<dyn Progress> {
    if std::io::stderr().is_terminal() {
        Box::new(Bar::new())
    } else {
        Box::new(Silent)
    }
}

/// Says nothing.
pub struct Silent;

impl Progress for Silent {
    fn phase(&self, _: Phase) {}
    fn load(&self, _: LoadSoFar) {}
    fn fault(&self, _: &str) {}
}

struct Bar(ProgressBar);

impl Bar {
    fn new() -> Bar {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{prefix:>11} [{bar:30}] {msg}")
            .expect("the template is valid")
            .progress_chars("=> ");
        bar.set_style(style);
        Bar(bar)
    }
}

impl Progress for Bar {
    fn phase(&self, phase: Phase) {
        self.0.set_prefix(phase.name());
        self.0.tick();
    }

    fn load(&self, load: LoadSoFar) {
        self.0.set_length(load.limit.as_millis() as u64);
        self.0.set_position(load.elapsed.as_millis() as u64);
        self.0.set_message(figures(load));
    }

    fn fault(&self, text: &str) {
        self.0.println(format!("{:>11} {text}", "fault"));
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}

#[derive(Default)]
struct Plain {
    told: Mutex<Duration>,
}

impl Progress for Plain {
    fn phase(&self, phase: Phase) {
        eprintln!("{}", phase.name());
    }

    fn load(&self, load: LoadSoFar) {
        let mut told = self.told.lock().expect("no holder of this lock panics");
        if load.elapsed >= *told + PLAIN_EVERY {
            *told = load.elapsed;
            eprintln!("  {}", figures(load));
        }
    }

    fn fault(&self, text: &str) {
        eprintln!("  fault {text}");
    }
}

fn figures(load: LoadSoFar) -> String {
    let seconds = load.elapsed.as_secs_f64();
    let rate = load.issued as f64 / seconds.max(f64::EPSILON);
    format!(
        "{seconds:.1} of {} s, {} calls made, {} succeeded, {rate:.0}/s",
        load.limit.as_secs_f64(),
        load.issued,
        load.succeeded,
    )
}
