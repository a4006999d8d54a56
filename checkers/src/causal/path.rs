//! Why one unit comes before another: the path with the fewest steps from session to session.
//!
//! A breadth-first search backwards. A session is reached up to a position, so each of its units is
//! looked at once, and session order costs nothing.

use std::collections::VecDeque;

use super::history::{History, INIT, UnitId};
use super::order::{Constraint, constraints_on};

/// A step of a path: `source` comes before `reader`, which is of another session as a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub source: UnitId,
    pub reader: UnitId,
    pub key: u32,
    /// `None` where `reader` reads the key from `source`; else `reader` wrote the key too, and the
    /// named unit, which knew of both writes, read that of `reader`.
    pub because: Option<UnitId>,
}

impl From<&Constraint> for Step {
    fn from(constraint: &Constraint) -> Step {
        Step {
            source: constraint.before,
            reader: constraint.after,
            key: constraint.key,
            because: Some(constraint.because),
        }
    }
}

/// The steps by which `from` is before `to`: each step's source is `from` or follows it, or the
/// reader before, in its session. Empty where session order alone says so; `None` where nothing
/// does.
pub fn path(
    history: &History,
    constraints: &[Constraint],
    from: UnitId,
    to: UnitId,
) -> Option<Vec<Step>> {
    let goal = history.session_of(from);
    let mut reached = vec![0u32; history.sessions()];
    // Found steps, and for each the place of the step that follows it on the way to `to`.
    let mut steps: Vec<(Step, Option<usize>)> = Vec::new();
    let mut queue = VecDeque::from([(to, None)]);
    let mut is_first = true;
    while let Some((unit, next)) = queue.pop_front() {
        let session = history.session_of(unit);
        // The unit `to` is not in its own past, everything before it is.
        let holds = if is_first { unit } else { unit + 1 };
        if session == goal && from < holds {
            return Some(unwind(&steps, next));
        }
        is_first = false;
        let begin = history.session(session).start;
        let known = begin + reached[session as usize];
        let end = unit + 1;
        reached[session as usize] = reached[session as usize].max(end - begin);
        for reader in (known..end).rev() {
            let reads = history.reads(reader).iter().map(|read| Step {
                source: read.source,
                reader,
                key: read.key,
                because: None,
            });
            let forced = constraints_on(constraints, reader).iter().map(Step::from);
            for step in reads.chain(forced) {
                let source = step.source;
                let is_new = source != INIT
                    && reached[history.session_of(source) as usize] < history.position(source);
                if is_new {
                    steps.push((step, next));
                    queue.push_back((source, Some(steps.len() - 1)));
                }
            }
        }
    }
    None
}

fn unwind(steps: &[(Step, Option<usize>)], mut next: Option<usize>) -> Vec<Step> {
    let mut path = Vec::new();
    while let Some(at) = next {
        path.push(steps[at].0);
        next = steps[at].1;
    }
    path
}

/// A shortest cycle through `step`, which must be on one; it begins with that step.
pub fn cycle(history: &History, constraints: &[Constraint], step: Step) -> Option<Vec<Step>> {
    let mut steps = vec![step];
    steps.extend(path(history, constraints, step.reader, step.source)?);
    Some(steps)
}
