use std::{collections::BTreeSet, fmt::Write as _, fs, path::PathBuf};

use super::{COUNTERS, Counter, CounterKind, Stats};

#[test]
fn each_number_is_explained_under_the_name_it_has_in_json() {
    let json = serde_json::to_value(Stats::default()).unwrap();
    let names: Vec<&String> = json.as_object().unwrap().keys().collect();
    let explained: BTreeSet<&str> = COUNTERS.iter().map(|counter| counter.name).collect();
    assert_eq!(names.len(), COUNTERS.len());
    assert!(names.iter().all(|name| explained.contains(name.as_str())));
    for counter in COUNTERS {
        let sentences = [counter.what.trim(), counter.rise];
        assert!(sentences.iter().all(|text| text.ends_with('.')), "{}", counter.name);
    }
}

/// `RIALTO_WRITE_MANUAL=1` writes the tables anew.
#[test]
fn the_manual_explains_each_number_as_the_code_does() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/operating.md");
    let manual = fs::read_to_string(&path).unwrap();
    let (begin, end) = ("<!-- counters: begin -->\n", "<!-- counters: end -->");
    let (head, rest) = manual.split_once(begin).expect("the section of counters begins");
    let (tables, tail) = rest.split_once(end).expect("the section of counters ends");
    if std::env::var_os("RIALTO_WRITE_MANUAL").is_some() {
        fs::write(&path, format!("{head}{begin}{}{end}{tail}", tables_of_counters())).unwrap();
        return;
    }
    assert!(
        tables == tables_of_counters(),
        "docs/operating.md differs from COUNTERS; RIALTO_WRITE_MANUAL=1 writes it anew"
    );
}

#[test]
fn the_manual_has_the_sums_that_come_out_even() {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/operating.md");
    let manual = fs::read_to_string(path).unwrap();
    let words: Vec<&str> = manual.split_whitespace().collect();
    let manual = words.join(" ");
    for (sum, ..) in Stats::default().balance() {
        assert!(manual.contains(sum), "docs/operating.md lacks {sum}");
    }
}

fn tables_of_counters() -> String {
    let mut tables = String::new();
    let mut group = "";
    for counter in COUNTERS {
        if counter.group != group {
            group = counter.group;
            write!(tables, "\n### {group}\n\n").unwrap();
            tables
                .push_str("| name | unit | what it counts | what a rise means, and what to do |\n");
            tables.push_str("|---|---|---|---|\n");
        }
        let Counter { name, unit, kind, what, rise, .. } = counter;
        let gauge = if *kind == CounterKind::Gauge { " now" } else { "" };
        writeln!(tables, "| `{name}` | {unit}{gauge} | {} | {rise} |", what.trim()).unwrap();
    }
    tables.push('\n');
    tables
}
