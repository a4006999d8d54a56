//! Graphs in DOT, the language of graphviz.

use std::fmt::Write;

use super::ink::line;

/// A directed graph in the making.
pub struct Dot(String);

impl Dot {
    pub fn new(name: &str) -> Dot {
        Dot(format!(
            "digraph {} {{\n  node [shape=box fontname=monospace];\n",
            quoted(name)
        ))
    }

    pub fn node(&mut self, name: &str, lines: &[String], colour: &str) {
        let label = lines.iter().map(|text| escaped(text) + "\\l");
        let label: String = label.collect();
        let _ = writeln!(
            self.0,
            "  {} [label=\"{label}\" color=\"{colour}\"];",
            quoted(name)
        );
    }

    pub fn edge(&mut self, from: &str, to: &str, label: &str, colour: &str) {
        let _ = writeln!(
            self.0,
            "  {} -> {} [label={} color=\"{colour}\"];",
            quoted(from),
            quoted(to),
            quoted(label)
        );
    }

    pub fn finish(mut self) -> String {
        self.0.push_str("}\n");
        self.0
    }
}

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

fn escaped(text: &str) -> String {
    line(text).replace('\\', "\\\\").replace('"', "\\\"")
}
