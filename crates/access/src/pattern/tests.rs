use super::*;

fn check(pattern: &str, client: &str, fitting: &[&str], others: &[&str]) {
    let pattern = Pattern::new(pattern, client);
    for name in fitting {
        assert!(pattern.fits(name), "{pattern:?} {name}");
    }
    for name in others {
        assert!(!pattern.fits(name), "{pattern:?} {name}");
    }
}

#[test]
fn a_name_without_wildcards_fits_itself_only() {
    check("news", "", &["news"], &["new", "newss", "News", "", "xnews"]);
    check("", "", &[""], &["a"]);
    let others = ["sensors/18/state", "sensors/17/stat", "sensors/17/states", "17/state"];
    check("sensors/17/state", "", &["sensors/17/state"], &others);
    check("xensors/17/*", "", &["xensors/17/a"], &["sensors/17/a", "sensors/17/"]);
}

#[test]
fn a_star_stands_for_any_characters_and_none() {
    check("sensors/17/*", "", &["sensors/17/", "sensors/17/a/b"], &["sensors/17", "sensors/1/7"]);
    check("*", "", &["", "a", "#bob", "$stats"], &[]);
    check("*/state", "", &["/state", "a/state", "a/state/state"], &["state", "a/state/"]);
    check("a*b*c", "", &["abc", "axxbxxc", "abbcbc"], &["ab", "abcd", "acb"]);
    check("a**", "", &["a", "abc"], &["b"]);
}

#[test]
fn a_question_mark_stands_for_one_character_of_any_length_in_bytes() {
    check("r?m", "", &["ram", "röm", "r🦀m", "r?m"], &["rm", "raam"]);
    check("??", "", &["ab", "öö"], &["a", "abc"]);
    check("?*", "", &["a", "ab"], &[""]);
    check("*?x", "", &["ax", "xx", "abx"], &["x"]);
}

#[test]
fn brackets_slashes_and_backslashes_mean_nothing() {
    check("[ab]/\\*", "", &["[ab]/\\x"], &["a/x"]);
}

#[test]
fn the_client_is_filled_in_and_never_read_as_a_pattern() {
    check("to/{client}/*", "ada", &["to/ada/x"], &["to/bob/x", "to/{client}/x"]);
    check("to/{client}", "*", &["to/*"], &["to/ada", "to/"]);
    check("to/{client}/?", "?", &["to/?/x"], &["to/a/x"]);
    check("{client}", "{client}", &["{client}"], &["a"]);
    check("x/{client}/*", "a/b", &["x/a/b/c"], &["x/a/c"]);
    check("{client}{client}", "ab", &["abab"], &["ab"]);
    // An id that together with what stands around it looks like the placeholder.
    check("{cli{client}", "ent}", &["{client}"], &["ent}", "{cli"]);
}

#[test]
fn only_a_lone_star_fits_all() {
    assert!(Pattern::new("*", "a").fits_all());
    assert!(Pattern::new("**", "a").fits_all());
    for pattern in ["", "a*", "*a", "?*", "{client}"] {
        assert!(!Pattern::new(pattern, "*").fits_all(), "{pattern}");
    }
}

#[test]
fn many_stars_on_a_long_name_end_soon() {
    let pattern = Pattern::new(&"*a".repeat(30), "");
    assert!(!pattern.fits(&format!("{}b", "a".repeat(2000))));
}
