//! A cycle of dependencies: its transactions from top to bottom in the order of the story, an
//! arrow for each edge, and below why each edge is there.

use std::collections::HashMap;

use faultbench_checkers::report::Finding;
use serde_json::Value as Json;
use svg::node::element::{Group, Title};

use super::dot::Dot;
use super::ink::{self, LINE};

/// Transactions drawn.
const NODES_MAX: usize = 40;
/// Micro-operations listed of one transaction.
const MICRO_OPS_MAX: usize = 12;

const MARGIN: f64 = 12.0;
/// Room between two transactions, for the arrow and its label.
const GAP: f64 = 46.0;
/// Room between two arrows that go around.
const LANE: f64 = 26.0;

/// The edges of a finding as a graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cycle {
    title: String,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Node {
    label: String,
    lines: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Edge {
    from: usize,
    to: usize,
    label: String,
    kind: String,
    why: String,
}

impl Cycle {
    /// The cycle a finding is about; `None` where it is about something else, or about a cycle of
    /// more than [`NODES_MAX`] transactions, of which no picture helps.
    pub fn of(finding: &Finding) -> Option<Cycle> {
        let transactions = finding.details["transactions"].as_array()?;
        let steps = finding.details["cycle"].as_array()?;
        if transactions.len() > NODES_MAX {
            return None;
        }
        let nodes: Vec<Node> = transactions.iter().map(node).collect();
        let at: HashMap<&str, usize> = nodes
            .iter()
            .enumerate()
            .map(|(n, node)| (node.label.as_str(), n))
            .collect();
        let edge = |step: &Json| {
            let kind = step["kind"].as_str()?.to_owned();
            let label = match step["key"].as_str() {
                Some(key) => format!("{kind} {key}"),
                None => kind.clone(),
            };
            Some(Edge {
                from: *at.get(step["from"].as_str()?)?,
                to: *at.get(step["to"].as_str()?)?,
                label,
                kind,
                why: step["why"].as_str()?.to_owned(),
            })
        };
        let edges: Option<Vec<Edge>> = steps.iter().map(edge).collect();
        Some(Cycle {
            title: finding.anomaly.to_owned(),
            edges: edges?,
            nodes,
        })
    }

    pub fn dot(&self) -> String {
        let mut dot = Dot::new(&self.title);
        for node in &self.nodes {
            dot.node(&node.label, &node.lines, "black");
        }
        for edge in &self.edges {
            let (from, to) = (&self.nodes[edge.from], &self.nodes[edge.to]);
            dot.edge(&from.label, &to.label, &edge.label, colour(&edge.kind));
        }
        dot.finish()
    }

    pub fn svg(&self) -> String {
        let lines = self.nodes.iter().flat_map(|node| &node.lines);
        let inner = lines.map(|text| ink::width(text)).fold(0.0, f64::max);
        let boxes = inner + 2.0 * MARGIN;
        let mut tops = Vec::new();
        let mut y = MARGIN;
        for node in &self.nodes {
            tops.push(y);
            y += node.height() + GAP;
        }
        let around = self.edges.iter().filter(|edge| !edge.is_down()).count();
        let labels = self.edges.iter().map(|edge| ink::width(&edge.label));
        let right = MARGIN + boxes + around as f64 * LANE + labels.fold(0.0, f64::max) + MARGIN;
        let reasons: Vec<String> = self.edges.iter().map(|e| ink::line(&e.why)).collect();
        let widest = reasons.iter().map(|why| ink::width(why));
        let width = widest.fold(right, |a, b| a.max(b + 2.0 * MARGIN));
        let below = y - GAP + LINE * 1.5;
        let height = below + reasons.len() as f64 * LINE + MARGIN;
        let mut document = ink::document(width, height, &format!("Cycle: {}", self.title));
        for (node, top) in self.nodes.iter().zip(&tops) {
            document = document.add(node.drawn(*top, boxes));
        }
        let mut lane = 0;
        for edge in &self.edges {
            lane += usize::from(!edge.is_down());
            document = document.add(self.arrow(edge, &tops, boxes, lane));
        }
        for (row, why) in reasons.iter().enumerate() {
            document = document.add(ink::text(MARGIN, below + row as f64 * LINE, why));
        }
        document.to_string()
    }

    /// Straight down to the next transaction, or around on the right side in a lane of its own.
    fn arrow(&self, edge: &Edge, tops: &[f64], boxes: f64, lane: usize) -> Group {
        let colour = colour(&edge.kind);
        let bottom = |n: usize| tops[n] + self.nodes[n].height();
        let (path, x, y) = if edge.is_down() {
            let x = MARGIN + boxes / 2.0;
            let (from, to) = (bottom(edge.from), tops[edge.to]);
            (
                format!("M{x},{from} L{x},{to}"),
                x + 8.0,
                (from + to) / 2.0 + 4.0,
            )
        } else {
            let right = MARGIN + boxes;
            let x = right + lane as f64 * LANE;
            let shift = lane as f64 * 5.0;
            let from = tops[edge.from] + self.nodes[edge.from].height() / 2.0 + shift;
            let to = tops[edge.to] + self.nodes[edge.to].height() / 2.0 - shift;
            let path = format!(
                "M{right},{from} C{x},{from} {x},{from} {x},{mid} \
                 C{x},{to} {x},{to} {right},{to}",
                mid = (from + to) / 2.0
            );
            (
                path,
                x + 6.0,
                (from + to) / 2.0 + lane as f64 * LINE - LINE / 2.0,
            )
        };
        let arrow = ink::stroke(path, colour).set("marker-end", "url(#arrow)");
        Group::new()
            .add(Title::new(ink::line(&edge.why)))
            .add(arrow)
            .add(ink::text(x, y, &ink::line(&edge.label)).set("fill", colour))
    }
}

impl Edge {
    fn is_down(&self) -> bool {
        self.to == self.from + 1
    }
}

impl Node {
    fn height(&self) -> f64 {
        self.lines.len() as f64 * LINE + 10.0
    }

    fn drawn(&self, top: f64, width: f64) -> Group {
        let frame = ink::frame(MARGIN, top, width, self.height(), "#6b7785", "none");
        let mut group = Group::new().add(frame);
        for (row, line) in self.lines.iter().enumerate() {
            let y = top + (row + 1) as f64 * LINE;
            let text = ink::text(2.0 * MARGIN, y, line);
            let weight = if row == 0 { "bold" } else { "normal" };
            group = group.add(text.set("font-weight", weight));
        }
        group
    }
}

fn node(transaction: &Json) -> Node {
    let label = transaction["label"].as_str().unwrap_or("T").to_owned();
    let mut head = label.clone();
    // Lenient reading takes operations that name no process.
    if let Some(process) = transaction["process"].as_u64() {
        head += &format!(" by process {process}");
    }
    let seconds = |name: &str| transaction[name].as_str().map(str::to_owned);
    if let (Some(from), Some(to)) = (seconds("invoked_at"), seconds("completed_at")) {
        head += &format!(", {from} to {to}");
    }
    let mut lines = vec![ink::line(&head)];
    let micro_ops = transaction["micro_operations"].as_array();
    let micro_ops = micro_ops.map_or(&[][..], Vec::as_slice);
    let shown = micro_ops
        .iter()
        .take(MICRO_OPS_MAX)
        .filter_map(Json::as_str);
    lines.extend(shown.map(ink::line));
    if micro_ops.len() > MICRO_OPS_MAX {
        lines.push(format!("… and {} more", micro_ops.len() - MICRO_OPS_MAX));
    }
    Node { label, lines }
}

/// The colour of an edge's kind, as in Elle's pictures: who wrote after whom, who read what, who
/// missed what, and the orders of time.
fn colour(kind: &str) -> &'static str {
    match kind {
        "ww" => "#c0392b",
        "wr" => "#2471a3",
        "rw" => "#8e44ad",
        "process" => "#1e8449",
        _ => "#b9770e",
    }
}
