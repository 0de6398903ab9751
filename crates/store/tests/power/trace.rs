//! What a process asked of its files, as `recorder.c` writes it down.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
    sync::OnceLock,
};

/// One thing that a process did, in the order of the trace.
#[derive(Debug)]
pub(crate) enum Event {
    /// Made a file.
    Create {
        inode: u64,
        name: String,
    },
    MakeDirectory {
        inode: u64,
        name: String,
    },
    Remove {
        name: String,
    },
    Rename {
        from: String,
        to: String,
    },
    Write {
        inode: u64,
        place: usize,
        bytes: Vec<u8>,
    },
    SetSize {
        inode: u64,
        size: usize,
    },
    /// Synced a file or a directory; the recorded directory itself has an empty name.
    Sync {
        inode: u64,
        name: String,
    },
    Acknowledge,
}

/// Returns the recorder, which is built the first time.
pub(crate) fn recorder() -> &'static Path {
    static RECORDER: OnceLock<PathBuf> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/power/recorder.c");
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
        let library = directory.join(format!("recorder-{}.so", std::process::id()));
        let output = Command::new("cc")
            .args(["-shared", "-fPIC", "-O1", "-Wall", "-Wextra", "-o"])
            .arg(&library)
            .args([source, "-ldl", "-lpthread"])
            .output()
            .expect("the C compiler `cc` is there (`cargo xtask setup` installs it)");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        library
    })
}

/// Runs this test program under the recorder, which records what happens in `directory`.
pub(crate) fn record(
    directory: &Path,
    scratch: &Path,
    test: &str,
    variable: (&str, &str),
) -> Vec<Event> {
    let trace = scratch.join("trace");
    let output = Command::new(env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(variable.0, variable.1)
        .env("LD_PRELOAD", recorder())
        .env("RECORDER_DIRECTORY", directory)
        .env("RECORDER_ACKNOWLEDGEMENTS", acknowledgements_in(directory))
        .env("RECORDER_TRACE", &trace)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(String::from_utf8_lossy(&output.stdout).contains("1 passed"), "nothing was run");
    parse(&fs::read(trace).unwrap())
}

/// Returns the file beside the recorded directory that acknowledgements are written to.
pub(crate) fn acknowledgements_in(directory: &Path) -> PathBuf {
    directory.with_extension("acknowledged")
}

fn parse(mut rest: &[u8]) -> Vec<Event> {
    let mut events = Vec::new();
    while let Some((kind, fields)) = rest.split_first() {
        let number =
            |place: usize| u64::from_ne_bytes(fields[place..place + 8].try_into().unwrap());
        let (inode, place) = (number(0), number(8) as usize);
        let length = u32::from_ne_bytes(fields[16..20].try_into().unwrap()) as usize;
        let (bytes, behind) = fields[20..].split_at(length);
        rest = behind;
        let text = || String::from_utf8(bytes.to_vec()).unwrap();
        events.push(match kind {
            b'C' => Event::Create { inode, name: text() },
            b'D' => Event::MakeDirectory { inode, name: text() },
            b'U' => Event::Remove { name: text() },
            b'R' => {
                let both = text();
                let (from, to) = both.split_once('\0').unwrap();
                Event::Rename { from: from.to_owned(), to: to.to_owned() }
            }
            b'W' => Event::Write { inode, place, bytes: bytes.to_vec() },
            b'T' => Event::SetSize { inode, size: place },
            b'S' => Event::Sync { inode, name: text() },
            b'A' => Event::Acknowledge,
            other => panic!("the recorder wrote {other}"),
        });
    }
    events
}
