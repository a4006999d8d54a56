//! The tables are well formed and closed as the papers have them.

use super::*;
use Anomaly::*;
use Model::*;

fn names(models: impl IntoIterator<Item = Model>) -> Vec<&'static str> {
    models.into_iter().map(Model::name).collect()
}

fn weakest_ruled_out(anomaly: Anomaly) -> Vec<&'static str> {
    names(ruled_out([anomaly].into_iter().collect()).weakest())
}

#[test]
fn rows_stand_in_the_order_of_the_enums() {
    for (at, kind) in MODELS.iter().enumerate() {
        assert_eq!(kind.model as usize, at, "{}", kind.name);
        assert_eq!(Model::from_name(kind.name), Some(kind.model));
        for alias in kind.aliases {
            assert_eq!(Model::from_name(alias), Some(kind.model), "{alias}");
        }
    }
    for (at, kind) in ANOMALIES.iter().enumerate() {
        assert_eq!(kind.anomaly as usize, at, "{}", kind.name);
        assert_eq!(Anomaly::from_name(kind.name), Some(kind.anomaly));
    }
    assert_eq!(Model::from_name("strongish"), None);
}

#[test]
fn no_model_is_stronger_than_itself() {
    for kind in MODELS {
        for weaker in kind.weaker {
            assert!(
                !weaker_or_equal(*weaker).contains(kind.model),
                "{}",
                kind.name
            );
        }
    }
}

#[test]
fn what_breaks_a_model_breaks_every_stronger_one() {
    for anomaly in ANOMALIES {
        let out = ruled_out([anomaly.anomaly].into_iter().collect());
        for kind in MODELS {
            let broken_below = !weaker_or_equal(kind.model).and(out).is_empty();
            assert_eq!(
                out.contains(kind.model),
                broken_below,
                "{} {}",
                anomaly.name,
                kind.name
            );
        }
    }
}

#[test]
fn variants_rule_out_less_than_their_plain_kind() {
    for kind in ANOMALIES {
        let out = ruled_out([kind.anomaly].into_iter().collect());
        for implied in kind.implies {
            let fewer = ruled_out([*implied].into_iter().collect());
            assert!(
                fewer.without(out).is_empty(),
                "{} ⇒ {}",
                kind.name,
                implied.name()
            );
        }
    }
}

#[test]
fn the_weakest_models_an_anomaly_rules_out() {
    let cases: [(Anomaly, &[&str]); 12] = [
        (G0, &["read-uncommitted"]),
        (G1a, &["read-committed"]),
        (GarbageRead, &["read-committed"]),
        (G1cProcess, &["strong-session-read-committed"]),
        (G0Realtime, &["strong-read-uncommitted"]),
        (
            GSingleItem,
            &[
                "repeatable-read",
                "consistent-view",
                "parallel-snapshot-isolation",
            ],
        ),
        (GNonadjacentItem, &["snapshot-isolation", "repeatable-read"]),
        (G2Item, &["repeatable-read"]),
        (G2ItemRealtime, &["strict-serializable"]),
        (GSingleItemProcess, &["strong-session-snapshot-isolation"]),
        (Internal, &["read-atomic"]),
        (LostUpdate, &["update-atomic", "cursor-stability"]),
    ];
    for (anomaly, expected) in cases {
        assert_eq!(weakest_ruled_out(anomaly), expected, "{}", anomaly.name());
    }
}

#[test]
fn the_strongest_models_left_standing() {
    let standing = |anomaly: Anomaly| {
        let transactional: ModelSet = MODELS
            .iter()
            .map(|kind| kind.model)
            .filter(|model| model.is_transactional())
            .collect();
        names(
            transactional
                .without(ruled_out([anomaly].into_iter().collect()))
                .strongest(),
        )
    };
    assert_eq!(
        standing(G2ItemRealtime),
        ["strong-session-serializable", "strong-snapshot-isolation",]
    );
    assert_eq!(
        standing(G2ItemProcess),
        ["serializable", "strong-snapshot-isolation"]
    );
}

#[test]
fn nothing_found_rules_nothing_out() {
    assert!(ruled_out(AnomalySet::default()).is_empty());
    assert_eq!(names(ModelSet::all().strongest()), ["strict-serializable"]);
    assert!(breaks(ReadYourWritesViolation, StrictSerializable));
    assert!(!breaks(ReadYourWritesViolation, Serializable));
}
