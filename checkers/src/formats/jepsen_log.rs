//! Jepsen's console log, whose operations are lines of the logger `jepsen.util`:
//! `INFO  jepsen.util - 0 :invoke :read nil`.
//!
//! The four fields are process, type, function and value; newer logs add an error. Where a
//! completion that is not `ok` has a keyword for its value, that is the error (`:timed-out`): the
//! value is the invocation's. Lines of other loggers carry no operations and are passed over.
//!
//! Source: the etcd logs Porcupine tests itself with.

use crate::op::{Op, OpType, Process};
use crate::value::Value;

use super::edn::Edn;
use super::error::{Fault, Parsed};
use super::fields::{Context, Field, Fields};
use super::scratch::Scratch;
use super::{Format, Grammar, Step};

pub(super) static JEPSEN_LOG: Format = Format {
    name: "jepsen-log",
    about: "Jepsen's console log: `INFO  jepsen.util - 0 :invoke :read nil`",
    sessions_only: false,
    detect,
    grammar: || Box::new(Log::default()),
    writer: None,
};

const LEVELS: [&str; 6] = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];
const LOGGER: &str = "jepsen.util";
const LINE: &str = "a log line such as `INFO  jepsen.util - 0 :invoke :read nil`";

fn detect(text: &str) -> bool {
    let first_line = text.lines().next().unwrap_or_default();
    is_log_line(first_line)
}

/// True for a line that begins with a level, perhaps after a time stamp.
fn is_log_line(line: &str) -> bool {
    const STAMP_WORDS_MAX: usize = 2;
    let mut words = line.split_whitespace().take(STAMP_WORDS_MAX + 1);
    line.starts_with(|c: char| c.is_ascii_alphanumeric())
        && words.any(|word| LEVELS.contains(&word))
}

#[derive(Default)]
struct Log {
    scratch: Scratch,
}

impl Grammar for Log {
    fn next(&mut self, text: &str, context: Context, op: &mut Op) -> Parsed<Step> {
        if text.is_empty() {
            return Ok(Step::End);
        }
        let (line, ended) = super::first_line(text, context)?;
        if !ended {
            const EXPECTED: &str = "the end of the line, without which the value may be cut";
            return Err(Fault::cut(line.len(), EXPECTED));
        }
        if !is_log_line(line) {
            return Err(Fault::bad(0, LINE));
        }
        let Some(logger_at) = line.find(LOGGER) else {
            return Ok(Step::Nothing { used: line.len() });
        };
        let mut edn = Edn::whole(line, &mut self.scratch);
        edn.cursor.at = logger_at + LOGGER.len();
        read(&mut edn, context, op).map_err(Fault::ended_by_line)?;
        Ok(Step::Op { used: line.len() })
    }

    fn tears(&self) -> bool {
        true
    }
}

/// Reads what the logger wrote, at whose end the cursor is.
fn read(edn: &mut Edn<'_>, context: Context, op: &mut Op) -> Parsed<()> {
    edn.cursor.recycle(std::mem::take(&mut op.value));
    edn.space()?;
    if edn.cursor.text[edn.cursor.at..].starts_with("- ") {
        edn.cursor.at += 1;
    }
    let mut fields = Fields::of(op, context);
    for field in [Field::Process, Field::Type, Field::F] {
        edn.space()?;
        let at = edn.cursor.at;
        fields.claim(field, at)?;
        match edn.value()? {
            Value::Int(int) => fields.set_int(field, int, at)?,
            Value::Keyword(name) => fields.set_name(field, &name, at)?,
            _ => return Err(fields.wrong(field, at)),
        }
    }
    for field in [Field::Value, Field::Error] {
        edn.space()?;
        let at = edn.cursor.at;
        if field == Field::Error && edn.cursor.peek().is_none() {
            break;
        }
        let value = edn.value()?;
        fields.set_value(field, value, at);
    }
    edn.space()?;
    if edn.cursor.peek().is_some() {
        return Err(Fault::bad(edn.cursor.at, "the end of the line"));
    }
    fields.finish(0, context)?;
    let is_error = matches!(op.value, Value::Keyword(_)) && op.error.is_none();
    let is_client = matches!(op.process, Process::Client(_));
    if is_client && is_error && matches!(op.kind, OpType::Fail | OpType::Info) {
        op.error = Some(std::mem::take(&mut op.value));
    }
    Ok(())
}
