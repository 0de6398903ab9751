//! Values in statements, and statements in packets.

use super::{Rows, Script, Value};

fn texts(script: &Script, bytes_max: usize) -> Vec<(String, Vec<usize>)> {
    let packets = script.packets(bytes_max).into_iter();
    packets.map(|(text, owners)| (String::from_utf8_lossy(text).into_owned(), owners)).collect()
}

#[test]
fn a_value_cannot_end_its_place() {
    let mut script = Script::default();
    script.add("SET a = ?, b = ?, c = ?", &["it's ?'; DROP".into(), (-7).into(), Value::Null]);
    let expected = "SET a = 'it''s ?''; DROP', b = -7, c = NULL;";
    assert_eq!(texts(&script, 1000), [(expected.to_owned(), vec![0])]);
}

#[test]
fn a_packet_takes_what_goes_into_it() {
    let mut script = Script::default();
    for owner in 0..4 {
        script.set_owner(owner);
        script.add("DO ?", &[(owner as i64).into()]);
    }
    script.add("DO ?", &["longer than a packet".into()]);
    let texts = texts(&script, 11);
    assert_eq!(texts[0], ("DO 0;DO 1;".to_owned(), vec![0, 1]));
    assert_eq!(texts[1], ("DO 2;DO 3;".to_owned(), vec![2, 3]));
    assert_eq!(texts[2], ("DO 'longer than a packet';".to_owned(), vec![3]));
    assert_eq!(texts.len(), 3);
    assert!(Script::default().packets(10).is_empty());
}

#[test]
fn many_rows_are_several_statements() {
    let mut script = Script::default();
    let value = vec![b'x'; 600 << 10];
    script.add_rows(Rows::new("IN (", "?", ")"), (0..5).map(|_| [value.as_slice().into()]));
    let lengths: Vec<_> = script.packets(0).iter().map(|(text, _)| text.len() >> 10).collect();
    assert_eq!(lengths, [1200, 1200, 600]);
    script.add_rows(Rows::new("IN (", "?", ")"), Vec::<[Value<'_>; 1]>::new());
    assert_eq!(script.packets(0).len(), 3);
}
