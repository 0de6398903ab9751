use super::*;
use crate::census::rates::Rates;

/// A name and a number.
#[derive(Debug, Clone, PartialEq)]
struct Entry(String, i32);

impl Counted for Entry {
    type Key = ();
    type Life = ();

    fn key(&self) {}

    fn life(&self) {}

    fn counters(&self) -> [u64; 4] {
        [0; 4]
    }

    fn rates(&self) -> Rates {
        Rates::UNKNOWN
    }

    fn set_rates(&mut self, _rates: Rates) {}
}

impl Row for Entry {
    const NAME: &'static str = "name";
    const NUMBERS: &'static [Number<Self>] =
        &[Number { name: "size", of: |it| f64::from(it.1), is_rate: false }];

    fn name(&self) -> &str {
        &self.0
    }
}

const BY_NAME: Order<Entry> = Order { by: None, is_descending: false };
const BY_SIZE: Order<Entry> = Order { by: Some(&Entry::NUMBERS[0]), is_descending: true };

fn snapshot(entries: &[(&str, i32)]) -> Snapshot<Entry> {
    let entries = entries.iter().map(|(name, size)| Entry((*name).to_owned(), *size));
    Snapshot::new((Moment::now(), 0), None, entries.collect())
}

/// Returns the names of a part, and where the next begins.
fn part(
    snapshot: &Snapshot<Entry>,
    order: Order<Entry>,
    after: Option<Cursor>,
    count_max: usize,
) -> (Vec<String>, Option<Cursor>) {
    let part = snapshot.part(&Wish { order, after, count_max }, |_| true);
    (part.rows.into_iter().map(|row| row.0).collect(), part.next)
}

#[test]
fn each_order_tells_all_once_part_by_part() {
    let snapshot = snapshot(&[("c", 5), ("a", 1), ("b", 9), ("e", 5), ("d", 0), ("b", 9)]);
    for (order, expected) in [
        (BY_NAME, ["a", "b", "c", "d", "e"]),
        (Order { is_descending: true, ..BY_NAME }, ["e", "d", "c", "b", "a"]),
        // Equal ones by name, whichever way the numbers go.
        (BY_SIZE, ["b", "c", "e", "a", "d"]),
        (Order { is_descending: false, ..BY_SIZE }, ["d", "a", "c", "e", "b"]),
    ] {
        for count_max in 1..=6 {
            let (mut told, mut after) = (Vec::new(), None);
            loop {
                let (names, next) = part(&snapshot, order, after, count_max);
                told.extend(names);
                if next.is_none() {
                    break;
                }
                after = next;
            }
            assert_eq!(told, expected, "{order:?}, {count_max} at a time");
        }
    }
}

#[test]
fn what_stays_as_it_is_comes_once_whatever_else_does_between_two_parts() {
    let before = snapshot(&[("a", 10), ("b", 8), ("c", 6), ("d", 4), ("e", 2)]);
    let (first, next) = part(&before, BY_SIZE, None, 2);
    assert_eq!(first, ["a", "b"]);
    // The last one told is gone, others came before and behind it.
    let after =
        snapshot(&[("a", 10), ("new", 9), ("aa", 8), ("bb", 8), ("c", 6), ("d", 4), ("e", 2)]);
    let (second, next) = part(&after, BY_SIZE, next, 2);
    assert_eq!(second, ["bb", "c"]);
    assert_eq!(part(&after, BY_SIZE, next, 9), (vec!["d".to_owned(), "e".to_owned()], None));
}

#[test]
fn a_part_says_how_many_fit_in_all() {
    let snapshot = snapshot(&[("a", 1), ("b", 2), ("c", 3), ("d", 4)]);
    let wish = Wish { order: BY_SIZE, after: None, count_max: 1 };
    let part = snapshot.part(&wish, |row| row.1 % 2 == 0);
    assert_eq!((part.rows[0].name(), part.total, part.next.is_some()), ("d", 2, true));
    let part = snapshot.part(&Wish { after: part.next, ..wish }, |row| row.1 % 2 == 0);
    assert_eq!((part.rows[0].name(), part.total, part.next), ("b", 2, None));
    // Those that were counted are all told by then.
    let after = Some(Cursor::Stored(String::new()));
    let wish = Wish { order: BY_SIZE, after, count_max: 1 };
    assert!(snapshot.part(&wish, |_| true).rows.is_empty());
    assert_eq!(snapshot.get("c"), Some(&Entry("c".to_owned(), 3)));
    assert_eq!(snapshot.get("bb"), None);
}
