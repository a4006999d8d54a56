//! Why a key is not linearizable: what cannot be placed, what it meets, and the least of the
//! history that shows it. The verdict stands already; what there is no budget for is left out.

use crate::budget::Meter;
use crate::linearizable::evidence::Evidence;
use crate::linearizable::judge::Judge;
use crate::linearizable::minimal::{self, Core, OPS_TRIED_MAX};
use crate::linearizable::model::{Decision, Interval, Model, NEVER};
use crate::linearizable::search::{Furthest, Search};
use crate::linearizable::vocabulary::{Contradiction, Vocabulary};
use crate::report::Finding;

/// Steps of the searches that say what states were possible, where a direct method decided.
const STEPS_MAX: u64 = 1 << 20;
/// Memory of such a search, which holds every state it meets: large ones are soon too many.
const BYTES_MAX: u64 = 32 << 20;
/// Steps of a try to shrink for each operation; one that takes more keeps what it would leave out.
const TRY_STEPS_PER_OP: u64 = 20;
/// Steps of a try for a history of any size.
const TRY_STEPS: u64 = 1000;

/// Steps of a try to shrink so many operations.
pub(crate) fn try_steps(ops: usize) -> u64 {
    TRY_STEPS + TRY_STEPS_PER_OP * ops as u64
}

/// What showed it, and by which method.
pub(crate) enum Cause {
    Contradiction(&'static str, Contradiction),
    Stuck(&'static str, Stuck),
}

/// Where a search found no way on.
pub(crate) struct Stuck {
    /// The operation that cannot be placed.
    pub op: u32,
    /// The states possible just before it, in words.
    pub states: Vec<String>,
    /// The longest linearization of what came before it.
    pub prefix: Vec<u32>,
}

impl Stuck {
    pub fn new<V: Vocabulary>(
        vocabulary: &V,
        model: &V::Model,
        furthest: Furthest<<V::Model as Model>::State>,
    ) -> Stuck {
        let states = furthest.states.iter();
        Stuck {
            op: furthest.stuck as u32,
            states: states
                .map(|state| vocabulary.tell_state(model, state))
                .collect(),
            prefix: furthest.prefix,
        }
    }
}

impl Cause {
    /// The operation it is about.
    pub fn about(&self) -> u32 {
        match self {
            Cause::Contradiction(_, found) => found.about,
            Cause::Stuck(_, stuck) => stuck.op,
        }
    }

    /// The name of the method.
    pub fn method(&self) -> &'static str {
        match self {
            Cause::Contradiction(method, _) | Cause::Stuck(method, _) => method,
        }
    }
}

/// Makes the finding, one of `count` that share what explaining may cost.
pub(crate) fn explain<V: Vocabulary>(
    judge: &Judge<'_, V>,
    key: u32,
    cause: &Cause,
    count: usize,
) -> Finding {
    let ops = judge.operations(key);
    let vocabulary = &judge.history.vocabulary;
    let meter = judge.meter();
    let allowed = OPS_TRIED_MAX / count;
    let found;
    let (stuck, core) = match cause {
        Cause::Stuck(_, stuck) => {
            let before = ops[stuck.op as usize].finish;
            (
                Some(stuck),
                core(vocabulary, &ops, before, None, &meter, allowed, try_steps),
            )
        }
        Cause::Contradiction(_, contradiction) => {
            let story = contradiction.story.iter();
            let finishes = story.map(|op| ops[*op as usize].finish);
            let before = finishes.filter(|finish| *finish != NEVER).max();
            let before = before.unwrap_or(NEVER);
            let steps = STEPS_MAX / count as u64;
            let until = minimal::until(&ops, before);
            found = search(vocabulary, &until, &mut meter.smaller(steps, BYTES_MAX));
            let story = Some(&contradiction.story[..]);
            (
                found.as_ref(),
                core(vocabulary, &ops, before, story, &meter, allowed, try_steps),
            )
        }
    };
    judge.told(key, &ops, |teller| {
        teller.finding(&Evidence { cause, stuck, core })
    })
}

/// Searches operations known to have no order, for where they go wrong.
fn search<V: Vocabulary>(
    vocabulary: &V,
    ops: &[Interval<V::Op>],
    meter: &mut Meter<'_>,
) -> Option<Stuck> {
    let model = vocabulary.model();
    match Search::new(&model, ops).run(meter) {
        Ok(Decision::Impossible(furthest)) => Some(Stuck::new(vocabulary, &model, furthest)),
        Ok(Decision::Linearizable) | Err(_) => None,
    }
}

/// The least of the operations that shows it, from `story` on if that is given. A try to leave some
/// out, of so many operations as `try_steps` is given, may take the steps it gives.
pub(crate) fn core<V: Vocabulary>(
    vocabulary: &V,
    ops: &[Interval<V::Op>],
    before: u32,
    story: Option<&[u32]>,
    meter: &Meter<'_>,
    allowed: usize,
    try_steps: impl Fn(usize) -> u64,
) -> Option<Core> {
    let model = vocabulary.model();
    let is_impossible = |tried: &[Interval<V::Op>]| {
        let steps = try_steps(tried.len());
        let direct = vocabulary.decide(tried, false, &mut meter.fresh(steps));
        match direct {
            Ok(Some(direct)) => direct.outcome.is_err(),
            Ok(None) => {
                let searched = Search::new(&model, tried).run(&mut meter.fresh(steps));
                matches!(searched, Ok(Decision::Impossible(_)))
            }
            Err(_) => false,
        }
    };
    let prune = |ops: &mut Vec<Interval<V::Op>>| {
        ops.retain(|op| !(op.is_indefinite() && model.reads_only(&op.op)));
        vocabulary.prune(ops);
    };
    minimal::core(ops, before, story, prune, is_impossible, meter, allowed)
}
