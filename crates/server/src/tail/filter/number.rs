//! JSON's numbers as the decimals that they are, however long.

use std::cmp::Ordering;

/// Exponents beyond are taken for this one: no two numbers of that size are told apart by it that
/// have different digits.
const EXPONENT_MAX: i64 = 1 << 60;

/// A decimal number: 0.DIGITS times ten to the power of its exponent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Number {
    is_negative: bool,
    /// Neither the first nor the last is 0; none for 0, which has no sign and the exponent 0.
    digits: Box<[u8]>,
    exponent: i64,
}

impl Number {
    /// Reads a number as JSON writes it; `None` of anything else.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (is_negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = match rest.find(['e', 'E']) {
            Some(place) => (&rest[..place], power(&rest[place + 1..])?),
            None => (rest, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((_, "")) => return None,
            Some(parts) => parts,
            None => (mantissa, ""),
        };
        let has_leading_zero = 1 < whole.len() && whole.starts_with('0');
        let is_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || has_leading_zero || !is_digits(whole) || !is_digits(fraction) {
            return None;
        }
        let all: Vec<u8> = whole.bytes().chain(fraction.bytes()).collect();
        let Some(first) = all.iter().position(|&digit| digit != b'0') else {
            return Some(Number { is_negative: false, digits: Box::default(), exponent: 0 });
        };
        let last = all.iter().rposition(|&digit| digit != b'0').unwrap_or(first);
        let exponent = exponent + whole.len() as i64 - first as i64;
        Some(Number { is_negative, digits: all[first..=last].into(), exponent })
    }

    /// Compares without the signs.
    fn compare_size(&self, other: &Self) -> Ordering {
        // Without digits it is 0, less than whatever has some.
        let by_digits = || self.digits.cmp(&other.digits);
        match (self.digits.is_empty(), other.digits.is_empty()) {
            (false, false) => self.exponent.cmp(&other.exponent).then_with(by_digits),
            _ => by_digits(),
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self.is_negative, other.is_negative) {
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => self.compare_size(other),
            (true, true) => other.compare_size(self),
        }
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Reads what stands behind the `e`.
fn power(text: &str) -> Option<i64> {
    let (sign, digits) = match text.as_bytes().first()? {
        b'-' => (-1, &text[1..]),
        b'+' => (1, &text[1..]),
        _ => (1, text),
    };
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Too long for a number is beyond the bound.
    let size = digits.parse().unwrap_or(EXPONENT_MAX).min(EXPONENT_MAX);
    Some(sign * size)
}
