use super::{anchors, targets};

#[test]
fn links_are_found_with_their_lines() {
    let page = "See [one](a.md) and [two](b.md#c).\n\n```sh\n[no](x)\n```\n[three](http://d)\n";
    assert_eq!(targets(page), [(1, "a.md"), (1, "b.md#c"), (6, "http://d")]);
}

#[test]
fn headings_become_anchors() {
    let page = "# A title\n\n```sh\n# no heading\n```\n## Backup, and `restore`\n";
    assert_eq!(anchors(page), ["a-title", "backup-and-restore"]);
}
