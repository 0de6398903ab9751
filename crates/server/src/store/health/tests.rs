use std::io;

use rialto_domain::FailureKind;
use rialto_store::Cause;
use tracing_subscriber::fmt::MakeWriter;

use super::*;

/// Gathers what is logged.
#[derive(Clone, Default)]
struct Gathered(std::sync::Arc<Mutex<Vec<u8>>>);

impl io::Write for Gathered {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Gathered {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

/// Returns the lines that `act` logs.
fn logged(act: impl FnOnce()) -> Vec<String> {
    let gathered = Gathered::default();
    let subscriber = tracing_subscriber::fmt().with_writer(gathered.clone()).finish();
    tracing::subscriber::with_default(subscriber, act);
    let text = String::from_utf8(gathered.0.lock().clone()).unwrap();
    text.lines().map(str::to_owned).collect()
}

fn failure() -> StoreError {
    let cause = Box::new(Cause::File(io::Error::other("the cable is loose")));
    StoreError { kind: FailureKind::Transient, during: "testing", path: None, cause }
}

#[test]
fn a_part_that_fails_is_told_of_once_and_once_more_when_it_works_again() {
    for (part, fails, works) in [
        (Part::Writing, "store write error", "store writes succeed again"),
        (Part::Reading, "store read error", "store reads succeed again"),
    ] {
        let mut health = Health::new(part);
        health.quiet = Duration::ZERO;
        let lines = logged(|| {
            health.note_success();
            (0..3).for_each(|_| health.note_failure(&failure()));
            health.settle();
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains(fails) && lines[0].contains("the cable is loose"), "{lines:?}");
        let lines = logged(|| (0..3).for_each(|_| health.note_success()));
        assert!(lines.len() == 1 && lines[0].contains(works), "{lines:?}");
    }
}

#[test]
fn one_that_works_now_and_then_is_not_told_to_work_each_time() {
    let mut health = Health::new(Part::Writing);
    health.quiet = Duration::from_secs(3600);
    let lines = logged(|| {
        for _ in 0..5 {
            health.note_failure(&failure());
            health.note_success();
        }
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
}

#[test]
fn a_commit_that_is_quick_is_not_told_of() {
    let watch = CommitWatch::default();
    let lines = logged(|| {
        watch.look();
        assert_eq!(watch.watch(1, || 5), 5);
        watch.look();
    });
    assert_eq!(lines, [""; 0]);
}
