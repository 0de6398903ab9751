use std::path::Path;

use super::{found, tree::Tree};

/// Returns the circles of a crate with these files; the first is its root.
fn circles(files: &[(&str, &str)]) -> Vec<String> {
    let read = |path: &Path| {
        let file = files.iter().find(|(name, _)| Path::new(name) == path);
        file.map(|(_, text)| (*text).to_owned())
    };
    found(&Tree::read(Path::new(files[0].0), &read).unwrap())
}

/// Holds that `a.rs` and `b.rs` make a circle, below a root that declares them.
#[track_caller]
fn check_circle(a: &str, b: &str) {
    let circles = circles(&[("lib.rs", "mod a; mod b;"), ("a.rs", a), ("b.rs", b)]);
    assert_eq!(circles.len(), 1, "{circles:?}");
    assert!(circles[0].starts_with("a.rs → (") && circles[0].ends_with(" a.rs"), "{circles:?}");
}

#[track_caller]
fn check_none(a: &str, b: &str) {
    assert_eq!(circles(&[("lib.rs", "mod a; mod b;"), ("a.rs", a), ("b.rs", b)]), [""; 0]);
}

const TAKES_A: &str = "use crate::a::A; pub struct B;";

#[test]
fn a_circle_of_three_files_is_shown_with_what_each_takes() {
    let files = [
        ("src/lib.rs", "mod a; mod b; mod c;"),
        ("src/a.rs", "use crate::b::B; pub(crate) struct A(B);"),
        ("src/b.rs", "use super::c::{C, D}; pub(crate) struct B(C, D);"),
        ("src/c.rs", "pub(crate) struct C; pub(crate) enum D { E } fn f() -> crate::a::A { A }"),
    ];
    let circle = "src/a.rs → (B) src/b.rs → (C, D) src/c.rs → (A) src/a.rs";
    assert_eq!(circles(&files), [circle]);
}

#[test]
fn files_that_are_tied_to_a_circle_are_counted_and_those_that_only_use_it_are_not() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod d; mod e;"),
        ("a.rs", "use crate::{b::B, c::C}; pub struct A;"),
        ("b.rs", "use crate::a::A; pub struct B;"),
        ("c.rs", "use crate::d::D; pub struct C;"),
        ("d.rs", "use crate::a::A; pub struct D;"),
        ("e.rs", "use crate::a::A;"),
    ];
    let circle = "a.rs → (B) b.rs → (A) a.rs (and 2 files more that are tied to it)";
    assert_eq!(circles(&files), [circle]);
}

#[test]
fn two_circles_are_two() {
    let files = [
        ("lib.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::B; pub struct A;"),
        ("b.rs", "use crate::{a::A, c::C}; pub struct B;"),
        ("c.rs", "use crate::d::D; pub struct C;"),
        ("d.rs", "use crate::c::C; pub struct D;"),
    ];
    assert_eq!(circles(&files).len(), 2);
}

#[test]
fn a_name_is_taken_by_use_by_path_in_a_macro_or_in_an_attribute() {
    let takes_b = [
        "use crate::b::B; pub struct A;",
        "use super::b::B; pub struct A;",
        "use crate::{b::{self, B}}; pub struct A;",
        "use crate::b::B as Other; pub struct A;",
        "use crate::b; pub struct A(b::B);",
        "use crate::b as other; pub struct A(other::B);",
        "use crate::b::*; pub struct A(B);",
        "use super::*; pub struct A(b::B);",
        "pub struct A(crate::b::B);",
        "pub struct A(super::b::B);",
        "pub struct A; fn f() { use crate::b::B; }",
        "pub struct A; fn f() { g!(crate::b::B) }",
        "pub struct A; mod inner { use super::super::b::B; }",
        "#[serde(with = \"crate::b::B\")] pub struct A;",
        "#[arg(value_parser = crate::b::B::new)] pub struct A;",
        "pub(crate) struct A<'a>(&'a str, crate::b::B); const QUOTE: char = '\\'';",
        "pub struct A; impl From<crate::b::B> for A {}",
        "#[cfg(not(test))] use crate::b::B; pub struct A;",
    ];
    for a in takes_b {
        check_circle(a, TAKES_A);
    }
}

#[test]
fn what_is_no_import_makes_no_circle() {
    let takes_nothing = [
        "pub struct A;",
        "// use crate::b::B;\n/* crate::b::B /* crate::b::B */ crate::b::B */ pub struct A;",
        "/// [`crate::b::B`]\npub struct A;",
        "pub struct A; const TEXT: &str = \"crate::b::B\"; const RAW: &str = r#\"\"crate::b::B\"#;",
        "pub struct A; use b::B;",
        "pub struct A; use ::b::B;",
        "pub(in crate::b) struct A;",
        "pub use crate::b::B; pub struct A;",
        "pub use crate::b::*; pub struct A;",
        "use crate::b; pub struct A;",
    ];
    for a in takes_nothing {
        check_none(a, TAKES_A);
    }
}

#[test]
fn what_is_compiled_for_tests_only_is_left_out() {
    let for_tests = [
        "#[cfg(test)] use crate::b::B; pub struct A;",
        "#[cfg(test)] mod tests { use crate::b::B; } pub struct A;",
        "#[cfg(test)] mod tests; pub struct A;",
        "#[cfg(all(test, unix))] fn f() -> [u8; 1] { crate::b::B } pub struct A;",
        "pub struct A { #[cfg(test)] b: crate::b::B, c: u8 }",
        "impl A { #[cfg(test)] pub(crate) fn b() -> crate::b::B {} } pub struct A;",
        "#[cfg(test)] impl crate::b::B for A {} pub struct A;",
        "#[cfg(test)] const B: crate::b::B = crate::b::B { x: 1 }; pub struct A;",
        "#[cfg(test)] pub(crate) use crate::b::{B, C}; pub struct A;",
    ];
    for a in for_tests {
        check_none(a, TAKES_A);
    }
    check_circle("#[cfg(test)] mod tests; use crate::b::B; pub struct A;", TAKES_A);
}

#[test]
fn a_parent_imports_its_children_only_by_what_it_names() {
    let child = ("parent/child.rs", "use super::Parent; pub struct Child;");
    let of = |parent| circles(&[("lib.rs", "mod parent;"), ("parent.rs", parent), child]);
    assert_eq!(of("mod child; pub struct Parent;"), [""; 0]);
    assert_eq!(of("mod child; pub use child::Child; pub struct Parent;"), [""; 0]);
    assert_eq!(of("mod child; pub use child::Child; pub struct Parent(Child);").len(), 1);
    assert_eq!(of("mod child; pub struct Parent(child::Child);").len(), 1);
}

#[test]
fn a_name_that_is_handed_on_comes_from_where_it_is_defined() {
    // `words.rs` hands `A` on, from which `b.rs` takes it; `a.rs` takes from `b.rs`.
    let of = |b| {
        circles(&[
            ("lib.rs", "mod words; mod b; pub use words::A; pub use words::a::helper;"),
            ("words/mod.rs", "pub mod a; pub use self::a::{A, Other as Renamed}; pub use a::*;"),
            ("words/a.rs", "use crate::b::B; pub struct A; pub struct Other; pub fn helper() {}"),
            ("b.rs", b),
        ])
    };
    for b in [
        "use crate::words::A; pub struct B;",
        "use crate::A; pub struct B;",
        "use crate::words::Renamed; pub struct B;",
        "use crate::words; pub struct B; fn f() { words::helper() }",
        "pub struct B; fn f() { crate::helper() }",
    ] {
        let b = of(b);
        assert_eq!(b.len(), 1);
        assert!(b[0].starts_with("b.rs → ") && b[0].contains("words/a.rs"), "{b:?}");
    }
    assert_eq!(of("use crate::words::nothing; pub struct B;"), [""; 0]);
}

#[test]
fn what_a_file_takes_over_its_parent_is_no_circle_with_the_parent() {
    let files = [
        ("lib.rs", "mod parent; mod other;"),
        ("parent.rs", "mod child; use crate::other::Other; pub struct P(Other, child::C);"),
        ("parent/child.rs", "use super::Other; pub struct C(Other);"),
        ("other.rs", "pub struct Other;"),
    ];
    assert_eq!(circles(&files), [""; 0]);
}

#[test]
fn a_module_that_has_the_name_of_a_function_is_told_from_it() {
    let of = |child| {
        circles(&[
            ("lib.rs", "mod parent;"),
            ("parent.rs", "mod a; mod b; fn a() { a::run(); b::run() }"),
            ("parent/a.rs", "pub fn run() {}"),
            ("parent/b.rs", child),
        ])
    };
    assert_eq!(of("use super::a::{self}; pub fn run() { a::run() }"), [""; 0]);
    assert_eq!(of("use super::a; pub fn run() { a::run() }"), [""; 0]);
    assert_eq!(of("use super::a; pub fn run() { a() }").len(), 1);
}

#[test]
fn a_file_that_implements_more_of_a_type_above_it_continues_it() {
    let of = |child| {
        circles(&[
            ("lib.rs", "mod parent;"),
            (
                "parent.rs",
                "mod child; pub struct Parent(child::Part); pub trait Way {} pub fn f() {}",
            ),
            ("parent/child.rs", child),
        ])
    };
    for continues in [
        "use super::Parent; pub struct Part; impl Parent { fn f(&self) -> Parent { Parent::new() } }",
        "pub struct Part; impl super::Parent {}",
        "use super::Parent; pub struct Part; impl Clone for Parent {}",
        "use super::*; pub struct Part; impl<T: Fn() -> u8> From<Vec<T>> for Parent where T: Clone {}",
    ] {
        assert_eq!(of(continues), [""; 0], "{continues}");
    }
    for does_not in [
        "use super::Parent; pub struct Part; fn f(parent: &Parent) {}",
        "use super::{Parent, f}; pub struct Part; impl Parent { fn g() { f() } }",
        "use super::{Parent, Way}; pub struct Part; impl Way for Part {}",
        "use super::Parent; pub struct Part; impl From<Parent> for Part {}",
    ] {
        assert_eq!(of(does_not).len(), 1, "{does_not}");
    }
    // Only what stands below continues.
    check_circle("use crate::b::B; pub struct A; impl B {}", TAKES_A);
}

#[test]
fn re_exports_in_a_circle_end() {
    check_none("pub use crate::b::X; pub struct A;", "pub use crate::a::X; use crate::a::X as Y;");
    check_none("pub use crate::b::*; pub struct A;", "pub use crate::a::*; struct C(Unknown);");
}

#[test]
fn files_are_found_as_the_compiler_finds_them() {
    let files = [
        (
            "src/lib.rs",
            "mod a; mod inline { pub mod below; } #[path = \"elsewhere/z.rs\"] mod given;",
        ),
        ("src/a/mod.rs", "pub mod c; pub struct A;"),
        ("src/a/c.rs", "use crate::given::Z; pub struct C;"),
        ("src/inline/below.rs", "use crate::a::c::C; pub struct Below;"),
        ("src/elsewhere/z.rs", "use crate::inline::below::Below; pub struct Z;"),
    ];
    let circle =
        "src/a/c.rs → (Z) src/elsewhere/z.rs → (Below) src/inline/below.rs → (C) src/a/c.rs";
    assert_eq!(circles(&files), [circle]);
}

#[test]
fn a_module_without_a_file_is_an_error() {
    let read = |path: &Path| (path == Path::new("lib.rs")).then(|| "mod missing;".to_owned());
    let error = Tree::read(Path::new("lib.rs"), &read).unwrap_err();
    assert_eq!(error.to_string(), "lib.rs: module missing has no file");
}
