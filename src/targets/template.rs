//! Text with placeholders: `{ip}` stands for a node's address. `{{ip}}` is the text `{ip}`; braces
//! around anything but a name stand for themselves, so that JSON can be written as it is.

use serde::Deserialize;

/// What every target can say, with the meaning.
pub const PLACEHOLDERS: &[(&str, &str)] = &[
    ("node", "the node's name: n1, n2, …"),
    ("n", "its number, from 1"),
    ("ip", "its address"),
    ("port", "the port of the target"),
    (
        "peers",
        "all nodes, itself included, each as `peers` says, joined by commas",
    ),
    ("others", "the same without the node itself"),
    ("first", "the address of n1"),
    ("nodes", "how many nodes there are"),
    ("quorum", "how many are a majority"),
    ("data", "the node's own directory, which outlives a kill"),
    ("dir", "the directory of the target file"),
    ("faultbench", "this program"),
];

/// A text, cut at its placeholders.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "String")]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(String),
    Placeholder(String),
}

impl Template {
    /// Reads a text.
    pub fn of(text: &str) -> Template {
        let mut pieces = Vec::new();
        let mut plain = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('{') {
            plain += &rest[..at];
            rest = &rest[at..];
            if let Some((name, after)) = braced(rest, "{{", "}}") {
                plain += &format!("{{{name}}}");
                rest = after;
            } else if let Some((name, after)) = braced(rest, "{", "}") {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
                pieces.push(Piece::Placeholder(name.to_owned()));
                rest = after;
            } else {
                plain.push('{');
                rest = &rest[1..];
            }
        }
        plain += rest;
        pieces.push(Piece::Text(plain));
        Template(pieces)
    }

    /// Fails on a placeholder that is neither one of [`PLACEHOLDERS`] nor of `more`.
    ///
    /// # Errors
    /// Which placeholder means nothing, and which do.
    pub fn check(&self, more: &[&str]) -> Result<(), String> {
        let known: Vec<&str> = PLACEHOLDERS.iter().map(|(name, _)| *name).collect();
        let unknown = self.0.iter().find_map(|piece| match piece {
            Piece::Placeholder(name) => {
                let is_known = [&known[..], more].concat().contains(&name.as_str());
                (!is_known).then_some(name)
            }
            Piece::Text(_) => None,
        });
        match unknown {
            None => Ok(()),
            Some(name) => Err(format!(
                "there is no placeholder {{{name}}}; there are {}; for the text itself write \
                 {{{{{name}}}}}",
                [&known[..], more].concat().join(", ")
            )),
        }
    }

    /// The text with every placeholder replaced by its value; one without is left as it is.
    pub fn render(&self, value: impl Fn(&str) -> Option<String>) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Placeholder(name) => value(name).unwrap_or_else(|| format!("{{{name}}}")),
        };
        self.0.iter().map(piece).collect()
    }
}

/// The name between `open` and `close` at the start of the text, and what follows.
fn braced<'a>(text: &'a str, open: &str, close: &str) -> Option<(&'a str, &'a str)> {
    let (name, after) = text.strip_prefix(open)?.split_once(close)?;
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase()) && name.chars().all(plain);
    is_name.then_some((name, after))
}

impl From<String> for Template {
    fn from(text: String) -> Template {
        Template::of(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str) -> String {
        Template::of(text).render(|name| (name == "ip").then(|| "10.77.0.1".to_owned()))
    }

    #[test]
    fn placeholders_are_replaced_and_braces_kept() {
        assert_eq!(
            rendered("http://{ip}:1/{ip}"),
            "http://10.77.0.1:1/10.77.0.1"
        );
        assert_eq!(rendered(r#"{"a":{"b":1}}"#), r#"{"a":{"b":1}}"#);
        assert_eq!(rendered("${HOME} {{ip}} {"), "${HOME} {ip} {");
    }

    #[test]
    fn an_unknown_placeholder_is_told_with_those_there_are() {
        let problem = Template::of("{ipp}").check(&["reads"]).unwrap_err();
        assert!(
            problem.contains("{ipp}") && problem.contains("reads"),
            "{problem}"
        );
        assert!(Template::of("{ip} {reads}").check(&["reads"]).is_ok());
    }
}
