//! Whatever a field holds, its event is one line of text, and one of JSON.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use proptest::prelude::*;
use rialto_config::LogFormat;
use tracing::dispatcher::with_default;
use tracing_subscriber::filter::{LevelFilter, Targets};

use super::super::subscriber;

/// What was logged.
#[derive(Clone, Default)]
struct Written(Arc<Mutex<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Returns what is logged in one format while something is done.
fn logged(format: LogFormat, act: impl FnOnce()) -> String {
    let written = Written::default();
    let filter = Targets::new().with_default(LevelFilter::TRACE);
    let writer = {
        let written = written.clone();
        move || written.clone()
    };
    with_default(&subscriber(format, filter, false, writer), act);
    let bytes = written.0.lock().unwrap().clone();
    String::from_utf8(bytes).unwrap()
}

/// Logs a text in every way there is.
fn log_everywhere(text: &str) {
    #[derive(Debug)]
    struct Named<'a> {
        #[allow(dead_code, reason = "it is there to be shown")]
        name: &'a str,
    }
    let error = io::Error::other(text.to_owned());
    let span = tracing::info_span!("span", text, shown = %text, later = tracing::field::Empty);
    span.record("later", text);
    let _entered = span.enter();
    tracing::info!(text, "a message");
    tracing::info!(shown = %text, debug = ?text, named = ?Named { name: text }, "a message");
    tracing::info!(error = &error as &(dyn std::error::Error + 'static), "a message");
    tracing::info!("{text}");
    tracing::info!("a message with {text:?} in it");
}

proptest! {
    #[test]
    fn no_text_leaves_its_line(text in any::<String>(), harmful in "[\u{1b}\n\r\u{85}\u{9b}\u{2028}\u{202e}\u{7f}\"= a]{0,8}") {
        let text = text + &harmful;
        for format in [LogFormat::Text, LogFormat::Json] {
            let lines = logged(format, || log_everywhere(&text));
            prop_assert_eq!(lines.lines().count(), 5, "{}", &lines);
            let is_harmful = |c: char| c != '\n' && !rialto_client::shown::is_shown(c);
            prop_assert!(!lines.contains(is_harmful), "{:?}", &lines);
            if format == LogFormat::Json {
                let first: serde_json::Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
                prop_assert_eq!(&first["text"], &text);
            }
        }
    }
}

#[test]
fn fields_look_like_this() {
    let lines = logged(LogFormat::Text, || {
        tracing::info!(
            client = "ada",
            reason = "too many",
            empty = "",
            count = 3,
            ok = true,
            "closed"
        );
        tracing::warn!(client = %"x\n2026-01-01\tINFO\tstopping\u{1b}[2J", "it's \"quoted\"");
    });
    let mut lines = lines.lines().map(|line| line.split_once("tests: ").unwrap().1);
    assert_eq!(
        lines.next(),
        Some(r#"closed client=ada reason="too many" empty="" count=3 ok=true"#)
    );
    assert_eq!(
        lines.next(),
        Some(r#"it's "quoted" client="x\n2026-01-01\tINFO\tstopping\u{1b}[2J""#)
    );
}
