//! Sizes and times: what is read, how it is written again, what is refused.

use std::time::Duration;

use crate::{ByteSize, Period};

#[test]
fn a_size_is_read_and_written_in_the_largest_binary_unit() {
    let cases = [
        ("0", 0, "0"),
        ("65536", 65_536, "64KiB"),
        ("64KiB", 65_536, "64KiB"),
        ("64 kib", 65_536, "64KiB"),
        ("1MiB", 1 << 20, "1MiB"),
        ("16MB", 16_000_000, "15625KiB"),
        ("1001", 1001, "1001"),
        ("4GiB", 4 << 30, "4GiB"),
        ("9223372036854775807", i64::MAX as u64, "9223372036854775807"),
    ];
    for (text, bytes, written) in cases {
        let size: ByteSize = text.parse().unwrap();
        assert_eq!((size.get(), size.to_string().as_str()), (bytes, written), "{text}");
        assert_eq!(size.to_string().parse(), Ok(size), "{text}");
    }
}

#[test]
fn a_time_is_read_and_written_in_the_largest_unit() {
    let cases = [
        ("0s", 0, "0s"),
        ("0ms", 0, "0s"),
        ("500ms", 500, "500ms"),
        ("1500ms", 1_500, "1500ms"),
        ("10s", 10_000, "10s"),
        ("60s", 60_000, "1m"),
        ("1h", 3_600_000, "1h"),
        (" 30 d ", 2_592_000_000, "30d"),
    ];
    for (text, millis, written) in cases {
        let time: Period = text.parse().unwrap();
        assert_eq!(time.get(), Duration::from_millis(millis), "{text}");
        assert_eq!(time.to_string(), written, "{text}");
        assert_eq!(time.to_string().parse(), Ok(time), "{text}");
    }
}

#[test]
fn what_is_no_quantity_is_refused() {
    for text in ["", "KiB", "-1", "1.5MiB", "1 XB", "1KiBs", "9223372036854775808", "9999999999GiB"]
    {
        assert!(text.parse::<ByteSize>().is_err(), "{text}");
    }
    for text in ["", "10", "s", "-1s", "1.5s", "1h30m", "10S", "5weeks", "99999999999999999999d"] {
        assert!(text.parse::<Period>().is_err(), "{text}");
    }
}

#[test]
fn zero_stands_for_unlimited() {
    assert_eq!(ByteSize::new(0).nonzero(), None);
    assert_eq!(ByteSize::new(5).nonzero(), Some(5));
    assert_eq!(Period::from(Duration::ZERO).nonzero(), None);
    assert_eq!(Period::from(Duration::from_secs(5)).nonzero(), Some(Duration::from_secs(5)));
}

#[test]
fn a_time_drops_what_is_below_a_millisecond_and_is_capped() {
    assert_eq!(Period::from(Duration::from_micros(1_999)).get(), Duration::from_millis(1));
    assert_eq!(Period::from(Duration::MAX).get(), Duration::from_millis(1 << 53));
}
