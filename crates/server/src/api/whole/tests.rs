use super::*;

#[test]
fn a_number_without_a_fraction_is_whole_however_it_is_written() {
    let read = |text: &str| serde_json::from_str::<Whole<u8>>(text).map(|it| it.0).ok();
    for (text, number) in [("0", 0), ("1", 1), ("1.0", 1), ("10e-1", 1), ("255", 255), ("-0.0", 0)]
    {
        assert_eq!(read(text), Some(number), "{text}");
    }
    for text in ["-1", "0.5", "256", "256.0", "1e300", "\"1\"", "null", "true", "-1.0"] {
        assert_eq!(read(text), None, "{text}");
    }
    let largest = serde_json::from_str::<Whole<u64>>("18446744073709551615").unwrap();
    assert_eq!(largest, Whole(u64::MAX));
    assert!(serde_json::from_str::<Whole<u64>>("18446744073709551616").is_err());
}
