//! From anomalies to an answer: which models are ruled out, by what, and whether that breaks the
//! claim.

use serde_json::{Map, json};

use super::cases::Cases;
use super::counter_order;
use super::history::{History, Mop, Outcome};
use super::inference::Inference;
use super::phenomena::{self, Phenomena};
use super::serialization::{self, Searched};
use super::set_add;
use super::vocabulary::Vocabulary;
use crate::budget::{Exhausted, Meter};
use crate::checker::NOTHING_TESTED;
use crate::isolation::polygraph::{Accesses, Form};
use crate::lattice::{
    Anomaly, AnomalySet, MODELS, Model, ModelSet, breaks, ruled_out, weaker_or_equal,
};
use crate::report::{Claim, Finding, Report, Validity};
use crate::value::Value;

const NO_DEPENDENCY: &str =
    "no transaction read or replaced what another wrote: nothing was tested";

/// The models a history of transactions can say something about.
fn transactional() -> ModelSet {
    MODELS
        .iter()
        .map(|kind| kind.model)
        .filter(|model| *model < Model::Linearizable)
        .collect()
}

/// What the report is made of.
pub(super) struct Evidence<'h> {
    pub history: &'h History,
    pub claims: &'h [Model],
    /// What registers hold before they are written.
    pub init: &'h Value,
    /// By transaction: it took effect for sure.
    pub committed: Vec<bool>,
    pub cases: Cases,
    pub ambiguous: Vec<[u32; 2]>,
    /// Edges between transactions that say who depends on whom.
    pub dependencies: usize,
    pub phenomena: Phenomena,
    /// Some versions have no order that is known.
    is_open: bool,
    /// What the dependencies left open and a search decided.
    searched: Searched,
    /// What the budget did not allow to be done in full.
    cut_short: Option<(&'static str, Exhausted)>,
}

const INFERENCE: &str = "the inference of dependencies";
const SEARCH: &str = "the search for cycles";

/// Adds the orders of sessions and of real time, and sees that there is room for the graph.
fn ordered(inference: &mut Inference, meter: &mut Meter) -> Result<(), Exhausted> {
    super::order::add(inference, meter)?;
    meter.step(inference.builder.bytes_to_build())
}

impl<'h> Evidence<'h> {
    /// Looks for the cycles of what was inferred.
    pub fn gather(
        inference: Inference<'h>,
        claims: &'h [Model],
        init: &'h Value,
        meter: &mut Meter,
    ) -> Self {
        let dependencies = inference.builder.edges();
        let mut evidence = Evidence {
            history: inference.history,
            claims,
            init,
            committed: Vec::new(),
            cases: Cases::default(),
            ambiguous: Vec::new(),
            dependencies,
            phenomena: Phenomena::default(),
            is_open: !inference.accesses.is_empty(),
            searched: Searched::default(),
            cut_short: None,
        };
        let mut inference = inference;
        let ordered = match inference.exhausted {
            Some(exhausted) => Err((INFERENCE, exhausted)),
            None => ordered(&mut inference, meter).map_err(|exhausted| (SEARCH, exhausted)),
        };
        (evidence.cases, evidence.ambiguous) = (inference.cases, inference.ambiguous);
        if let Err(cut_short) = ordered {
            evidence.cut_short = Some(cut_short);
            return evidence;
        }
        evidence.committed = inference.committed;
        let graph = inference.builder.build();
        let found = phenomena::find(&graph, evidence.history.sessions_only, meter);
        evidence.cut_short = found.exhausted.map(|exhausted| (SEARCH, exhausted));
        evidence.phenomena = found;
        if evidence.cut_short.is_none() {
            let txns = evidence.history.txns.len() as u32;
            let accesses = Accesses::new(txns, inference.accesses);
            evidence.searched = match evidence.history.vocabulary {
                Vocabulary::Counters => counter_order::search(&evidence, &graph, meter),
                _ => serialization::search(&evidence, &graph, &accesses, meter),
            };
        }
        evidence
    }

    /// Every anomaly found so far.
    pub fn shown(&self) -> AnomalySet {
        let cases = self.cases.by_anomaly.keys().copied();
        let cycles = self.phenomena.witnesses.iter().map(|w| w.anomaly);
        let searched = self.searched.refuted.iter().map(|(anomaly, _)| *anomaly);
        cases.chain(cycles).chain(searched).collect()
    }

    /// Whether a model that no anomaly rules out is known to hold.
    pub fn holds(&self, model: Model) -> bool {
        let by_anomalies = |model: Model| {
            let is_open = match (
                serialization::how(self.history, model),
                self.history.vocabulary,
            ) {
                _ if self.history.sessions_only && model.keeps_real_time() => true,
                (_, Vocabulary::Counters) => true,
                (_, Vocabulary::Sets) => !set_add::proves(model, self.is_open),
                // Every order of the transactions is one of all versions without G0.
                (None, _) if weaker_or_equal(Model::StrongReadUncommitted).contains(model) => false,
                (None, Vocabulary::Registers) => self.is_open,
                (None, _) => false,
                (Some(how), Vocabulary::Lists) if how.is(Form::Snapshot) => self.is_open,
                (Some(_), _) => true,
            };
            model.kind().complete && !is_open
        };
        if self.searched.valid.contains(model) || by_anomalies(model) {
            return true;
        }
        let out = ruled_out(self.shown());
        let mut stronger = MODELS.iter().map(|kind| kind.model);
        stronger.any(|stronger| {
            by_anomalies(stronger)
                && !out.contains(stronger)
                && weaker_or_equal(stronger).contains(model)
        })
    }

    fn findings(&self) -> Vec<(Anomaly, Finding)> {
        let mut findings = Vec::new();
        for (anomaly, tally) in &self.cases.by_anomaly {
            for case in &tally.first {
                let mut details = case.details.clone();
                let txns = case.txns.iter().map(|txn| self.history.txn_json(*txn));
                details["transactions"] = txns.collect();
                details["count"] = tally.count.into();
                let finding = Finding {
                    anomaly: anomaly.name(),
                    summary: case.summary.clone(),
                    ops: self.history.indices(&case.txns),
                    time: case
                        .txns
                        .iter()
                        .filter_map(|t| self.history.txn(*t).times[1])
                        .max(),
                    details,
                };
                findings.push((*anomaly, finding));
            }
        }
        for witness in &self.phenomena.witnesses {
            findings.push((witness.anomaly, self.history.cycle(witness)));
        }
        findings.extend(self.searched.refuted.iter().cloned());
        findings
    }

    pub fn report(self, checker: &'static str, what: &str) -> Report {
        let names: Vec<&str> = self.claims.iter().map(|model| model.name()).collect();
        let mut report = Report::new(
            checker,
            format!("{} transactions on {what}", names.join(", ")),
        );
        let findings = self.findings();
        let shown = self.shown();
        let out = ruled_out(shown);
        self.figures(&mut report, shown, out);
        let is_breach = |anomaly: Anomaly| self.claims.iter().any(|model| breaks(anomaly, *model));
        self.answer(&mut report, out);
        // Of each anomaly the first before the second of any.
        let mut ranked: Vec<(usize, Finding)> = Vec::new();
        let mut allowed = Map::new();
        for (anomaly, finding) in findings {
            if is_breach(anomaly) {
                let same = |(_, other): &&(usize, Finding)| other.anomaly == finding.anomaly;
                ranked.push((ranked.iter().filter(same).count(), finding));
            } else if !allowed.contains_key(anomaly.name()) {
                allowed.insert(anomaly.name().to_owned(), finding.summary.into());
            }
        }
        ranked.sort_by_key(|(rank, _)| *rank);
        ranked.truncate(Report::FINDINGS_MAX);
        report.findings = ranked.into_iter().map(|(_, finding)| finding).collect();
        report.figure("allowed_by_the_claim", allowed);
        report
    }

    /// The answer about each claim, and about all of them.
    fn answer(&self, report: &mut Report, out: ModelSet) {
        let doubt = self.doubt();
        let claim = |model: &Model| {
            let validity = if out.contains(*model) {
                Validity::Invalid
            } else if doubt.is_some() || !self.holds(*model) {
                Validity::Unknown
            } else {
                Validity::Valid
            };
            Claim::new(*model, validity)
        };
        report.claims = self.claims.iter().map(claim).collect();
        let answers = report.claims.iter().map(|claim| claim.validity);
        report.validity = answers.fold(Validity::Valid, Validity::and);
        let partly = |model: &&Model| !out.contains(**model) && !self.holds(**model);
        if let Some(doubt) = doubt {
            report.doubt(doubt);
        } else if let Some((model, exhausted)) = self.searched.cut_short {
            report.doubt(format!(
                "the search for an order that proves {} ended early: {exhausted}",
                model.name()
            ));
        } else if let Some(model) = self.claims.iter().find(partly)
            && self.history.sessions_only
            && model.keeps_real_time()
        {
            report.doubt(format!(
                "{} is about real time, of which the history tells nothing",
                model.name()
            ));
        } else if let Some(model) = self.claims.iter().find(partly) {
            report.doubt(format!(
                "no anomaly rules {} out, but that does not prove it",
                model.name()
            ));
        }
    }

    /// Why the absence of anomalies proves nothing.
    fn doubt(&self) -> Option<String> {
        // First, for it may be the reason for all of the below.
        if let Some((what, exhausted)) = self.cut_short {
            return Some(format!("{what} ended early: {exhausted}"));
        }
        let mut outcomes = self.history.txns.iter().map(|txn| txn.outcome);
        if !outcomes.any(|outcome| outcome == Outcome::Ok) {
            return Some(NOTHING_TESTED.to_owned());
        }
        if let Some([first, second]) = self.ambiguous.first() {
            let mop = |number: u32| &self.history.mops[number as usize];
            return Some(format!(
                "{} and {} both wrote {} to {}, so reads do not tell them apart ({} such keys were \
                 left out); values must be unique for each key",
                self.history.told(mop(*first).txn),
                self.history.told(mop(*second).txn),
                self.history.codes.text(mop(*first).value),
                self.history.key_text(mop(*first).key),
                self.ambiguous.len()
            ));
        }
        let is_tested = match self.history.vocabulary {
            // A sum may be right or wrong and tell of nobody in particular.
            Vocabulary::Counters => self.history.mops.iter().any(Mop::is_read),
            _ => self.dependencies > 0,
        };
        (!is_tested).then(|| NO_DEPENDENCY.to_owned())
    }

    fn figures(&self, report: &mut Report, shown: AnomalySet, out: ModelSet) {
        let count = |outcome| {
            let txns = self.history.txns.iter();
            txns.filter(|txn| txn.outcome == outcome).count() as u64
        };
        report.figure(
            "transactions",
            json!({
                "ok": count(Outcome::Ok),
                "failed": count(Outcome::Fail),
                "indefinite": count(Outcome::Info),
            }),
        );
        report.figure("keys", self.history.keys.codes.len());
        report.figure("dependencies", self.dependencies);
        report.figure("cyclic_components", self.phenomena.components);
        report.figure("nodes_in_cycles", self.phenomena.nodes_in_cycles);
        let names: Vec<&str> = shown.iter().map(Anomaly::name).collect();
        report.figure("anomalies", names);
        let by_what = |model: Model| {
            let by = shown.iter().filter(|anomaly| breaks(*anomaly, model));
            by.map(Anomaly::name).collect::<Vec<&str>>()
        };
        let tested = transactional();
        let ruled_out: Map<String, serde_json::Value> = out
            .and(tested)
            .iter()
            .map(|model| (model.name().to_owned(), by_what(model).into()))
            .collect();
        report.figure("ruled_out", ruled_out);
        let named = |models: Vec<Model>| models.into_iter().map(Model::name).collect::<Vec<_>>();
        report.figure("weakest_ruled_out", named(out.and(tested).weakest()));
        let decided = tested.iter().filter(|model| self.holds(*model));
        let standing = decided.collect::<ModelSet>().without(out);
        report.figure("strongest_standing", named(standing.strongest()));
        let undecided = tested.iter().filter(|model| !self.holds(*model));
        let undecided = undecided.collect::<ModelSet>().without(out);
        // A stronger model that stands answers for those below it.
        let below = standing
            .iter()
            .flat_map(|model| weaker_or_equal(model).iter());
        let below: ModelSet = below.collect();
        report.figure(
            "not_decided",
            named(undecided.without(below).iter().collect()),
        );
    }
}
