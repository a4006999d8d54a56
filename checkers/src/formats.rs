//! The file formats of histories: streaming readers, and writers.
//!
//! Each format is a file and a row of [`FORMATS`]: how to know it by its first bytes, and a
//! [`Grammar`] that finds one operation at the start of a text. Everything else is shared: the
//! sliding [`window`], gzip and zstd, positions, the words of errors, skipping and torn lines.
//!
//! A reader hands out operations one at a time and holds only its window, so that histories of any
//! length are read in constant memory. Inputs are hostile: [`DEPTH_MAX`], [`OP_BYTES_MAX`] and
//! [`OP_VALUES_MAX`] bound what one operation may cost.

pub mod cobra;
pub mod edn;
pub mod json_lines;

mod awdit;
mod compression;
mod dbcop;
mod dbcop_yaml;
mod error;
mod fields;
mod jepsen_log;
mod json;
mod json_array;
mod names;
mod packing;
mod plume;
mod porcupine_kv;
mod quoted;
mod reader;
mod scan;
mod scratch;
mod transaction;
mod window;
mod write;

#[cfg(test)]
mod tests;

use std::fmt;

pub use error::ReadError;
pub use fields::MISSING_PROCESS;
pub use reader::{OpReader, ReadOptions, Skipped, open};
pub use scan::{DEPTH_MAX, OP_VALUES_MAX};
pub use window::OP_BYTES_MAX;
pub use write::{OpWriter, Unwritable};

use error::{Fault, Parsed};
use fields::Context;

use crate::op::Op;

/// A file format of histories.
pub struct Format {
    /// The name to ask for it by.
    pub name: &'static str,
    /// One line for a list.
    pub about: &'static str,
    /// Whether it tells the order of sessions and no times.
    pub sessions_only: bool,
    /// Whether a text, without blanks before it, begins like one of this format.
    detect: fn(&str) -> bool,
    grammar: fn() -> Box<dyn Grammar>,
    /// For formats that are also written.
    writer: Option<fn() -> Box<dyn OpWriter>>,
}

/// Every format; the first to recognise an input reads it.
pub static FORMATS: [&Format; 10] = [
    &jepsen_log::JEPSEN_LOG,
    &porcupine_kv::PORCUPINE_KV,
    &plume::PLUME,
    &awdit::AWDIT,
    &dbcop::DBCOP,
    &dbcop_yaml::DBCOP_YAML,
    &cobra::COBRA,
    &json_lines::JSON_LINES,
    &json_array::JSON_ARRAY,
    &edn::EDN,
];

impl Format {
    pub fn from_name(name: &str) -> Option<&'static Format> {
        FORMATS.into_iter().find(|format| format.name == name)
    }

    /// A writer of the format, `None` if it is only read.
    pub fn writer(&self) -> Option<Box<dyn OpWriter>> {
        self.writer.map(|make| make())
    }
}

impl fmt::Debug for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

/// What a grammar found at the start of a text.
enum Step {
    /// An operation, and the bytes of text it took.
    Op { used: usize },
    /// No operation, such as a comment or the bracket around all of them.
    Nothing { used: usize },
    /// The history ends here, as it should.
    End,
}

/// How a format writes operations one after another.
trait Grammar {
    /// Reads what stands at the start of `text`, which begins with no blank; an operation goes
    /// into `op`, whose earlier value is taken apart for its room.
    ///
    /// The text may end anywhere, unless [`Context::at_end`]; then an incomplete fault makes the
    /// reader call again with more text. It is empty only at the end.
    fn next(&mut self, text: &str, context: Context, op: &mut Op) -> Parsed<Step>;

    /// A line that could not be read is passed over.
    fn skipped_line(&mut self) {}

    /// The last line may be torn where the process that wrote it was killed.
    fn tears(&self) -> bool {
        false
    }
}

/// The first line without its end, and whether it has one.
fn first_line(text: &str, context: Context) -> Parsed<(&str, bool)> {
    match memchr::memchr(b'\n', text.as_bytes()) {
        Some(length) => Ok((&text[..length], true)),
        None if context.at_end => Ok((text, false)),
        None => Err(Fault::cut(text.len(), "the end of the line")),
    }
}
