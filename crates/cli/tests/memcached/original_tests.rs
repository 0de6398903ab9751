//! memcached's own protocol tests, against this broker in place of its daemon.
//!
//! They come with the source of the Debian package. Many of them start memcached with options of their own; against a
//! daemon that runs already memcached itself fails in some places, and there this broker need not do better.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Mutex,
    thread,
    time::{Duration, Instant},
};

use crate::{LISTENER, start};

/// What `cargo xtask setup` fetches.
const SOURCE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/debian-source/memcached");
/// How many files are run at the same time; most of them wait for items to expire.
const FILES_AT_ONCE: usize = 6;
/// How long a file may take, several times what it takes on a busy machine.
const FILE_TIME_MAX: Duration = Duration::from_secs(150);

/// The files of tests that are about the text protocol, and the tests in them that memcached 1.6.18 itself fails, or does
/// not come to, with the options of an ordinary daemon.
const FILES: [(&str, &[usize]); 34] = [
    ("bogus-commands.t", &[]),
    ("cas.t", &[]),
    ("chunked-items.t", &[]),
    ("evictions.t", &[91, 92]),
    ("expirations.t", &[3, 8, 16, 17, 36]),
    ("flags.t", &[]),
    // What is only told with -F and -C.
    ("flush-all.t", &[25, 26, 27]),
    ("getandtouch.t", &[]),
    ("getset.t", &[]),
    ("incrdecr.t", &[]),
    ("issue_104.t", &[]),
    ("issue_108.t", &[]),
    ("issue_14.t", &[]),
    ("issue_152.t", &[]),
    ("issue_163.t", &[]),
    ("issue_183.t", &[5]),
    ("issue_192.t", &[]),
    ("issue_22.t", &[41, 84]),
    ("issue_29.t", &[]),
    ("issue_3.t", &[]),
    ("issue_41.t", &[]),
    ("issue_42.t", &[]),
    ("issue_61.t", &[7]),
    ("issue_68.t", &[]),
    ("issue_70.t", &[]),
    // The others start daemons with limits of their own, and stop.
    ("item_size_max.t", &[2, 3, 4, 5, 6, 7]),
    ("malicious-commands.t", &[]),
    ("multiversioning.t", &[]),
    ("noreply.t", &[]),
    ("quit.t", &[]),
    ("stats.t", &[1, 32, 80, 112, 113]),
    ("stats-detail.t", &[]),
    ("strtol-testing.t", &[]),
    ("touch.t", &[]),
];

/// What later versions of memcached answer otherwise than 1.6.18, whose data after a bad command line was taken for
/// commands: file, what stands there, and what stands there since.
const SINCE: [(&str, &str, &str); 2] = [
    (
        "cas.t",
        "is(scalar <$sock>, \"ERROR\\r\\n\", \"cas empty, throw error\");",
        "is(scalar <$sock>, \"CLIENT_ERROR bad command line format\\r\\n\", \"cas empty, throw error\");",
    ),
    (
        "cas.t",
        "is(scalar <$sock>, \"ERROR\\r\\n\", \"error out on barval2 parsing\");",
        "ok(1, \"the data is passed over\");",
    ),
];

#[test]
fn the_tests_of_memcached_pass_where_memcached_passes_them() {
    let source = Path::new(SOURCE);
    assert!(
        source.is_dir(),
        "there is no source of memcached at {SOURCE}: run `cargo xtask setup`"
    );
    let scratch = tempfile::tempdir().unwrap();
    let tests = copy_tests(source, scratch.path());
    let waiting = Mutex::new(FILES.iter());
    thread::scope(|scope| {
        for _ in 0..FILES_AT_ONCE {
            scope.spawn(|| {
                loop {
                    let Some((file, excused)) = waiting.lock().unwrap().next() else { return };
                    run(&tests, file, excused);
                }
            });
        }
    });
}

/// Runs a file of tests against a broker of its own.
fn run(tests: &Path, file: &str, excused: &[usize]) {
    // As many connections as memcached allows by default: one test asks.
    let broker = start(&["limits.connections_max=1024"]);
    let output_file = tests.join(format!("{file}.out"));
    let output = fs::File::create(&output_file).unwrap();
    let mut perl = Command::new("perl")
        .arg(format!("-I{}", tests.join("lib").display()))
        .arg(tests.join(file))
        .env("T_MEMD_USE_DAEMON", broker.address_of(LISTENER).to_string())
        .current_dir(tests.parent().unwrap())
        .stdin(Stdio::null())
        .stdout(output.try_clone().unwrap())
        .stderr(output)
        .spawn()
        .unwrap();
    let deadline = Instant::now() + FILE_TIME_MAX;
    while perl.try_wait().unwrap().is_none() {
        if deadline < Instant::now() {
            perl.kill().unwrap();
            perl.wait().unwrap();
            break;
        }
        thread::sleep(Duration::from_millis(20));
    }
    let said = String::from_utf8_lossy(&fs::read(output_file).unwrap()).into_owned();
    check(file, &said, excused);
}

/// Checks that all tests that were planned ran and passed, save those excused.
fn check(file: &str, said: &str, excused: &[usize]) {
    let number = |line: &str, word: &str| -> Option<usize> {
        line.strip_prefix(word)?.split_whitespace().next()?.parse().ok()
    };
    let planned = said.lines().find_map(|line| number(line, "1..")).unwrap_or(0);
    let passed: BTreeSet<usize> = said.lines().filter_map(|line| number(line, "ok ")).collect();
    let missed: Vec<usize> = (1..=planned)
        .filter(|number| !passed.contains(number) && !excused.contains(number))
        .collect();
    let tail: Vec<&str> = said.lines().filter(|line| !line.starts_with("ok ")).collect();
    assert!(0 < planned && missed.is_empty(), "{file}, tests {missed:?}:\n{}", tail.join("\n"));
}

/// Copies the tests, and puts in what is so since.
fn copy_tests(source: &Path, scratch: &Path) -> PathBuf {
    let tests = scratch.join("t");
    fs::create_dir_all(tests.join("lib")).unwrap();
    // The tests ask for the help of a program, to see what it was built with.
    fs::write(scratch.join("memcached-debug"), "#!/bin/sh\n").unwrap();
    let program = scratch.join("memcached-debug");
    fs::set_permissions(program, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let library = "lib/MemcachedTest.pm";
    for file in FILES.iter().map(|(file, _)| *file).chain([library]) {
        let mut text = fs::read_to_string(source.join("t").join(file)).unwrap();
        for (_, before, since) in SINCE.iter().filter(|(changed, ..)| *changed == file) {
            text = text.replace(before, since);
        }
        fs::write(tests.join(file), text).unwrap();
    }
    tests
}
