use super::*;

fn tree(lines: &[&str]) -> BTreeSet<String> {
    lines.iter().map(|&line| line.to_owned()).collect()
}

#[test]
fn a_heavy_crate_is_named_with_what_is_there_instead() {
    let program = tree(&["reqwest v0.13.5\tdefault", "regex v1.0.0\t"]);
    assert_eq!(faults(&program, &tree(&[])), ["reqwest is back, but crates/http sends requests"]);
}

#[test]
fn other_features_in_the_example_are_a_second_build() {
    let program = tree(&["rustix v1.1.6\tfs,std", "libc v0.2.0\tstd"]);
    let example = tree(&["rustix v1.1.6\tfs,net,std", "libc v0.2.0\tstd", "tempfile v3.0.0\t"]);
    let faults = faults(&program, &example);
    assert_eq!(faults.len(), 1);
    assert!(faults[0].starts_with("rustix v1.1.6 is built once more"), "{faults:?}");
    assert!(faults[0].contains("[fs,net,std]"), "{faults:?}");
}
