//! The same bytes mean the same, however they come.

use super::*;

/// Pieces of conversations, good and bad, that are put together at random.
const PIECES: &[&str] = &[
    "set a 1 0 3\r\nabc\r\n",
    "set a 1 0 3\nabc\r\n",
    "set b 2 100 0\r\n\r\n",
    "set n 0 0 1 noreply\r\n5\r\n",
    "incr n 7\r\n",
    "decr n 9\r\n",
    "append a 0 0 4\r\n\r\n\r\n\r\n",
    "cas a 0 0 1 1\r\nx\r\n",
    "get a b n\r\n",
    "gets a b n\r\n",
    "delete a\r\n",
    "touch b 5\r\n",
    "set a 0 0 2\r\nabcdef\r\n",
    "set a 0 0 120\r\nshort of that\r\n",
    "set  a  x 0 3\r\nget\r\n",
    "bogus\r\n\r\n",
    "\0\u{7f}\r\n",
    "flush_all\r\n",
    "version\r\n",
    "quit\r\n",
];

proptest! {
    #[test]
    fn answers_do_not_depend_on_how_the_bytes_are_cut(
        pieces in prop::collection::vec(prop::sample::select(PIECES), 1..30),
        cuts in prop::collection::vec(1..40_usize, 1..20),
    ) {
        let script = pieces.concat();
        prop_assert_eq!(played(script.as_bytes(), &cuts), played(script.as_bytes(), &[usize::MAX]));
    }

    #[test]
    fn long_lines_do_not_depend_on_how_the_bytes_are_cut(
        name in prop::sample::select(&["get", "gets", " get", "delete", "x"][..]),
        key_bytes in 1..400_usize,
        count in 1..300_usize,
        cuts in prop::collection::vec(1..1000_usize, 1..20),
    ) {
        let key = "k".repeat(key_bytes);
        let script = format!("{name} {}\r\nversion\r\n", vec![key; count].join(" "));
        prop_assert_eq!(played(script.as_bytes(), &cuts), played(script.as_bytes(), &[usize::MAX]));
    }

    #[test]
    fn any_bytes_are_answered_without_a_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..3000),
        cuts in prop::collection::vec(1..100_usize, 1..20),
    ) {
        prop_assert_eq!(played(&bytes, &cuts), played(&bytes, &[usize::MAX]));
    }
}

/// Returns the answers to `script`, given in pieces of these lengths over and over.
fn played(script: &[u8], cuts: &[usize]) -> (String, bool) {
    let store = store();
    let mut session = Session::new(&store);
    let mut replies = String::new();
    let mut rest = script;
    for cut in cuts.iter().cycle() {
        let (input, behind) = rest.split_at(rest.len().min(*cut));
        let (reply, progress) = exchange(&mut session, &store, START, input);
        replies += &reply;
        rest = behind;
        if progress == Progress::Closed || rest.is_empty() {
            return (replies, progress == Progress::Closed);
        }
    }
    unreachable!("the cuts repeat for ever")
}
