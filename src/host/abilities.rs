//! What this host can do for a run, found out by trying, without changing the host.
//!
//! What would change the asking process (entering namespaces, mounting) is tried in a forked child
//! that ends right after; the rest is read from files.

mod read;
mod trial;

use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::host::fabric::Choice;
use crate::host::sandbox::{SandboxError, require_single_thread};

/// One thing a host may be able to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ability {
    /// A short, stable name, as `user-namespaces`.
    pub name: String,
    pub state: State,
    /// What a run needs it for.
    pub about: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "can")]
pub enum State {
    /// It can; `detail` may say how much (a version, a number), and is empty otherwise.
    Yes {
        detail: String,
    },
    /// It can, with a restriction worth knowing.
    Partial {
        why: String,
        way_round: String,
    },
    No {
        why: String,
        way_round: String,
    },
}

impl State {
    pub(crate) fn yes() -> State {
        State::Yes {
            detail: String::new(),
        }
    }

    pub fn is_no(&self) -> bool {
        matches!(self, State::No { .. })
    }
}

/// All that was found out about a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abilities {
    /// In the order to show them: what a run cannot do without comes first.
    pub abilities: Vec<Ability>,
    /// The fabric's backend a run would use, and why.
    pub fabric: Choice,
}

impl Abilities {
    /// Whether a run is possible: a sandbox can be entered and a fabric be built in it.
    pub fn can_run(&self) -> bool {
        let possible = |name| {
            let mut abilities = self.abilities.iter();
            abilities.any(|ability| ability.name == name && !ability.state.is_no())
        };
        possible(trial::SANDBOX) && (possible(trial::FABRIC_TUN) || possible(trial::FABRIC_PACKET))
    }
}

/// Finds out what the host can do; a few tens of milliseconds. `store` is where runs are to be
/// stored, or will be once it is created.
///
/// # Errors
/// The process has several threads, so children forked from it could not try anything.
pub fn probe(store: &Path) -> Result<Abilities, SandboxError> {
    require_single_thread()?;
    let mut abilities = trial::all();
    abilities.extend(read::all(store));
    Ok(Abilities {
        abilities,
        fabric: Choice::of_host(),
    })
}
