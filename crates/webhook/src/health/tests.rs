use std::{
    io,
    sync::{Arc, Mutex},
};

use super::*;

#[test]
fn a_failing_application_is_told_of_once_and_again_when_it_works() {
    let log = logged(|health| {
        health.works();
        for failure in [Failure::Unreachable, Failure::TimedOut, Failure::Status(500)] {
            health.fails("publish", failure);
        }
        health.loses();
        health.loses();
        health.works();
        health.works();
    });
    let lines: Vec<_> = log.lines().collect();
    assert_eq!(lines.len(), 3, "{log}");
    assert!(lines[0].contains("WARN") && lines[0].contains("no connection"), "{log}");
    assert!(lines[1].contains("WARN") && lines[1].contains("dropped"), "{log}");
    assert!(lines[2].contains("INFO") && lines[2].contains("lost=2"), "{log}");
}

#[test]
fn each_failing_is_told_of_anew() {
    let log = logged(|health| {
        for _ in 0..2 {
            health.fails("publish", Failure::NotAnAnswer);
            health.works();
        }
    });
    assert_eq!(log.lines().count(), 4, "{log}");
}

/// Returns what is logged while this is done.
fn logged(act: impl FnOnce(&Health)) -> String {
    let log = Log::default();
    let writer = log.clone();
    let subscriber =
        tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    tracing::subscriber::with_default(subscriber, || act(&Health::new("decision")));
    String::from_utf8(log.0.lock().unwrap().clone()).unwrap()
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
