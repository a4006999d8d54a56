//! From cobra's bytes to lines.
//!
//! A record is a letter and big-endian integers of eight bytes: `S` and `C` one (the transaction),
//! `W` three (write, key, value), `R` four (writing transaction, write, key, value).

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, Cursor, Read, Write as _};

use super::SESSION_END;

/// Letter, integers, and how many of them a line keeps.
const RECORDS: [(u8, usize, usize); 4] = [(b'S', 1, 1), (b'C', 1, 1), (b'W', 3, 2), (b'R', 4, 3)];
/// Bytes of an integer.
const INT: usize = 8;

/// The same input, as lines if it begins like a log of cobra.
///
/// A log begins with the start of a transaction and goes on with a record. No text has a zero byte
/// second, and no id is so large that its first byte is another.
pub(in crate::formats) fn decoded(mut input: Box<dyn BufRead>) -> io::Result<Box<dyn BufRead>> {
    let mut head = Vec::with_capacity(2);
    input.by_ref().take(2).read_to_end(&mut head)?;
    let is_log = head == [b'S', 0];
    let whole = Cursor::new(head).chain(input);
    Ok(match is_log {
        true => sessions(vec![Box::new(whole)]),
        false => Box::new(whole),
    })
}

/// The logs of a directory, one a session in the order given, as one input for
/// [`open`](crate::formats::open).
pub fn sessions(logs: Vec<Box<dyn BufRead>>) -> Box<dyn BufRead> {
    Box::new(BufReader::new(Lines {
        logs: logs.into(),
        line: Cursor::default(),
    }))
}

struct Lines {
    /// The first is being read.
    logs: VecDeque<Box<dyn BufRead>>,
    line: Cursor<Vec<u8>>,
}

impl Read for Lines {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.line.position() == self.line.get_ref().len() as u64 {
            self.line.set_position(0);
            self.line.get_mut().clear();
            if let Some(log) = self.logs.front_mut()
                && !next_line(log, self.line.get_mut())?
            {
                self.logs.pop_front();
                if !self.logs.is_empty() {
                    writeln!(self.line.get_mut(), "{SESSION_END}")?;
                }
            }
        }
        self.line.read(buffer)
    }
}

/// Decodes the next record and says whether more may follow. What is none becomes a line that is
/// none either.
fn next_line(log: &mut dyn BufRead, line: &mut Vec<u8>) -> io::Result<bool> {
    let mut letter = [0];
    if log.read(&mut letter)? == 0 {
        return Ok(false);
    }
    let record = RECORDS.iter().find(|(known, ..)| *known == letter[0]);
    let Some((_, ints, kept)) = record else {
        // Nobody knows where the next record begins.
        writeln!(line, "the byte 0x{:02x}", letter[0])?;
        return Ok(false);
    };
    let mut bytes = Vec::with_capacity(ints * INT);
    let wanted = (ints * INT) as u64;
    log.take(wanted).read_to_end(&mut bytes)?;
    line.push(letter[0]);
    let is_whole = bytes.len() as u64 == wanted;
    if is_whole {
        for int in bytes.as_chunks::<INT>().0.iter().take(*kept) {
            write!(line, " {}", i64::from_be_bytes(*int))?;
        }
    } else {
        line.extend_from_slice(b" cut short");
    }
    line.push(b'\n');
    Ok(is_whole)
}
