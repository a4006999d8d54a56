//! Where EDN's tokens end, and which texts are keywords and symbols.

/// True for a byte that ends a keyword, symbol or number. `,` is white space.
#[inline]
pub(super) fn ends_token(byte: u8) -> bool {
    ENDS_TOKEN[byte as usize]
}

static ENDS_TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let enders = b" \t\n\r\x0b\x0c,()[]{}\"\\;^`~@";
    let mut i = 0;
    while i < enders.len() {
        table[enders[i] as usize] = true;
        i += 1;
    }
    table
};

/// True for white space between values.
#[inline]
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(
        byte,
        b' ' | b'\t' | b'\n' | b'\r' | b'\x0b' | b'\x0c' | b','
    )
}

/// True if `:text` is a keyword to every EDN reader.
pub(super) fn is_keyword(text: &str) -> bool {
    let parts_ok = match text.split_once('/') {
        None => !text.is_empty(),
        Some((namespace, name)) => !namespace.is_empty() && !name.is_empty() && !name.contains('/'),
    };
    let inner = |c: char| c.is_alphanumeric() || "*+!-_?$%&=<>.'#/|:".contains(c);
    let ends_ok = |part: &str| !part.starts_with(['#', '\'', ':']) && !part.ends_with(':');
    parts_ok && text.chars().all(inner) && text.split('/').all(ends_ok) && !text.contains("::")
}

/// True if `text` is a symbol to every EDN reader, and not `nil`, `true`, `false` or a number.
pub(super) fn is_symbol(text: &str) -> bool {
    let after_sign = text.trim_start_matches(['+', '-', '.']);
    is_keyword(text)
        && !after_sign.starts_with(|c: char| c.is_numeric())
        && !matches!(text, "nil" | "true" | "false")
}
