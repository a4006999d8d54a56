//! EDN's numbers in all their forms.
//!
//! An integer that fits 64 bits is an [`Int`](Value::Int), with or without `N`; a decimal (`1.5M`)
//! of at most 15 digits is a [`Float`](Value::Float), which then prints the same digits; anything
//! larger or longer, and every ratio, is a [`BigNumber`](Value::BigNumber).

use crate::value::Value;

/// Decimal digits every `f64` keeps (C's `DBL_DIG`).
const FLOAT_DIGITS: usize = 15;

/// Reads a whole token that begins like a number; otherwise says what would have been right.
pub(super) fn number(token: &str) -> Result<Value, &'static str> {
    let token = token.strip_prefix('+').unwrap_or(token);
    let (negative, magnitude) = match token.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, token),
    };
    if let Some(hex) = magnitude
        .strip_prefix("0x")
        .or_else(|| magnitude.strip_prefix("0X"))
    {
        return hexadecimal(negative, hex);
    }
    if let Some((numerator, denominator)) = magnitude.split_once('/') {
        let zero = denominator.bytes().all(|b| b == b'0');
        return match is_integer(numerator) && is_integer(denominator) && !zero {
            true => Ok(Value::BigNumber(token.into())),
            false => Err("a ratio of two integers, the second not zero"),
        };
    }
    if let Some(digits) = magnitude.strip_suffix('N') {
        return integer(&token[..token.len() - 1], digits);
    }
    if let Some(digits) = magnitude.strip_suffix('M') {
        return decimal(&token[..token.len() - 1], digits);
    }
    if is_integer(magnitude) {
        return integer(token, magnitude);
    }
    float(token, magnitude)
}

fn hexadecimal(negative: bool, digits: &str) -> Result<Value, &'static str> {
    const EXPECTED: &str = "a hexadecimal integer of at most 63 bits";
    if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(EXPECTED);
    }
    let magnitude = i64::from_str_radix(digits, 16).map_err(|_| EXPECTED)?;
    Ok(Value::Int(if negative { -magnitude } else { magnitude }))
}

/// `signed` is the number, `magnitude` the same without its sign.
fn integer(signed: &str, magnitude: &str) -> Result<Value, &'static str> {
    if !is_integer(magnitude) {
        return Err("an integer without leading zeros");
    }
    Ok(match signed.parse() {
        Ok(int) => Value::Int(int),
        Err(_) => Value::BigNumber(signed.into()),
    })
}

fn decimal(signed: &str, magnitude: &str) -> Result<Value, &'static str> {
    if !is_decimal(magnitude) {
        return Err("a decimal such as 1.5M");
    }
    let digits = magnitude.bytes().take_while(|b| !matches!(b, b'e' | b'E'));
    let short = digits.filter(u8::is_ascii_digit).count() <= FLOAT_DIGITS;
    let has_exponent = magnitude.contains(['e', 'E']);
    Ok(match signed.parse() {
        Ok(float) if short && !has_exponent => Value::Float(float),
        _ => Value::BigNumber(signed.into()),
    })
}

fn float(signed: &str, magnitude: &str) -> Result<Value, &'static str> {
    if !is_decimal(magnitude) {
        return Err("a number such as 3, -1.5, 2e10, 3N, 1.5M or 1/3");
    }
    match signed.parse::<f64>() {
        Ok(float) if float.is_finite() => Ok(Value::Float(float)),
        _ => Err("a number within the range of a 64-bit float (write M after it for a decimal)"),
    }
}

/// Digits without a leading zero.
fn is_integer(text: &str) -> bool {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    digits && (text.len() == 1 || !text.starts_with('0'))
}

/// `digits [. digits*] [e [sign] digits]`
fn is_decimal(text: &str) -> bool {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (text, None),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent_ok = exponent.is_none_or(|exponent| {
        let digits = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit())
    });
    is_integer(whole) && fraction.bytes().all(|b| b.is_ascii_digit()) && exponent_ok
}
