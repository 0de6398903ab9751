//! What is written reads back.

use proptest::prelude::*;

use super::put_string;

proptest! {
    #[test]
    fn any_text_reads_back(text in any::<String>()) {
        prop_assert_eq!(serde_json::from_slice::<String>(&written(&text)).unwrap(), text);
    }
}

#[test]
fn what_json_wants_escaped_is_and_nothing_else() {
    let text = "a\"b\\c\nd\u{1}e\u{7f}\u{e9}/";
    assert_eq!(
        written(text),
        r#""a\"b\\c\nd\u0001e"#.bytes().chain("\u{7f}\u{e9}/\"".bytes()).collect::<Vec<_>>()
    );
}

fn written(text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    put_string(text, &mut out);
    out
}
