//! What `--nemesis` accepts: a table of fault families and their variants, and how a request is
//! turned into one concrete fault.

use std::fmt;
use std::str::FromStr;

use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Deserializer, Serialize};

use super::fault::{Fault, Link, Partition, Role, Victims};
use crate::node::NodeId;

/// A row of the table: a family of faults and the variants it can be asked for by `family:variant`.
pub struct Family {
    pub name: &'static str,
    pub about: &'static str,
    pub variants: &'static [Variant],
}

/// One way a family strikes.
pub struct Variant {
    pub name: &'static str,
    pub about: &'static str,
    /// The smallest cluster in which the variant means anything.
    pub nodes_min: usize,
    draw: Draw,
}

type DrawPartition = fn(&[NodeId], &mut ChaCha8Rng) -> Partition;

enum Draw {
    Partition(DrawPartition),
    Process(ProcessFault, Victim),
}

#[derive(Clone, Copy)]
enum ProcessFault {
    Kill,
    Pause,
}

enum Victim {
    One,
    Minority,
    Majority,
    All,
    Role(Role),
}

/// Every family. Asked for without a variant, a family goes through all that fit the cluster and
/// need no other fault.
pub const FAMILIES: &[Family] = &[
    Family {
        name: "partition",
        about: "packets between nodes are dropped; clients still reach every node",
        variants: &[
            Variant {
                name: "halves",
                about: "two random halves that do not hear each other",
                nodes_min: 2,
                draw: Draw::Partition(|nodes, rng| {
                    let mut shuffled = shuffle(nodes, rng);
                    let minority = sorted(shuffled.split_off(nodes.len().div_ceil(2)));
                    let sides = [minority, sorted(shuffled)];
                    Partition::Halves { sides }
                }),
            },
            Variant {
                name: "one",
                about: "one random node hears nobody",
                nodes_min: 2,
                draw: Draw::Partition(|nodes, rng| Partition::One {
                    node: pick(nodes, rng),
                }),
            },
            Variant {
                name: "leader",
                about: "whoever leads at that moment hears nobody",
                nodes_min: 2,
                draw: Draw::Partition(|_, _| Partition::Leader),
            },
            Variant {
                name: "majority-ring",
                about: "every node hears a majority, no two the same",
                nodes_min: 4,
                draw: Draw::Partition(|nodes, rng| Partition::MajorityRing {
                    ring: shuffle(nodes, rng),
                }),
            },
            Variant {
                name: "bridge",
                about: "two sides that hear each other only through one node",
                nodes_min: 3,
                draw: Draw::Partition(|nodes, rng| {
                    let mut shuffled = shuffle(nodes, rng);
                    let bridge = shuffled.remove(0);
                    let right = sorted(shuffled.split_off(shuffled.len() / 2));
                    let sides = [sorted(shuffled), right];
                    Partition::Bridge { bridge, sides }
                }),
            },
            Variant {
                name: "one-way",
                about: "packets from one side to the other are lost, the other way they arrive",
                nodes_min: 2,
                draw: Draw::Partition(|nodes, rng| {
                    let mut shuffled = shuffle(nodes, rng);
                    let count = rng.random_range(1..nodes.len());
                    let to = sorted(shuffled.split_off(count));
                    Partition::OneWay {
                        from: sorted(shuffled),
                        to,
                    }
                }),
            },
        ],
    },
    Family {
        name: "kill",
        about: "SIGKILL, then restart on the same disk",
        variants: &process_variants(ProcessFault::Kill),
    },
    Family {
        name: "pause",
        about: "SIGSTOP, then SIGCONT",
        variants: &process_variants(ProcessFault::Pause),
    },
];

/// Every process fault chooses its victims in the same ways.
const fn process_variants(fault: ProcessFault) -> [Variant; 6] {
    const fn variant(
        fault: ProcessFault,
        victim: Victim,
        name: &'static str,
        about: &'static str,
        nodes_min: usize,
    ) -> Variant {
        Variant {
            name,
            about,
            nodes_min,
            draw: Draw::Process(fault, victim),
        }
    }
    [
        variant(fault, Victim::One, "one", "one random node", 1),
        variant(
            fault,
            Victim::Minority,
            "minority",
            "as many as a quorum can do without",
            3,
        ),
        variant(
            fault,
            Victim::Majority,
            "majority",
            "one more than a quorum can do without",
            2,
        ),
        variant(fault, Victim::All, "all", "every node at once", 1),
        variant(
            fault,
            Victim::Role(Role::Leader),
            "leader",
            "whoever leads at that moment",
            1,
        ),
        variant(
            fault,
            Victim::Role(Role::MajoritySide),
            "majority-side",
            "the larger side of a partition, once it serves alone; goes with --overlap",
            3,
        ),
    ]
}

impl Variant {
    /// Whether it can only strike while a partition is in place: then it must be asked for by
    /// name, or a family taking turns with others would plan what cannot be.
    fn needs_partition(&self) -> bool {
        let role = Role::MajoritySide;
        matches!(self.draw, Draw::Process(_, Victim::Role(needed)) if needed == role)
    }

    fn draw(&self, nodes: usize, rng: &mut ChaCha8Rng) -> Fault {
        let nodes: Vec<NodeId> = NodeId::all(nodes).collect();
        match &self.draw {
            Draw::Partition(draw) => Fault::Partition(draw(&nodes, rng)),
            Draw::Process(fault, victim) => {
                let nodes = victim.choose(&nodes, rng);
                match fault {
                    ProcessFault::Kill => Fault::Kill { nodes },
                    ProcessFault::Pause => Fault::Pause { nodes },
                }
            }
        }
    }
}

impl Victim {
    fn choose(&self, nodes: &[NodeId], rng: &mut ChaCha8Rng) -> Victims {
        let count = match self {
            Victim::One => 1,
            Victim::Minority => (nodes.len() - 1) / 2,
            Victim::Majority => nodes.len() / 2 + 1,
            Victim::All => nodes.len(),
            Victim::Role(role) => return Victims::Role(*role),
        };
        let mut shuffled = shuffle(nodes, rng);
        shuffled.truncate(count);
        Victims::Nodes(sorted(shuffled))
    }
}

/// One entry of `--nemesis`: a family, with or without a variant, or an explicit set of links.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(into = "String")]
pub enum Request {
    Family {
        family: &'static str,
        variant: Option<&'static str>,
    },
    Grudge(Vec<Link>),
}

impl Request {
    /// An endless stream of faults of this request for a cluster of `nodes`: the fitting variants
    /// in random order, all of them before any comes again.
    ///
    /// # Errors
    /// What was asked for needs a larger cluster, or names a node that is not there.
    pub fn faults(
        &self,
        nodes: usize,
        mut rng: ChaCha8Rng,
    ) -> Result<impl FnMut() -> Fault + use<>, String> {
        let choices = self.choices(nodes)?;
        let mut round: Vec<usize> = Vec::new();
        Ok(move || {
            if round.is_empty() {
                round = (0..choices.len()).collect();
                round.shuffle(&mut rng);
            }
            match &choices[round
                .pop()
                .expect("a round is never empty: every request has a choice")]
            {
                Choice::Drawn(variant) => variant.draw(nodes, &mut rng),
                Choice::Fixed(fault) => fault.clone(),
            }
        })
    }

    /// Whether it asks for a fault that strikes whom only the cluster can name.
    pub fn needs_leader(&self) -> bool {
        let Request::Family { family, variant } = self else {
            return false;
        };
        let variants = family_named(family).map_or(&[][..], |family| family.variants);
        let asked = variants.iter().find(|row| Some(row.name) == *variant);
        asked.is_some_and(|variant| match variant.draw {
            Draw::Process(_, Victim::Role(_)) => true,
            Draw::Process(..) => false,
            Draw::Partition(_) => variant.name == "leader",
        })
    }

    fn choices(&self, nodes: usize) -> Result<Vec<Choice>, String> {
        let (family, wanted) = match self {
            Request::Family { family, variant } => (family, variant),
            Request::Grudge(cut) => return grudge(cut, nodes).map(|fault| vec![fault]),
        };
        let family = family_named(family).expect("a request only holds names of the table");
        let variants = family.variants.iter().filter(|variant| match wanted {
            Some(wanted) => *wanted == variant.name,
            None => !variant.needs_partition(),
        });
        let (fitting, too_large): (Vec<_>, Vec<_>) =
            variants.partition(|variant| variant.nodes_min <= nodes);
        if fitting.is_empty() {
            let least = too_large.iter().map(|v| v.nodes_min).min().unwrap_or(1);
            return Err(format!(
                "{self} needs at least {least} nodes, this cluster has {nodes}"
            ));
        }
        Ok(fitting.into_iter().map(Choice::Drawn).collect())
    }
}

enum Choice {
    Drawn(&'static Variant),
    Fixed(Fault),
}

fn grudge(cut: &[Link], nodes: usize) -> Result<Choice, String> {
    if let Some(link) = cut.iter().find(|link| link.from.0.max(link.to.0) >= nodes) {
        return Err(format!(
            "{link} names a node beyond n{nodes}, the last of this cluster"
        ));
    }
    Ok(Choice::Fixed(Fault::Partition(Partition::Grudge {
        cut: cut.to_vec(),
    })))
}

fn family_named(name: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.name == name)
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Request::Family {
                family,
                variant: None,
            } => f.write_str(family),
            Request::Family {
                family,
                variant: Some(variant),
            } => write!(f, "{family}:{variant}"),
            Request::Grudge(cut) => {
                let links: Vec<_> = cut.iter().map(Link::to_string).collect();
                write!(f, "partition:{}", links.join("+"))
            }
        }
    }
}

impl FromStr for Request {
    type Err = String;

    fn from_str(text: &str) -> Result<Request, String> {
        let (family_name, variant) = match text.split_once(':') {
            Some((family, variant)) => (family, Some(variant)),
            None => (text, None),
        };
        let family = family_named(family_name).ok_or_else(|| {
            let known: Vec<_> = FAMILIES.iter().map(|family| family.name).collect();
            format!(
                "there is no nemesis {family_name:?}; choose from {}",
                known.join(", ")
            )
        })?;
        let Some(variant) = variant else {
            return Ok(Request::Family {
                family: family.name,
                variant: None,
            });
        };
        if family.name == "partition" && variant.contains('>') {
            return variant
                .split('+')
                .map(parse_link)
                .collect::<Result<_, _>>()
                .map(Self::Grudge);
        }
        match family.variants.iter().find(|row| row.name == variant) {
            Some(row) => Ok(Request::Family {
                family: family.name,
                variant: Some(row.name),
            }),
            None => {
                let known: Vec<_> = family.variants.iter().map(|row| row.name).collect();
                Err(format!(
                    "{family_name} has no variant {variant:?}; choose from {}",
                    known.join(", ")
                ))
            }
        }
    }
}

fn parse_link(text: &str) -> Result<Link, String> {
    let expected = || format!("{text:?} is no link; links are written n1>n2+n3>n1");
    let (from, to) = text.split_once('>').ok_or_else(expected)?;
    let (from, to): (NodeId, NodeId) = (from.parse()?, to.parse()?);
    if from == to {
        Err(expected())
    } else {
        Ok(Link { from, to })
    }
}

impl From<Request> for String {
    fn from(request: Request) -> String {
        request.to_string()
    }
}

// By hand: the derive takes `&'static str` fields for borrowed input.
impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Request, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

fn pick(nodes: &[NodeId], rng: &mut ChaCha8Rng) -> NodeId {
    nodes[rng.random_range(0..nodes.len())]
}

fn shuffle(nodes: &[NodeId], rng: &mut ChaCha8Rng) -> Vec<NodeId> {
    let mut shuffled = nodes.to_vec();
    shuffled.shuffle(rng);
    shuffled
}

fn sorted(mut nodes: Vec<NodeId>) -> Vec<NodeId> {
    nodes.sort();
    nodes
}

#[cfg(test)]
mod tests;
