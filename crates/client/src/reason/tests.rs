//! What a broker's last word means.

use std::fs;

use super::Reason;

#[test]
fn every_word_of_the_server_means_what_the_specification_says() {
    // K-19
    let specification = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/client.md");
    let specification = fs::read_to_string(specification).unwrap();
    let (_, clause) = specification.split_once("- **K-19**").unwrap();
    let table = clause.lines().skip_while(|line| !line.starts_with("  | word")).skip(2);
    let mut count = 0;
    for row in table.take_while(|line| line.starts_with("  |")) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        for word in cells[1].split(", ") {
            let reason = Reason::of_word(word.trim_matches('`')).map(Reason::word);
            assert_eq!(reason, Some(cells[2].trim_matches('`')), "{word}");
            count += 1;
        }
    }
    assert!(20 < count, "the table was not found");
}

#[test]
fn a_word_says_more_than_a_text_and_a_text_more_than_a_status() {
    // K-19
    for (st, word, text, reason) in [
        (7, Some("taken-over"), None, Reason::TakenOver),
        (7, Some("withdrawn"), Some("taken over by another"), Reason::Withdrawn),
        (7, Some("a word of later"), Some("taken over by another"), Reason::TakenOver),
        (7, None, Some("the server has 4 connections, the most allowed"), Reason::ServerFull),
        (7, None, Some("65 pushes are unacknowledged"), Reason::Overrun),
        (7, None, Some("sent away"), Reason::Removed),
        (6, None, None, Reason::Withdrawn),
        (5, None, None, Reason::ServerError),
        (10, None, None, Reason::TooLarge),
        (0, None, None, Reason::Lost),
    ] {
        assert_eq!(Reason::of_packet(st, word, text), reason, "{st} {word:?} {text:?}");
    }
}

#[test]
#[cfg(feature = "websocket")]
fn a_close_code_counts_where_its_text_says_nothing() {
    // K-19
    for (code, text, reason) in [
        (1008, "taken-over: connected elsewhere", Reason::TakenOver),
        (1008, "removed", Reason::Removed),
        (1008, "sent away", Reason::Removed),
        (1001, "", Reason::ServerStopping),
        (1009, "", Reason::TooLarge),
        (1011, "", Reason::ServerError),
        (1013, "", Reason::ServerFull),
        (1000, "", Reason::Lost),
    ] {
        assert_eq!(Reason::of_close(code, text), reason, "{code} {text}");
    }
}

#[test]
fn what_was_withdrawn_is_final_unless_there_may_be_new_credentials() {
    // K-3
    assert!(Reason::Withdrawn.is_final(false));
    assert!(!Reason::Withdrawn.is_final(true));
    assert!(Reason::TakenOver.is_final(true));
    assert!(!Reason::Lost.is_final(false));
}
