use super::blocks;

fn fault(page: &str) -> String {
    blocks(page).unwrap_err()
}

#[test]
fn a_block_has_its_language_its_attributes_and_its_line() {
    let page = "# Title\n\n```sh terminal=2 skip=\"as root\"\napt install x\n\n  y\n```\nend\n";
    let found = blocks(page).unwrap();
    assert_eq!(found.len(), 1);
    let block = &found[0];
    assert_eq!((block.line, block.language.as_str()), (4, "sh"));
    assert_eq!(block.text, "apt install x\n\n  y");
    assert_eq!(block.attribute("terminal"), Some("2"));
    assert_eq!(block.attribute("skip"), Some("as root"));
    assert_eq!(block.attribute("file"), None);
    assert!(block.is_shell() && !block.is_output());
}

#[test]
fn text_is_output_unless_it_is_an_example_or_typed() {
    let page = "```text\na\n```\n```text example\nb\n```\n```text typed terminal=2\nc\n```\n";
    let found = blocks(page).unwrap();
    assert!(found[0].is_output() && !found[0].is_typed());
    assert!(!found[1].is_output() && !found[1].is_typed());
    assert!(!found[2].is_output() && found[2].is_typed());
}

#[test]
fn a_block_in_a_list_loses_the_indentation_of_the_list() {
    let found = blocks("1. First:\n\n   ```sh\n   a\n     b\n   ```\n").unwrap();
    assert_eq!(found[0].text, "a\n  b");
}

#[test]
fn code_that_is_only_indented_is_refused() {
    assert_eq!(
        fault("Type\n\n    rialto serve\n"),
        "3: code is fenced, not indented, and says what it is"
    );
    // A line of a list's entry may stand as far in.
    assert!(blocks("- a\n    b\n").unwrap().is_empty());
}

#[test]
fn a_block_that_says_nothing_or_something_unknown_is_refused() {
    assert_eq!(fault("a\n```\nb\n```\n"), "2: the block does not say what it is");
    assert!(fault("```sh terminl=2\nb\n```\n").starts_with("1: no block can be terminl"));
    assert_eq!(fault("```sh skip=\"a\nb\n```\n"), "1: a quotation mark is missing");
}

#[test]
fn a_block_without_an_end_is_refused() {
    assert_eq!(fault("```sh\na\n"), "1: the block has no end");
}
