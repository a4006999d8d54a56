//! Pictures that say what a checker found: the cycle of a violation and the lattice of models, as
//! SVG with a layout of our own and as DOT for those who have another.
//!
//! An SVG stands in a page or in a file by itself: it uses the ink of its surroundings, and colours
//! that are told apart on light and dark paper. Marks say the same as colours.

pub mod cycle;
mod dot;
mod ink;
pub mod lattice;

use std::path::{Path, PathBuf};
use std::{fs, io};

use faultbench_checkers::report::Report;

use cycle::Cycle;
use lattice::Standing;

/// Cycles drawn of one report.
pub const CYCLES_MAX: usize = 16;

/// Writes `cycle-N.svg` and `cycle-N.dot` for each cycle that was found, and `lattice.svg` and
/// `lattice.dot` where consistency models were judged. Makes the directory. Returns what it wrote.
///
/// # Errors
/// A file or the directory that cannot be written, by name.
pub fn write(dir: &Path, report: &Report) -> io::Result<Vec<PathBuf>> {
    let named = |path: &Path, error: io::Error| {
        io::Error::new(error.kind(), format!("{}: {error}", path.display()))
    };
    fs::create_dir_all(dir).map_err(|error| named(dir, error))?;
    let mut files = Vec::new();
    let cycles = report.findings.iter().filter_map(Cycle::of);
    for (number, cycle) in (1..).zip(cycles.take(CYCLES_MAX)) {
        files.push((format!("cycle-{number}.svg"), cycle.svg()));
        files.push((format!("cycle-{number}.dot"), cycle.dot()));
    }
    if let Some(standing) = Standing::of(report) {
        files.push(("lattice.svg".to_owned(), standing.svg()));
        files.push(("lattice.dot".to_owned(), standing.dot()));
    }
    let write = |(name, text): (String, String)| {
        let path = dir.join(name);
        fs::write(&path, text).map_err(|error| named(&path, error))?;
        Ok(path)
    };
    files.into_iter().map(write).collect()
}

#[cfg(test)]
mod tests;
