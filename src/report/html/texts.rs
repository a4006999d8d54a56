//! The texts of a picture, each kept once, shortened and safe to show.

use std::fmt::{self, Display, Write};

use rustc_hash::FxHashMap;

/// Characters of a text that are kept: a read of a large set tells nothing more by its end.
pub const TEXT_CHARS_MAX: usize = 400;

/// A text's number, from 0 in order of first appearance.
pub type TextId = u32;

/// Texts by number.
#[derive(Debug, Default)]
pub struct Texts {
    texts: Vec<Box<str>>,
    ids: FxHashMap<Box<str>, TextId>,
    bytes: usize,
}

impl Texts {
    /// The number of what `shown` displays, shortened to [`TEXT_CHARS_MAX`].
    pub fn id(&mut self, shown: &dyn Display) -> TextId {
        let text = clipped(shown, TEXT_CHARS_MAX);
        if let Some(id) = self.ids.get(text.as_str()) {
            return *id;
        }
        let id = self.texts.len() as TextId;
        self.bytes += text.len();
        let text: Box<str> = text.into();
        self.texts.push(text.clone());
        self.ids.insert(text, id);
        id
    }

    pub fn text(&self, id: TextId) -> &str {
        &self.texts[id as usize]
    }

    /// Bytes of all texts together.
    pub fn bytes(&self) -> usize {
        self.bytes
    }
}

/// The first `chars` characters of what is displayed, with `…` if there are more. The rest is not
/// even written. Control characters and those that turn the direction of writing around, by which
/// one text can pass for another, come out as their code.
pub fn clipped(shown: &dyn Display, chars: usize) -> String {
    let mut clip = Clip {
        out: String::new(),
        left: chars,
    };
    if write!(clip, "{shown}").is_err() {
        clip.out.push('…');
    }
    clip.out
}

/// Takes characters until it is full, then fails.
struct Clip {
    out: String,
    left: usize,
}

impl Write for Clip {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for c in text.chars() {
            self.left = self.left.checked_sub(1).ok_or(fmt::Error)?;
            if c.is_control() || is_direction(c) {
                self.out.extend(c.escape_unicode());
            } else {
                self.out.push(c);
            }
        }
        Ok(())
    }
}

/// Whether the character changes the direction of those around it.
fn is_direction(c: char) -> bool {
    matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_share_a_number() {
        let mut texts = Texts::default();
        let ids: Vec<TextId> = ["a", "b", "a"].iter().map(|text| texts.id(text)).collect();
        assert_eq!(ids, [0, 1, 0]);
        assert_eq!(texts.text(1), "b");
        assert_eq!(texts.bytes(), 2);
    }

    #[test]
    fn long_texts_end_early_and_tricks_show() {
        assert_eq!(clipped(&"abc", 3), "abc");
        assert_eq!(clipped(&"abcd", 3), "abc…");
        assert_eq!(clipped(&"a\u{202e}b\n", 9), "a\\u{202e}b\\u{a}");
    }
}
