//! `faultbench convert`: writes a history in another format.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use clap::builder::PossibleValuesParser;
use faultbench_checkers::Op;
use faultbench_checkers::formats::{self, FORMATS, Format, OpReader, ReadOptions};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::input::open;
use super::{Ended, Failure};
use crate::verdict::Exit;

/// Write a history in another format
///
/// Operations are read and written one at a time, so that histories of any length take little
/// memory. Nothing is lost in silence: what a format has no words for is an error.
#[derive(Args)]
#[command(after_help = "\
Examples:
  faultbench convert history.edn history.jsonl
  faultbench convert store/latest history.edn.gz
  faultbench convert cobra-logs/ --to plume > history.txt
  zcat history.edn.gz | faultbench convert - --to json-lines | jq -c 'select(.f == \"cas\")'")]
pub struct ConvertArgs {
    /// A history file, a run directory, a directory of cobra's logs, or - for standard input
    input: PathBuf,

    /// Where to write; .gz at the end packs it, - is standard output
    #[arg(default_value = "-")]
    output: PathBuf,

    /// The format to write; found out from the ending of OUTPUT if not given
    #[arg(long, value_parser = PossibleValuesParser::new(written().map(|format| format.name)))]
    to: Option<String>,

    /// The format to read; found out from the first bytes if not given
    #[arg(long, value_parser = PossibleValuesParser::new(FORMATS.iter().map(|f| f.name)))]
    format: Option<String>,

    /// Leave out lines that cannot be read, and say how many
    #[arg(long)]
    skip_bad_lines: bool,

    /// Leave out a last line that was cut off, as in the log of a run that was killed
    #[arg(long)]
    drop_torn_line: bool,
}

/// Bytes gathered before they are handed on.
const BUFFER_BYTES: usize = 256 << 10;

/// The formats that can be written.
fn written() -> impl Iterator<Item = &'static Format> {
    FORMATS
        .into_iter()
        .filter(|format| format.writer().is_some())
}

pub fn main(args: &ConvertArgs) -> Ended {
    let format = args.target()?;
    let source = args.input.display().to_string();
    let input = open(&args.input, None).map_err(Failure::usage)?;
    let read = ReadOptions {
        format: args.format.as_deref().and_then(Format::from_name),
        skip_bad_lines: args.skip_bad_lines,
        drop_torn_tail: args.drop_torn_line,
        lenient: false,
    };
    let mut reader = formats::open(input, &source, read).map_err(Failure::usage)?;
    if args.output == Path::new("-") {
        let mut out = BufWriter::with_capacity(BUFFER_BYTES, io::stdout().lock());
        match copy(&mut reader, format, &mut out) {
            // A reader that went away (`| head`) has what it wanted.
            Err(Stopped::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe => {}
            copied => copied.map_err(|stopped| stopped.at(&args.output))?,
        }
    } else {
        args.copy_to_file(&mut reader, format)?;
    }
    tell_what_is_missing(&reader);
    Ok(Exit::Valid)
}

impl ConvertArgs {
    fn target(&self) -> Result<&'static Format, Failure> {
        if let Some(name) = &self.to {
            return Ok(Format::from_name(name).expect("clap knows the names"));
        }
        let name = self.output.to_string_lossy();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        let known = match name.rsplit_once('.') {
            Some((_, "jsonl")) => Format::from_name("json-lines"),
            Some((_, ending)) => Format::from_name(ending).filter(|f| f.writer().is_some()),
            None => None,
        };
        known.ok_or_else(|| {
            let names: Vec<&str> = written().map(|format| format.name).collect();
            let names = names.join(", ");
            Failure::usage(format!("pass --to with the format to write: {names}"))
        })
    }

    /// Writes beside the file and puts it in place at the end: no half of a history is ever taken
    /// for a whole one, and a file may be converted onto itself.
    fn copy_to_file(&self, reader: &mut OpReader, format: &'static Format) -> Result<(), Failure> {
        let mut partial = self.output.clone().into_os_string();
        partial.push(".partial");
        let partial = PathBuf::from(partial);
        let packed = self.output.extension().is_some_and(|ending| ending == "gz");
        let mut write = || {
            let file = File::create(&partial).map_err(Stopped::Write)?;
            let mut out = BufWriter::with_capacity(BUFFER_BYTES, file);
            if packed {
                let mut gzip = GzEncoder::new(&mut out, Compression::default());
                copy(reader, format, &mut gzip)?;
                gzip.finish().map_err(Stopped::Write)?;
            } else {
                copy(reader, format, &mut out)?;
            }
            out.flush()
                .and_then(|()| fs::rename(&partial, &self.output))
                .map_err(Stopped::Write)
        };
        write().map_err(|stopped| {
            // What is left of it helps nobody; the first error is the one to tell.
            let _ = fs::remove_file(&partial);
            stopped.at(&self.output)
        })
    }
}

/// Why a conversion ended early.
enum Stopped {
    /// The history, or what the format cannot say of it.
    History(String),
    Write(io::Error),
}

impl Stopped {
    fn at(self, output: &Path) -> Failure {
        match self {
            Stopped::History(message) => Failure::usage(message),
            Stopped::Write(error) => {
                let output = output.display();
                Failure::usage(format!("{output}: cannot write it: {error}"))
            }
        }
    }
}

fn copy(
    reader: &mut OpReader,
    format: &'static Format,
    out: &mut impl Write,
) -> Result<(), Stopped> {
    let history = |error: &dyn ToString| Stopped::History(error.to_string());
    let mut writer = format.writer().expect("only written formats are offered");
    let mut op = Op::default();
    let mut text = Vec::new();
    while reader.next_into(&mut op).map_err(|error| history(&error))? {
        text.clear();
        writer
            .write(&op, &mut text)
            .map_err(|error| history(&error))?;
        out.write_all(&text).map_err(Stopped::Write)?;
    }
    out.flush().map_err(Stopped::Write)
}

/// What the reading options left out, told as it would be by `check`.
fn tell_what_is_missing(reader: &OpReader) {
    if let Some(torn) = reader.torn_line() {
        anstream::eprintln!("faultbench: the last line was left out: {torn}");
    }
    let skipped = reader.skipped();
    if skipped.count > 0 {
        let count = skipped.count;
        anstream::eprintln!("faultbench: {count} lines could not be read and were left out");
        for error in &skipped.first {
            anstream::eprintln!("  {error}");
        }
    }
}
