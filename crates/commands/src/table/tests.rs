use super::*;

#[test]
fn columns_stand_below_each_other_and_a_name_is_one_word() {
    let mut table = Table::under(["NAME", "STATE", "SEEN"]);
    for (name, state) in [("ada", "online"), ("two words", "lost"), ("", "offline"), ("Zoë", "-")]
    {
        table.push([word(name), state.to_owned(), String::new()]);
    }
    let lines = [
        "NAME         STATE    SEEN",
        "ada          online",
        "\"two words\"  lost",
        "\"\"           offline",
        "Zoë          -",
    ];
    assert_eq!(table.into_lines(), lines);
}

#[test]
fn what_a_stranger_wrote_is_no_row_and_no_column() {
    let mut table = Table::plain();
    table.push([word("a\nb  online\u{1b}[2J\u{202e}"), "offline".to_owned()]);
    assert_eq!(table.into_lines(), [r#""a\nb  online\u{1b}[2J\u{202e}"  offline"#]);
}

#[test]
fn times_are_written_for_people() {
    for (seconds, text) in [
        (0, "0s"),
        (59, "59s"),
        (60, "1m 0s"),
        (3_599, "59m 59s"),
        (11_520, "3h 12m"),
        (90_000, "1d 1h"),
    ] {
        assert_eq!(span(Duration::from_secs(seconds)), text);
    }
    assert_eq!(moment(1_800_000_005_999), "2027-01-15T08:00:05Z");
    assert_eq!(moment(u64::MAX), "18446744073709551615 ms after 1970");
}
