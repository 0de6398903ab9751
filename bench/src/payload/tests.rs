use super::*;

fn frames(count: usize) -> Vec<Vec<u8>> {
    let mut template = Template::new(payload(7));
    (0..count)
        .map(|_| {
            let mut out = Vec::new();
            template.write_next(&mut out);
            out
        })
        .collect()
}

#[test]
fn payload_is_a_json_string_of_the_stated_length() {
    for frame in frames(101) {
        assert_eq!(frame.len(), PAYLOAD_BYTES);
        serde_json::from_slice::<String>(&frame).unwrap();
    }
}

#[test]
fn messages_in_order_are_accepted_across_digit_carries() {
    let mut checker = Checker::new(5..9);
    for (number, frame) in frames(1_234).iter().enumerate() {
        assert_eq!(checker.check(frame).unwrap(), number as u64);
    }
    assert_eq!(checker.received(7), 1_234);
    assert_eq!(checker.received(8), 0);
}

#[test]
fn lost_repeated_reordered_and_foreign_messages_are_errors() {
    let frames = frames(4);
    for (order, fault) in [
        (vec![0, 2], "lost or reordered: publisher 7, number 2 where 1 comes next"),
        (vec![0, 0], "repeated or reordered: publisher 7, number 0 where 1 comes next"),
        (vec![0, 1, 3], "lost or reordered"),
    ] {
        let mut checker = Checker::new(7..8);
        let error = order.iter().find_map(|&at: &usize| checker.check(&frames[at]).err());
        assert!(error.unwrap().to_string().contains(fault));
    }
    assert!(Checker::new(0..7).check(&frames[0]).is_err());
    assert!(Checker::new(8..9).check(&frames[0]).is_err());
    assert!(Checker::new(7..8).check(&frames[0][..127]).is_err());
}
