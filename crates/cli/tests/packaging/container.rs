//! The Containerfile, as far as it can be tested where no container is built.

use std::{path::Path, process::Command};

use crate::{common::PROGRAM, source, workspace};

/// Returns its instructions: a word, and what it is about.
fn instructions() -> Vec<(String, String)> {
    let text = source("Containerfile").replace("\\\n", " ");
    let lines =
        text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    let pair = |line: &str| {
        let (word, rest) = line.split_once(' ').expect("an instruction is about something");
        (word.to_owned(), rest.trim().to_owned())
    };
    lines.map(pair).collect()
}

fn about(word: &str) -> Vec<String> {
    let all = instructions().into_iter();
    all.filter(|(it, _)| it == word).map(|(_, rest)| rest).collect()
}

#[test]
fn all_that_the_containerfile_copies_is_there() {
    let mut count = 0;
    for copy in about("COPY") {
        let words: Vec<&str> = copy.split_whitespace().collect();
        let (_target, sources) = words.split_last().unwrap();
        if sources[0] == "--from=build" {
            let made = ["/usr/local/bin/rialto", "/etc/ssl/certs/ca-certificates.crt"];
            assert!(made.contains(&sources[1]), "{copy}: the first stage does not make that");
            continue;
        }
        for source in sources {
            count += 1;
            assert!(workspace().join(source).exists(), "{source} is not there");
        }
    }
    assert!(3 < count);
}

#[test]
fn every_package_of_the_workspace_is_copied() {
    // Cargo reads the manifests of all of them.
    let copied = about("COPY").join(" ");
    let manifest: toml::Table = source("Cargo.toml").parse().unwrap();
    for member in manifest["workspace"]["members"].as_array().unwrap() {
        let directory = member.as_str().unwrap().trim_end_matches("/*");
        let holds = |word: &str| Path::new(directory).starts_with(word);
        assert!(copied.split_whitespace().any(holds), "{directory}");
    }
    let profiles = manifest["profile"].as_table().unwrap();
    let build = about("RUN").join(" ");
    assert!(build.contains("--profile dist"), "{build}");
    assert!(build.contains("install target/dist/rialto /usr/local/bin/rialto"), "{build}");
    // With it SQLite is compiled as everywhere else.
    assert!(copied.split_whitespace().any(|word| word == ".cargo"), "{copied}");
    assert!(profiles.contains_key("dist"));
}

#[test]
fn the_container_runs_as_somebody_with_a_volume_and_a_check() {
    let user = about("USER");
    let number: u32 = user.last().unwrap().split(':').next().unwrap().parse().unwrap();
    assert_ne!(number, 0, "not as root");
    assert_eq!(about("VOLUME"), ["/var/lib/rialto"]);
    let directory = "RIALTO_SERVER__DATA_DIR=/var/lib/rialto";
    assert_eq!(about("ENV"), [directory]);
    for image in about("FROM") {
        assert!(!image.contains('/'), "an image by its short name: {image}");
    }
    for (word, rest) in instructions() {
        assert!(!rest.contains("://"), "no addresses: {word} {rest}");
    }
}

#[test]
fn the_check_of_the_container_is_a_command_that_tells_a_broker_from_none() {
    let check = about("HEALTHCHECK").remove(0);
    let (_, command) = check.split_once("CMD ").unwrap();
    let command: Vec<String> = serde_json::from_str(command).unwrap();
    assert_eq!(command[0], "rialto");
    let run = |address: &str| {
        let api = format!("http://{address}");
        Command::new(PROGRAM).args(&command[1..]).args(["--api", &api]).output().unwrap()
    };
    let mut broker = rialto_testkit::Launch::of(PROGRAM)
        .listener("http")
        .set("listeners.http.dialect=http")
        .start();
    let address = broker.address_of("http").to_string();
    let well = run(&address);
    assert!(well.status.success(), "{}", String::from_utf8_lossy(&well.stderr));
    broker.terminate();
    assert_eq!(run(&address).status.code(), Some(3), "documented as unreachable");
}
