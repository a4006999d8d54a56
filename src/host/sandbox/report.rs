//! What init tells the outer process through their pipe: one JSON line each.

use std::io::{self, BufRead, Write};
use std::os::fd::OwnedFd;

use serde::{Deserialize, Serialize};

use crate::host::refused::Refused;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Report {
    /// The sandbox stands and the controller runs.
    Ready,
    /// The sandbox could not be made; init ends.
    Refused(Refused),
    /// The controller was killed by this signal; init ends.
    ControllerKilled { signal: i32 },
}

impl Report {
    /// A report nobody hears is of no use: the outer process is gone and init about to be killed.
    pub(super) fn send(&self, pipe: &OwnedFd) {
        let mut line = serde_json::to_vec(self).unwrap_or_default();
        line.push(b'\n');
        if let Ok(pipe) = pipe.try_clone() {
            let _ = std::fs::File::from(pipe).write_all(&line);
        }
    }

    /// `None` at the end of the pipe: every writer is gone.
    pub(super) fn receive(pipe: &mut impl BufRead) -> io::Result<Option<Report>> {
        let mut line = String::new();
        match pipe.read_line(&mut line)? {
            0 => Ok(None),
            _ => Ok(Some(serde_json::from_str(&line)?)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_cross_a_pipe() {
        let (reader, writer) = nix::unistd::pipe().unwrap();
        Report::Ready.send(&writer);
        Report::ControllerKilled { signal: 9 }.send(&writer);
        drop(writer);
        let mut reader = io::BufReader::new(std::fs::File::from(reader));
        let mut next = || Report::receive(&mut reader).unwrap();
        assert_eq!(next(), Some(Report::Ready));
        assert_eq!(next(), Some(Report::ControllerKilled { signal: 9 }));
        assert_eq!(next(), None);
    }
}
