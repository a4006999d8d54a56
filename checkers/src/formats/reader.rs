//! The reader that all formats share.

use std::io::{self, BufRead};
use std::iter::FusedIterator;

use crate::op::Op;

use super::error::{Fault, ReadError, excerpt};
use super::fields::Context;
use super::window::{Ending, OP_BYTES_MAX, Window};
use super::{FORMATS, Format, Grammar, Step, cobra, compression, edn};

/// How to read, and what to forgive.
#[derive(Debug, Clone, Copy, Default)]
pub struct ReadOptions {
    /// `None` recognises the format by its first bytes.
    pub format: Option<&'static Format>,
    /// A line that cannot be read is counted in [`OpReader::skipped`] instead of ending the
    /// reading. A verdict on what is left can at best be unknown.
    pub skip_bad_lines: bool,
    /// A last line of JSON lines or of a log that was cut off, as a killed run leaves it, is
    /// dropped and reported by [`OpReader::torn_line`].
    pub drop_torn_tail: bool,
    /// Operations without a process are taken as those of
    /// [`MISSING_PROCESS`](super::MISSING_PROCESS).
    pub lenient: bool,
}

/// The lines passed over.
#[derive(Debug, Default)]
pub struct Skipped {
    pub count: u64,
    /// The errors of the first few.
    pub first: Vec<ReadError>,
}

impl Skipped {
    /// Errors kept.
    pub const KEPT_MAX: usize = 8;
}

/// An iterator over the operations of a history. After an error it ends.
pub struct OpReader {
    file: String,
    window: Window,
    format: &'static Format,
    grammar: Box<dyn Grammar>,
    options: ReadOptions,
    packs: bool,
    position: u64,
    skipped: Skipped,
    torn: Option<ReadError>,
    finished: bool,
}

const IO_ADVICE: &str = "the file may be cut short or damaged: copy it again";
const FIX_ADVICE: &str = "correct it, or pass --skip-bad-lines to go on without this line";
const TORN_ADVICE: &str = "if the run that wrote it was killed, pass --drop-torn-line";

/// Opens a history, gzip or zstd or plain. `source` is the name errors give it.
///
/// # Errors
///
/// If the first bytes cannot be had or belong to no format. An empty input is an empty history.
pub fn open(
    input: Box<dyn BufRead>,
    source: &str,
    options: ReadOptions,
) -> Result<OpReader, ReadError> {
    let start_error = |cause| ReadError::Io {
        file: source.to_owned(),
        line: 1,
        column: 1,
        cause,
        advice: IO_ADVICE,
    };
    let unpacked = compression::unpacked(input).and_then(cobra::decoded);
    let mut window = Window::new(unpacked.map_err(start_error)?);
    window.grow().map_err(start_error)?;
    if window.text().starts_with('\u{feff}') {
        window.consume('\u{feff}'.len_utf8());
    }
    window.skip_blanks();
    let format = match options.format {
        Some(format) => format,
        None => recognised(&window, source)?,
    };
    Ok(OpReader {
        file: source.to_owned(),
        window,
        format,
        grammar: (format.grammar)(),
        options,
        packs: false,
        position: 0,
        skipped: Skipped::default(),
        torn: None,
        finished: false,
    })
}

fn recognised(window: &Window, source: &str) -> Result<&'static Format, ReadError> {
    let text = window.text();
    if let Some(format) = FORMATS.into_iter().find(|format| (format.detect)(text)) {
        return Ok(format);
    }
    let found = match window.ending() {
        Ending::NotUtf8(byte) if text.is_empty() => not_utf8(byte),
        _ if text.is_empty() => return Ok(&edn::EDN),
        _ => excerpt(text),
    };
    Err(ReadError::UnknownFormat {
        file: source.to_owned(),
        found,
        known: FORMATS.map(|format| format.name).join(", "),
        advice: "check that this is a history, and name its format if it is one of these",
    })
}

fn not_utf8(byte: u8) -> String {
    format!("the byte 0x{byte:02x}, which is not UTF-8")
}

impl OpReader {
    /// The format read, given or recognised.
    pub fn format(&self) -> &'static Format {
        self.format
    }

    /// What [`ReadOptions::skip_bad_lines`] passed over so far.
    pub fn skipped(&self) -> &Skipped {
        &self.skipped
    }

    /// The last line that [`ReadOptions::drop_torn_tail`] dropped, known after the last operation.
    pub fn torn_line(&self) -> Option<&ReadError> {
        self.torn.as_ref()
    }

    /// From here on, transactions of the usual shapes come as [`Value::Packed`], which costs a
    /// fraction of nested lists; others come as before. For those who take both.
    ///
    /// [`Value::Packed`]: crate::Value::Packed
    pub fn pack_transactions(&mut self) {
        self.packs = true;
    }

    /// Reads the next operation into `op`, whose room is used again, and says whether there was
    /// one. Faster than the iterator by the allocations of an operation. After an error it is over.
    ///
    /// # Errors
    ///
    /// If the input is not what its format says, or cannot be had.
    pub fn next_into(&mut self, op: &mut Op) -> Result<bool, ReadError> {
        if self.finished {
            return Ok(false);
        }
        let read = self.read(op);
        self.finished = !matches!(read, Ok(true));
        read
    }

    fn read(&mut self, op: &mut Op) -> Result<bool, ReadError> {
        loop {
            self.window.skip_blanks();
            let at_end = self.window.ending() == Ending::End;
            let text = self.window.text();
            if text.is_empty() && !at_end {
                self.grow(None)?;
                continue;
            }
            let lenient = self.options.lenient;
            let context = Context {
                position: self.position,
                at_end,
                lenient,
                packs: self.packs,
            };
            match self.grammar.next(text, context, op) {
                Ok(Step::Op { used }) => {
                    self.window.consume(used);
                    self.position += 1;
                    return Ok(true);
                }
                Ok(Step::Nothing { used }) => self.window.consume(used),
                Ok(Step::End) => return Ok(false),
                Err(fault) if fault.incomplete && !at_end => self.grow(Some(*fault))?,
                Err(fault) if self.is_torn(&fault, at_end) => {
                    self.torn = Some(self.malformed(*fault));
                    return Ok(false);
                }
                Err(fault) => self.pass_over(*fault)?,
            }
        }
    }

    fn is_torn(&self, fault: &Fault, at_end: bool) -> bool {
        self.options.drop_torn_tail && fault.incomplete && at_end && self.grammar.tears()
    }

    /// Reads more text for the operation at the start of the window, which is `unfinished`.
    fn grow(&mut self, unfinished: Option<Fault>) -> Result<(), ReadError> {
        let expected = match &unfinished {
            Some(fault) => fault.expected.clone(),
            None => "an operation".into(),
        };
        if let Ending::NotUtf8(byte) = self.window.ending() {
            let at = self.window.text().len();
            return self.pass_over(*Fault::found(at, not_utf8(byte), expected));
        }
        if self.window.is_full() {
            let found = format!("more than {} MiB without an end", OP_BYTES_MAX >> 20);
            return self.pass_over(*Fault::found(0, found, expected));
        }
        let grown = self.window.grow();
        grown.map_err(|cause| self.io_error(cause))
    }

    /// Skips the line where the operation at fault begins, if that is allowed.
    fn pass_over(&mut self, fault: Fault) -> Result<(), ReadError> {
        let error = self.malformed(fault);
        if !self.options.skip_bad_lines {
            return Err(error);
        }
        self.skipped.count += 1;
        if self.skipped.first.len() < Skipped::KEPT_MAX {
            self.skipped.first.push(error);
        }
        self.grammar.skipped_line();
        let skipped = self.window.skip_line();
        skipped.map_err(|cause| self.io_error(cause))
    }

    fn malformed(&self, fault: Fault) -> ReadError {
        let text = self.window.text();
        let at = fault.at.min(text.len());
        let (line, column) = self.window.position(at);
        let at_end = self.window.ending() == Ending::End;
        let torn = fault.incomplete && at_end && self.grammar.tears();
        let found = match fault.found {
            Some(found) => found,
            None if fault.incomplete => "the file ends too early".to_owned(),
            None => excerpt(text.get(at..).unwrap_or_default()),
        };
        let advice = fault
            .advice
            .unwrap_or(if torn { TORN_ADVICE } else { FIX_ADVICE });
        ReadError::Malformed {
            file: self.file.clone(),
            line,
            column,
            found,
            expected: fault.expected.into_owned(),
            advice: advice.to_owned(),
        }
    }

    fn io_error(&self, cause: io::Error) -> ReadError {
        let (line, column) = self.window.position(self.window.text().len());
        ReadError::Io {
            file: self.file.clone(),
            line,
            column,
            cause,
            advice: IO_ADVICE,
        }
    }
}

impl Iterator for OpReader {
    type Item = Result<Op, ReadError>;

    fn next(&mut self) -> Option<Result<Op, ReadError>> {
        let mut op = Op::default();
        match self.next_into(&mut op) {
            Ok(true) => Some(Ok(op)),
            Ok(false) => None,
            Err(error) => Some(Err(error)),
        }
    }
}

impl FusedIterator for OpReader {}
