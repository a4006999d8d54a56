//! Progress of the check of a recorded history on standard error: a bar while it is read, a spinner
//! while it is judged. On a terminal only, and only if it takes longer than a moment.

use std::io::{self, IsTerminal, Read};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// Redraws while nothing is read.
const TICK_EVERY: Duration = Duration::from_millis(200);

/// What is shown of one history; gone when it is dropped.
pub struct Reading {
    bar: ProgressBar,
}

impl Reading {
    /// Of the history `name`.
    pub fn begin(name: &str) -> Reading {
        if !io::stderr().is_terminal() {
            return Reading {
                bar: ProgressBar::hidden(),
            };
        }
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{spinner} {msg} {bytes} {elapsed}")
            .expect("the template is valid");
        bar.set_style(style);
        bar.set_message(format!("reading {name}"));
        bar.enable_steady_tick(TICK_EVERY);
        Reading { bar }
    }

    /// `input`, which shows how much of it was read; at its end the history is judged.
    pub fn watch<R: Read>(&self, input: R, name: &str) -> Watched<R> {
        Watched {
            input,
            bar: self.bar.clone(),
            then: format!("judging {name}"),
        }
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// An input that is watched.
pub struct Watched<R> {
    input: R,
    bar: ProgressBar,
    then: String,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(into)?;
        if count == 0 && !into.is_empty() {
            self.bar.set_message(self.then.clone());
        }
        self.bar.inc(count as u64);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_watched_is_read_as_it_is() {
        let reading = Reading::begin("a history");
        let mut text = String::new();
        let mut input = reading.watch(&b"twelve bytes"[..], "a history");
        input.read_to_string(&mut text).unwrap();
        assert_eq!(text, "twelve bytes");
        assert_eq!(reading.bar.position(), 12);
        assert_eq!(reading.bar.message(), "judging a history");
    }
}
