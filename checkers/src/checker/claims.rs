//! Which checker judges what is claimed of a model's histories, and several of them over one
//! history.

use super::models::Judged;
use super::{Checker, OpError, Params};
use crate::Op;
use crate::budget::Budget;
use crate::lattice::Model;
use crate::report::{Claim, Report, Validity};
use crate::sessions::counters::Counters;
use crate::sessions::growing::Growing;
use crate::sessions::{self, Guarantee};

/// Makes a model's own checker.
type Build = fn(&Params) -> Box<dyn Checker>;

/// Who judges a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Judge {
    /// The model's own checker, all such claims together.
    Own,
    /// Another instance of the model's own, for this claim alone.
    Alone(Model),
    Session(Guarantee),
    /// The same of collections that grow: of sets, of lists, and of counters.
    Sets(Guarantee),
    Lists(Guarantee),
    Counters(Guarantee),
}

impl Judge {
    /// Who judges `claim` of such histories; `None` if nobody can.
    pub fn of(judged: Judged, claim: Model) -> Option<Judge> {
        let own = Some(Judge::Own);
        match (judged, claim) {
            (Judged::Linearizability | Judged::GrowingSets, Model::Linearizable) => own,
            (judged, Model::Linearizable) if judged.is_object() => own,
            (judged, Model::Sequential) if judged.is_object() => Some(Judge::Alone(claim)),
            (Judged::Registers, claim) => guarantee(claim).map(Judge::Session),
            (Judged::Sets | Judged::GrowingSets, claim) => collected(claim).map(Judge::Sets),
            (Judged::Logs, claim) => collected(claim).map(Judge::Lists),
            (Judged::Counters, claim) => guarantee(claim).map(Judge::Counters),
            (Judged::Lists | Judged::Transactions, claim) if claim.is_transactional() => own,
            (Judged::Lists, claim) => guarantee(claim).map(Judge::Lists),
            (Judged::RegisterTransactions, claim) if claim.is_transactional() => own,
            (Judged::RegisterTransactions, claim) => guarantee(claim).map(Judge::Session),
            _ => None,
        }
    }

    /// Its checker; `None` for the model's own, which `own` makes.
    fn build(self, params: &Params, own: Build) -> Option<Box<dyn Checker>> {
        match self {
            Judge::Own => None,
            Judge::Alone(claim) => Some(own(&Params {
                consistency: vec![claim],
                ..params.clone()
            })),
            Judge::Session(guarantee) => Some(Box::new(sessions::Checker::new(guarantee, params))),
            Judge::Sets(guarantee) => Some(Box::new(Growing::sets(guarantee, params))),
            Judge::Lists(guarantee) => Some(Box::new(Growing::lists(guarantee, params))),
            Judge::Counters(guarantee) => Some(Box::new(Counters::new(guarantee, params))),
        }
    }
}

fn guarantee(claim: Model) -> Option<Guarantee> {
    Some(match claim {
        Model::ReadYourWrites => Guarantee::ReadYourWrites,
        Model::MonotonicReads => Guarantee::MonotonicReads,
        Model::MonotonicWrites => Guarantee::MonotonicWrites,
        Model::WritesFollowReads => Guarantee::WritesFollowReads,
        Model::Pram => Guarantee::Pram,
        Model::Causal => Guarantee::Causal,
        Model::CausalConvergence => Guarantee::CausalConvergence,
        Model::CausalMemory => Guarantee::CausalMemory,
        _ => return None,
    })
}

/// What may be promised of a collection whose reads show all of it: a prefix of one order, too.
fn collected(claim: Model) -> Option<Guarantee> {
    match claim {
        Model::Prefix => Some(Guarantee::ConsistentPrefix),
        claim => guarantee(claim),
    }
}

/// The checker of all that is claimed: `build` makes the model's own for the claims it is given.
pub(super) fn checker(judged: Judged, params: &Params, build: Build) -> Box<dyn Checker> {
    let mut own = Params {
        consistency: Vec::new(),
        ..params.clone()
    };
    let mut parts = Vec::new();
    for claim in &params.consistency {
        let judge = Judge::of(judged, *claim);
        if let Some(checker) = judge.and_then(|judge| judge.build(params, build)) {
            parts.push((vec![*claim], checker));
        }
        if matches!(judge, None | Some(Judge::Own)) {
            own.consistency.push(*claim);
        }
    }
    if parts.is_empty() {
        return build(&own);
    }
    if !own.consistency.is_empty() {
        let checker = build(&own);
        parts.insert(0, (own.consistency, checker));
    }
    Box::new(Panel {
        object: match judged {
            Judged::Lists | Judged::RegisterTransactions | Judged::Transactions => "transactions",
            Judged::Objects => "objects",
            Judged::Sets | Judged::GrowingSets => "sets",
            Judged::Logs => "logs",
            Judged::Counters => "counters",
            _ => "registers",
        },
        parts,
        disagreed: false,
    })
}

/// Judges a history by several claims, each with the checker that can.
struct Panel {
    /// What the claims are about.
    object: &'static str,
    /// At least one.
    parts: Vec<(Vec<Model>, Box<dyn Checker>)>,
    /// An event was taken by some and refused by others.
    disagreed: bool,
}

impl Checker for Panel {
    fn push(&mut self, op: &Op) -> Result<(), OpError> {
        for (at, (_, checker)) in self.parts.iter_mut().enumerate() {
            if let Err(error) = checker.push(op) {
                self.disagreed |= at > 0;
                return Err(error);
            }
        }
        Ok(())
    }

    fn finish(self: Box<Self>, budget: &Budget) -> Report {
        let object = self.object;
        let mut reports = self.parts.into_iter().map(|(claims, checker)| {
            let mut report = checker.finish(budget);
            if report.claims.is_empty() {
                let validity = report.validity;
                let claim = |model: &Model| Claim::new(*model, validity);
                report.claims = claims.iter().map(claim).collect();
            }
            report
        });
        let first = reports.next().expect("a panel has parts");
        let mut report = reports.fold(first, join);
        report.findings.truncate(Report::FINDINGS_MAX);
        let names: Vec<&str> = report.claims.iter().map(|claim| claim.model).collect();
        report.promise = format!("{} {object}", names.join(", "));
        if self.disagreed {
            report.doubt("operations left out by one check were judged by another");
        }
        report
    }
}

/// Both reports as one: figures of the first come first. Where both judged a claim, a violation
/// decides, and the second where the first found none.
fn join(mut one: Report, other: Report) -> Report {
    let doubted = one.unknown.take();
    let mut claims = one.claims.iter();
    let again = |claim: &Claim| other.claims.iter().find(|same| same.model == claim.model);
    let doubted =
        doubted.filter(|_| claims.any(|c| c.validity == Validity::Unknown && again(c).is_none()));
    let reasons: Vec<String> = doubted.into_iter().chain(other.unknown).collect();
    for claim in other.claims {
        match one.claims.iter_mut().find(|same| same.model == claim.model) {
            Some(same) if same.validity == Validity::Invalid => {}
            Some(same) => *same = claim,
            None => one.claims.push(claim),
        }
    }
    let answers = one.claims.iter().map(|claim| claim.validity);
    one.validity = answers.fold(Validity::Valid, Validity::and);
    if one.validity == Validity::Unknown {
        one.unknown = Some(reasons.join("; "));
    }
    // Of each claim the first finding before the second of any.
    let mut rest = other.findings.into_iter();
    let mut findings = Vec::with_capacity(one.findings.len() + rest.len());
    for finding in one.findings {
        findings.push(finding);
        findings.extend(rest.next());
    }
    findings.extend(rest);
    one.findings = findings;
    for (name, value) in other.figures {
        one.figures.entry(name).or_insert(value);
    }
    one.warnings.extend(other.warnings);
    one.warnings.sort();
    one.warnings.dedup();
    one
}

#[cfg(test)]
mod tests;
