//! What both pictures draw with: text, boxes and arrows, measured by estimate since there is no
//! font to ask.

use svg::Document;
use svg::node::element::{Definitions, Group, Marker, Path, Rectangle, Text};

use crate::report::html::texts::clipped;

/// Pixels of a line of text.
pub const LINE: f64 = 16.0;
/// Pixels of a character, at the size of our text; monospaced.
const CHARACTER: f64 = 7.3;
const FONT_PIXELS: u32 = 12;
/// Characters of a line.
const LINE_CHARS_MAX: usize = 96;

/// A document of this size whose arrows have heads.
pub fn document(width: f64, height: f64, title: &str) -> Document {
    let head = Path::new()
        .set("d", "M0,0 L8,4 L0,8 z")
        .set("fill", "context-stroke");
    let marker = Marker::new()
        .set("id", "arrow")
        .set("viewBox", (0, 0, 8, 8))
        .set("refX", 8)
        .set("refY", 4)
        .set("markerWidth", 8)
        .set("markerHeight", 8)
        .set("orient", "auto-start-reverse")
        .add(head);
    Document::new()
        .set("viewBox", (0.0, 0.0, width, height))
        .set("width", width)
        .set("height", height)
        .set("role", "img")
        .set("aria-label", line(title))
        .set("font-family", "ui-monospace, DejaVu Sans Mono, monospace")
        .set("font-size", FONT_PIXELS)
        .set("fill", "currentColor")
        .add(Definitions::new().add(marker))
}

/// One line of text, safe to draw: short, and without characters that XML does not have.
pub fn line(text: &str) -> String {
    clipped(&text.replace('\n', " "), LINE_CHARS_MAX)
}

pub fn width(text: &str) -> f64 {
    text.chars().count() as f64 * CHARACTER
}

pub fn text(x: f64, y: f64, content: &str) -> Text {
    Text::new(content).set("x", x).set("y", y)
}

/// A box with rounded corners in a colour, lightly filled over paper that hides what runs below.
pub fn frame(x: f64, y: f64, width: f64, height: f64, colour: &str, dashes: &str) -> Group {
    let shape = || {
        Rectangle::new()
            .set("x", x)
            .set("y", y)
            .set("width", width)
            .set("height", height)
            .set("rx", 5)
    };
    let tinted = shape()
        .set("stroke", colour)
        .set("stroke-dasharray", dashes)
        .set("fill", colour)
        .set("fill-opacity", 0.12);
    Group::new().add(shape().set("fill", "Canvas")).add(tinted)
}

pub fn stroke(d: String, colour: &str) -> Path {
    Path::new()
        .set("d", d)
        .set("fill", "none")
        .set("stroke", colour)
        .set("stroke-width", 1.5)
}
