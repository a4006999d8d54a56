//! The lattice of consistency models, stronger ones above, each marked by what the history says of
//! it: ruled out, standing, or not decided.

use faultbench_checkers::lattice::{MODELS, Model, ModelSet, weaker_or_equal};
use faultbench_checkers::report::{Report, Validity};
use svg::node::element::Group;

use super::dot::Dot;
use super::ink::{self, LINE};

const MARGIN: f64 = 12.0;
const HEIGHT: f64 = 26.0;
/// Room between two layers, for the edges.
const GAP: f64 = 40.0;
/// Passes that straighten the edges.
const SWEEPS: usize = 8;

/// What a history says of the models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    drawn: ModelSet,
    ruled_out: ModelSet,
    stands: ModelSet,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    RuledOut,
    Stands,
    Undecided,
}

impl State {
    /// The mark before the name, and the colour of the box.
    fn look(self) -> (char, &'static str) {
        match self {
            State::RuledOut => ('✗', "#c0392b"),
            State::Stands => ('✓', "#1e8449"),
            State::Undecided => ('?', "#7f8c8d"),
        }
    }
}

impl Standing {
    /// What a report says; `None` where no consistency model was judged.
    pub fn of(report: &Report) -> Option<Standing> {
        let mut standing = Standing {
            drawn: ModelSet::default(),
            ruled_out: ModelSet::default(),
            stands: ModelSet::default(),
        };
        let named = |name: &serde_json::Value| name.as_str().and_then(Model::from_name);
        if let Some(ruled_out) = report.figures.get("ruled_out").and_then(|v| v.as_object()) {
            let names = ruled_out.keys().filter_map(|name| Model::from_name(name));
            names.for_each(|model| standing.ruled_out.insert(model));
            let strongest = report.figures.get("strongest_standing");
            let strongest = strongest.and_then(|v| v.as_array()).into_iter().flatten();
            strongest
                .filter_map(named)
                .for_each(|model| standing.stand(model));
            standing.draw(true);
        }
        for claim in &report.claims {
            let model = Model::from_name(claim.model)?;
            standing.draw(model.is_transactional());
            match claim.validity {
                Validity::Valid => standing.stand(model),
                Validity::Invalid => standing.rule_out(model),
                Validity::Unknown => {}
            }
        }
        (!standing.drawn.is_empty()).then_some(standing)
    }

    /// Adds the models of transactions, or those of single objects.
    fn draw(&mut self, transactional: bool) {
        let models = MODELS.iter().map(|kind| kind.model);
        let group = models.filter(|model| model.is_transactional() == transactional);
        group.for_each(|model| self.drawn.insert(model));
    }

    fn stand(&mut self, model: Model) {
        let all = weaker_or_equal(model).iter();
        all.for_each(|weaker| self.stands.insert(weaker));
    }

    fn rule_out(&mut self, model: Model) {
        let models = MODELS.iter().map(|kind| kind.model);
        let stronger = models.filter(|other| weaker_or_equal(*other).contains(model));
        stronger.for_each(|stronger| self.ruled_out.insert(stronger));
    }

    fn state(&self, model: Model) -> State {
        if self.ruled_out.contains(model) {
            State::RuledOut
        } else if self.stands.contains(model) {
            State::Stands
        } else {
            State::Undecided
        }
    }

    fn weaker(&self, model: Model) -> impl Iterator<Item = Model> {
        let weaker = model.kind().weaker.iter().copied();
        weaker.filter(|weaker| self.drawn.contains(*weaker))
    }

    pub fn dot(&self) -> String {
        let mut dot = Dot::new("consistency models");
        for model in self.drawn.iter() {
            let (mark, colour) = self.state(model).look();
            dot.node(model.name(), &[format!("{mark} {}", model.name())], colour);
        }
        for model in self.drawn.iter() {
            for weaker in self.weaker(model) {
                dot.edge(model.name(), weaker.name(), "", "gray");
            }
        }
        dot.finish()
    }

    pub fn svg(&self) -> String {
        let layers = self.layers();
        let row = |layer: &[Model]| {
            let boxes: f64 = layer.iter().map(|model| box_width(*model) + MARGIN).sum();
            boxes + MARGIN
        };
        let width = layers.iter().map(|layer| row(layer)).fold(0.0, f64::max);
        let height = layers.len() as f64 * (HEIGHT + GAP) - GAP + 3.0 * MARGIN + LINE;
        // Where each model's box begins; every model of the table has a place.
        let mut places = vec![(0.0, 0.0); MODELS.len()];
        for (depth, layer) in layers.iter().enumerate() {
            let mut x = MARGIN + (width - row(layer)) / 2.0;
            for model in layer {
                places[*model as usize] = (x, MARGIN + depth as f64 * (HEIGHT + GAP));
                x += box_width(*model) + MARGIN;
            }
        }
        let mut edges = Group::new();
        let mut boxes = Group::new();
        for model in self.drawn.iter() {
            let (x, y) = places[model as usize];
            for weaker in self.weaker(model) {
                let from = (x + box_width(model) / 2.0, y + HEIGHT);
                let (x, y) = places[weaker as usize];
                edges = edges.add(edge(from, (x + box_width(weaker) / 2.0, y)));
            }
            boxes = boxes.add(self.drawn_box(model, x, y));
        }
        let legend = "✗ ruled out   ✓ stands   ? not decided; stronger models above";
        ink::document(
            width.max(ink::width(legend) + 2.0 * MARGIN),
            height,
            "Consistency models",
        )
        .add(edges)
        .add(boxes)
        .add(ink::text(MARGIN, height - MARGIN, legend))
        .to_string()
    }

    fn drawn_box(&self, model: Model, x: f64, y: f64) -> Group {
        let state = self.state(model);
        let (mark, colour) = state.look();
        let dashes = if state == State::Undecided {
            "4 3"
        } else {
            "none"
        };
        let frame = ink::frame(x, y, box_width(model), HEIGHT, colour, dashes);
        let name = format!("{mark} {}", model.name());
        Group::new()
            .add(frame)
            .add(ink::text(x + 8.0, y + 17.0, &name))
    }

    /// The models by how many stronger ones stand above each other over it, those of a layer near
    /// their stronger ones.
    fn layers(&self) -> Vec<Vec<Model>> {
        let mut depth = vec![0; MODELS.len()];
        // The table has stronger models first but for those of single objects: as many passes as
        // there are models settle every depth.
        for _ in MODELS {
            for model in self.drawn.iter() {
                for weaker in self.weaker(model) {
                    let below = depth[model as usize] + 1;
                    depth[weaker as usize] = depth[weaker as usize].max(below);
                }
            }
        }
        let deepest = self.drawn.iter().map(|model| depth[model as usize]).max();
        let mut layers = vec![Vec::new(); deepest.map_or(0, |deepest| deepest + 1)];
        for model in self.drawn.iter() {
            layers[depth[model as usize]].push(model);
        }
        for sweep in 0..SWEEPS {
            self.straighten(&mut layers, sweep % 2 == 0);
        }
        layers
    }

    /// Sorts each layer by the middle of its neighbours' places (Sugiyama et al., 1981).
    fn straighten(&self, layers: &mut [Vec<Model>], downwards: bool) {
        let mut place = vec![0.0; MODELS.len()];
        for layer in layers.iter() {
            for (n, model) in layer.iter().enumerate() {
                place[*model as usize] = (n as f64 + 0.5) / layer.len() as f64;
            }
        }
        for layer in layers.iter_mut() {
            let middle = |model: Model| {
                let above = self.drawn.iter();
                let above = above.filter(|other| self.weaker(*other).any(|m| m == model));
                let neighbours: Vec<f64> = match downwards {
                    true => above.map(|other| place[other as usize]).collect(),
                    false => self
                        .weaker(model)
                        .map(|other| place[other as usize])
                        .collect(),
                };
                match neighbours.len() {
                    0 => place[model as usize],
                    n => neighbours.iter().sum::<f64>() / n as f64,
                }
            };
            layer.sort_by(|a, b| middle(*a).total_cmp(&middle(*b)));
        }
    }
}

fn edge((x, y): (f64, f64), (to_x, to_y): (f64, f64)) -> svg::node::element::Path {
    let mid = (y + to_y) / 2.0;
    let path = format!("M{x},{y} C{x},{mid} {to_x},{mid} {to_x},{to_y}");
    ink::stroke(path, "#7f8c8d").set("stroke-opacity", 0.6)
}

fn box_width(model: Model) -> f64 {
    ink::width(model.name()) + ink::width("✗ ") + 16.0
}
