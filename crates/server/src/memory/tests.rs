use super::*;

fn usage(under_way: usize, kept: usize) -> Usage {
    Usage { under_way, kept }
}

#[test]
fn connections_are_pressed_only_where_they_are_a_good_part_of_what_waits() {
    let memory = Memory::new(1000);
    let level = |under_way, kept| memory.judge(usage(under_way, kept));
    assert_eq!(level(700, 40), Level { is_pressed: false, is_short: false });
    assert_eq!(level(250, 500), Level { is_pressed: true, is_short: false });
    assert_eq!(level(200, 800), Level { is_pressed: false, is_short: false });
    assert_eq!(level(200, 801), Level { is_pressed: false, is_short: true });
    assert_eq!(level(1001, 0), Level { is_pressed: true, is_short: true });
}

#[test]
fn what_goes_makes_some_room() {
    let memory = Memory::new(800);
    assert_eq!(memory.excess(usage(400, 400)), 0);
    assert_eq!(memory.excess(usage(400, 401)), 101);
    memory.set_bytes_max(2000);
    assert_eq!(memory.excess(usage(400, 401)), 0);
}

#[test]
fn what_waits_is_counted_until_it_does_not() {
    let memory = Memory::new(1000);
    let parked = memory.count_parked(70);
    memory.change_overhead(0, 500);
    memory.change_overhead(500, 200);
    assert_eq!(memory.uncharted_bytes(), 270);
    drop(parked);
    assert_eq!(memory.uncharted_bytes(), 200);
}
