use std::collections::BTreeSet;

use proptest::prelude::*;

use super::Stretches;

proptest! {
    /// Against a plain set.
    #[test]
    fn stretches_are_the_set_in_its_shortest_form(
        steps in prop::collection::vec((0_u8..6, 1_u64..40, 0_u64..6), 0..60),
    ) {
        let (mut stretches, mut model) = (Stretches::default(), BTreeSet::new());
        for (kind, first, more) in steps {
            match kind {
                0 => {
                    stretches.remove_through(first);
                    model.retain(|number| first < *number);
                }
                1 => {
                    let floor = stretches.absorb(first);
                    let expected = (first..).find(|floor| !model.contains(&(floor + 1))).unwrap();
                    prop_assert_eq!(floor, expected);
                    model.retain(|number| floor < *number);
                }
                _ => {
                    stretches.add(first, first + more);
                    model.extend(first..=first + more);
                }
            }
            let all: BTreeSet<u64> = stretches.iter().flat_map(|(first, last)| first..=last).collect();
            prop_assert_eq!(&all, &model);
            let ends: Vec<(u64, u64)> = stretches.iter().collect();
            prop_assert!(ends.windows(2).all(|pair| pair[0].1 + 1 < pair[1].0), "{:?}", ends);
            prop_assert_eq!((stretches.len(), stretches.is_empty()), (ends.len(), model.is_empty()));
            for number in 0..50 {
                let around = stretches.around(number);
                prop_assert_eq!(around.is_some(), model.contains(&number));
                prop_assert!(around.is_none_or(|around| ends.contains(&around)));
            }
        }
    }
}

#[test]
fn a_stretch_that_ends_before_it_begins_is_none() {
    let mut stretches = Stretches::default();
    stretches.add(5, 4);
    assert!(stretches.is_empty());
    stretches.add(u64::MAX, u64::MAX);
    stretches.add(u64::MAX - 1, u64::MAX);
    assert_eq!(stretches.iter().collect::<Vec<_>>(), [(u64::MAX - 1, u64::MAX)]);
}
