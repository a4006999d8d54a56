//! A sliding window of valid UTF-8 over an input of any length.
//!
//! A parser sees the text between the first byte not yet consumed and the last byte read. If an
//! operation does not end inside it, the window grows and the parser starts that operation again.
//! Because the window at least doubles each time, the work wasted on second tries is linear, and
//! because an operation may fill at most [`OP_BYTES_MAX`], so is the memory.
//!
//! Bytes are validated once, as they enter; parsers slice a `str` and never look at UTF-8 again.

use std::io::{self, BufRead};

/// Bytes an operation may take in a file. The longest real ones are final reads of whole sets.
pub const OP_BYTES_MAX: usize = 64 << 20;

/// Bytes read at a time.
const CHUNK_BYTES: usize = 256 << 10;

/// Why there is no more text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// There may be more.
    Open,
    End,
    /// The next byte of the input, given here, belongs to no UTF-8 character.
    NotUtf8(u8),
}

pub(super) struct Window {
    input: Box<dyn BufRead>,
    text: String,
    /// Where the text not yet consumed begins.
    start: usize,
    /// The first bytes of a character cut by the end of a read.
    partial: Vec<u8>,
    ending: Ending,
    /// Line of `text[0]`, from 1.
    line: u64,
    /// Characters before `text[0]` on its line.
    column: u64,
}

impl Window {
    pub fn new(input: Box<dyn BufRead>) -> Window {
        Window {
            input,
            text: String::new(),
            start: 0,
            partial: Vec::new(),
            ending: Ending::Open,
            line: 1,
            column: 0,
        }
    }

    pub fn text(&self) -> &str {
        &self.text[self.start..]
    }

    pub fn ending(&self) -> Ending {
        self.ending
    }

    pub fn consume(&mut self, bytes: usize) {
        self.start += bytes;
    }

    /// Steps over blanks and line ends.
    pub fn skip_blanks(&mut self) {
        let bytes = self.text.as_bytes();
        while let Some(b' ' | b'\n' | b'\r' | b'\t') = bytes.get(self.start) {
            self.start += 1;
        }
    }

    /// Line and column, from 1, of a byte offset in [`Window::text`].
    pub fn position(&self, offset: usize) -> (u64, u64) {
        let (line, column) = advance(self.line, self.column, &self.text[..self.start + offset]);
        (line, column + 1)
    }

    /// True if the window may not grow any more.
    pub fn is_full(&self) -> bool {
        self.text.len() - self.start >= OP_BYTES_MAX
    }

    /// Forgets the consumed text and reads as much again as is left, at least a chunk.
    pub fn grow(&mut self) -> io::Result<()> {
        self.forget();
        let wanted = self.text.len().max(CHUNK_BYTES);
        let goal = self.text.len() + wanted;
        self.text.reserve(wanted);
        while self.ending == Ending::Open && self.text.len() < goal {
            self.read_some(goal - self.text.len())?;
        }
        Ok(())
    }

    fn forget(&mut self) {
        (self.line, self.column) = advance(self.line, self.column, &self.text[..self.start]);
        self.text.drain(..self.start);
        self.start = 0;
    }

    fn read_some(&mut self, wanted: usize) -> io::Result<()> {
        let chunk = match self.input.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
            other => other?,
        };
        if chunk.is_empty() {
            self.ending = match self.partial.first() {
                Some(byte) => Ending::NotUtf8(*byte),
                None => Ending::End,
            };
            self.partial.clear();
            return Ok(());
        }
        if !self.partial.is_empty() {
            return self.complete_character();
        }
        let chunk = &chunk[..chunk.len().min(wanted)];
        let (valid, broken) = match std::str::from_utf8(chunk) {
            Ok(text) => (text, None),
            Err(error) => {
                let valid = std::str::from_utf8(&chunk[..error.valid_up_to()]).unwrap_or_default();
                (valid, Some(error.error_len().is_some()))
            }
        };
        self.text.push_str(valid);
        let mut used = valid.len();
        match broken {
            Some(true) => self.ending = Ending::NotUtf8(chunk[used]),
            Some(false) => {
                self.partial.extend_from_slice(&chunk[used..]);
                used = chunk.len();
            }
            None => {}
        }
        self.input.consume(used);
        Ok(())
    }

    /// Takes one byte of a character that two reads share.
    fn complete_character(&mut self) -> io::Result<()> {
        let byte = self.input.fill_buf()?[0];
        self.partial.push(byte);
        match std::str::from_utf8(&self.partial) {
            Ok(character) => {
                self.text.push_str(character);
                self.partial.clear();
            }
            Err(error) if error.error_len().is_some() => {
                self.ending = Ending::NotUtf8(self.partial[0]);
                self.partial.clear();
                return Ok(());
            }
            Err(_) => {}
        }
        self.input.consume(1);
        Ok(())
    }

    /// Drops everything up to and including the next line end, however far that is.
    pub fn skip_line(&mut self) -> io::Result<()> {
        if let Some(length) = memchr::memchr(b'\n', self.text().as_bytes()) {
            self.consume(length + 1);
            return Ok(());
        }
        self.start = self.text.len();
        self.forget();
        self.partial.clear();
        if self.ending == Ending::End {
            return Ok(());
        }
        loop {
            let chunk = match self.input.fill_buf() {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                other => other?,
            };
            if chunk.is_empty() {
                self.ending = Ending::End;
                return Ok(());
            }
            let line_end = memchr::memchr(b'\n', chunk);
            let used = line_end.map_or(chunk.len(), |length| length + 1);
            self.input.consume(used);
            if line_end.is_some() {
                self.ending = Ending::Open;
                (self.line, self.column) = (self.line + 1, 0);
                return Ok(());
            }
        }
    }
}

/// Where one stands after `text`, having stood at `line` with `column` characters before.
fn advance(line: u64, column: u64, text: &str) -> (u64, u64) {
    let bytes = text.as_bytes();
    match memchr::memrchr(b'\n', bytes) {
        None => (line, column + text.chars().count() as u64),
        Some(last) => {
            let lines = memchr::memchr_iter(b'\n', bytes).count() as u64;
            (line + lines, text[last + 1..].chars().count() as u64)
        }
    }
}
