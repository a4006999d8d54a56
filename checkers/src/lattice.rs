//! The lattice of consistency models: which anomalies rule out which promises.
//!
//! Models and anomalies are tables ([`models`], [`anomalies`]); the functions here are closures
//! over them. An anomaly implies others; a model is *ruled out* by a history that shows, or
//! implies, an anomaly which the model or any weaker one forbids.

pub mod anomalies;
pub mod models;

pub use anomalies::{ANOMALIES, Anomaly};
pub use models::{MODELS, Model};

/// A set of anomalies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AnomalySet(u128);

/// A set of models.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ModelSet(u64);

impl AnomalySet {
    pub fn insert(&mut self, anomaly: Anomaly) {
        self.0 |= 1 << anomaly as u32;
    }

    pub fn contains(self, anomaly: Anomaly) -> bool {
        self.0 >> (anomaly as u32) & 1 == 1
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn intersects(self, other: AnomalySet) -> bool {
        self.0 & other.0 != 0
    }

    /// The members in the order of the table.
    pub fn iter(self) -> impl Iterator<Item = Anomaly> {
        ANOMALIES
            .iter()
            .map(|kind| kind.anomaly)
            .filter(move |anomaly| self.contains(*anomaly))
    }

    /// These anomalies and all they imply.
    pub fn closure(self) -> AnomalySet {
        let mut closed = self;
        let mut left: Vec<Anomaly> = self.iter().collect();
        while let Some(anomaly) = left.pop() {
            for implied in anomaly.kind().implies {
                if !closed.contains(*implied) {
                    closed.insert(*implied);
                    left.push(*implied);
                }
            }
        }
        closed
    }
}

impl FromIterator<Anomaly> for AnomalySet {
    fn from_iter<I: IntoIterator<Item = Anomaly>>(anomalies: I) -> AnomalySet {
        let mut set = AnomalySet::default();
        anomalies
            .into_iter()
            .for_each(|anomaly| set.insert(anomaly));
        set
    }
}

impl ModelSet {
    pub fn all() -> ModelSet {
        MODELS.iter().map(|kind| kind.model).collect()
    }

    pub fn insert(&mut self, model: Model) {
        self.0 |= 1 << model as u32;
    }

    pub fn contains(self, model: Model) -> bool {
        self.0 >> (model as u32) & 1 == 1
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn and(self, other: ModelSet) -> ModelSet {
        ModelSet(self.0 & other.0)
    }

    pub fn or(self, other: ModelSet) -> ModelSet {
        ModelSet(self.0 | other.0)
    }

    pub fn without(self, other: ModelSet) -> ModelSet {
        ModelSet(self.0 & !other.0)
    }

    /// The members in the order of the table, stronger transactional models first.
    pub fn iter(self) -> impl Iterator<Item = Model> {
        MODELS
            .iter()
            .map(|kind| kind.model)
            .filter(move |model| self.contains(*model))
    }

    /// The members that no other member is stronger than.
    pub fn strongest(self) -> Vec<Model> {
        let dominated = |model: Model| {
            self.iter()
                .any(|other| other != model && weaker_or_equal(other).contains(model))
        };
        self.iter().filter(|model| !dominated(*model)).collect()
    }

    /// The members that are stronger than no other member.
    pub fn weakest(self) -> Vec<Model> {
        let dominates = |model: Model| !self.and(weaker_or_equal(model)).eq(&ModelSet::from(model));
        self.iter().filter(|model| !dominates(*model)).collect()
    }
}

impl From<Model> for ModelSet {
    fn from(model: Model) -> ModelSet {
        [model].into_iter().collect()
    }
}

impl FromIterator<Model> for ModelSet {
    fn from_iter<I: IntoIterator<Item = Model>>(models: I) -> ModelSet {
        let mut set = ModelSet::default();
        models.into_iter().for_each(|model| set.insert(model));
        set
    }
}

/// The model itself and every model it implies.
pub fn weaker_or_equal(model: Model) -> ModelSet {
    let mut set = ModelSet::from(model);
    let mut left = vec![model];
    while let Some(model) = left.pop() {
        for weaker in model.kind().weaker {
            if !set.contains(*weaker) {
                set.insert(*weaker);
                left.push(*weaker);
            }
        }
    }
    set
}

/// Everything the model forbids, that of weaker models included. Anomalies which merely imply one
/// of these are not listed: see [`ruled_out`].
pub fn forbidden(model: Model) -> AnomalySet {
    weaker_or_equal(model)
        .iter()
        .flat_map(|weaker| weaker.kind().forbids.iter().copied())
        .collect()
}

/// The models that a history with these anomalies cannot satisfy.
pub fn ruled_out(anomalies: AnomalySet) -> ModelSet {
    let shown = anomalies.closure();
    MODELS
        .iter()
        .map(|kind| kind.model)
        .filter(|model| forbidden(*model).intersects(shown))
        .collect()
}

/// Whether this one anomaly breaks the model.
pub fn breaks(anomaly: Anomaly, model: Model) -> bool {
    ruled_out([anomaly].into_iter().collect()).contains(model)
}

#[cfg(test)]
mod tests;
