//! Numbers as people read them, in few characters.

/// Returns a number with a comma at every third digit.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if 0 < index && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Returns a size in a unit of 1024 that suits it, such as `1.2 KiB`.
pub(crate) fn bytes(count: f64) -> String {
    const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
    let (mut count, mut unit) = (count, 0);
    while 1024.0 <= count && unit + 1 < UNITS.len() {
        count /= 1024.0;
        unit += 1;
    }
    let places = usize::from(0 < unit && count < 100.0);
    format!("{count:.places$} {}", UNITS[unit])
}

/// Returns how many in a second: with a place behind the point where there are few.
pub(crate) fn rate(per_second: f64) -> String {
    if per_second == 0.0 || 10.0 <= per_second {
        grouped(per_second.round() as u64)
    } else {
        format!("{per_second:.1}")
    }
}

/// Returns a length of time in seconds with the unit that suits it, such as `1.2 ms`.
pub(crate) fn seconds(time: f64) -> String {
    let (value, unit) = match time {
        ..0.001 => (time * 1e6, "µs"),
        0.001..1.0 => (time * 1e3, "ms"),
        _ => (time, "s"),
    };
    let places = usize::from(value < 100.0 && unit != "µs");
    format!("{value:.places$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!([0, 999, 1000, 1_234_567].map(grouped), ["0", "999", "1,000", "1,234,567"]);
    }

    #[test]
    fn sizes_have_units_of_1024() {
        let sizes = [0.0, 1023.0, 1536.0, 200.0 * 1024.0, 3.5 * 1024.0 * 1024.0];
        assert_eq!(sizes.map(bytes), ["0 B", "1023 B", "1.5 KiB", "200 KiB", "3.5 MiB"]);
    }

    #[test]
    fn rates_and_times_are_short() {
        assert_eq!([0.0, 0.25, 9.5, 12_345.6].map(rate), ["0", "0.2", "9.5", "12,346"]);
        let times = [0.000_064, 0.001_024, 0.262, 8.4];
        assert_eq!(times.map(seconds), ["64 µs", "1.0 ms", "262 ms", "8.4 s"]);
    }
}
