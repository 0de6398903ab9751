//! A terminal in which commands are typed, and what can be seen in it.

use std::{
    io::Write as _,
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Instant,
};

use rialto_testkit::PATIENCE;

/// Around the exit code in the shell's prompt.
const PROMPT: char = '\u{1e}';
/// What the shell shows when a command goes on in the next line.
const CONTINUED: char = '\u{1d}';
const CTRL_C: &str = "\u{3}";

/// A shell with its terminal.
pub(crate) struct Terminal {
    shell: Child,
    keyboard: ChildStdin,
    screen: Arc<Screen>,
}

#[derive(Default)]
struct Screen {
    seen: Mutex<Seen>,
    changed: Condvar,
}

#[derive(Default)]
struct Seen {
    text: String,
    is_over: bool,
}

/// What the shell does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It waits for a command, and the last one ended with this code.
    Idle(i32),
    /// It waits for the rest of a command.
    Incomplete,
    Busy,
}

impl Terminal {
    /// Starts a shell, and waits for its prompt.
    pub(crate) fn open(shell: &mut Command) -> Terminal {
        let mut shell = shell
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let keyboard = shell.stdin.take().unwrap();
        let output = shell.stdout.take().unwrap();
        let screen = Arc::new(Screen::default());
        thread::spawn({
            let screen = Arc::clone(&screen);
            move || screen.show(output)
        });
        let terminal = Terminal { shell, keyboard, screen };
        terminal
            .wait("its first prompt", |text| matches!(state(text), State::Idle(_)).then_some(()));
        terminal
    }

    /// Types a line, and forgets what was seen before.
    pub(crate) fn type_line(&mut self, line: &str) {
        self.forget();
        self.send(&format!("{line}\n"));
    }

    /// Types a further line of a command.
    pub(crate) fn go_on(&mut self, line: &str) {
        let text = &mut self.screen.seen.lock().unwrap().text;
        text.retain(|character| character != CONTINUED);
        writeln!(self.keyboard, "{line}").unwrap();
    }

    /// Types a line for the program that runs, and forgets nothing.
    pub(crate) fn tell(&mut self, line: &str) {
        self.send(&format!("{line}\n"));
    }

    /// Presses Ctrl-C.
    pub(crate) fn interrupt(&mut self) {
        self.forget();
        self.send(CTRL_C);
    }

    /// Waits until the screen, or what came since something was typed, shows something.
    pub(crate) fn wait<T>(&self, what: &str, mut look: impl FnMut(&str) -> Option<T>) -> T {
        let deadline = Instant::now() + PATIENCE;
        let mut seen = self.screen.seen.lock().unwrap();
        loop {
            if let Some(found) = look(&seen.text) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let shown = shown(&seen.text);
            assert!(!seen.is_over, "the shell ended before {what}; it showed:\n{shown}");
            assert!(!left.is_zero(), "{what} did not come; the terminal shows:\n{shown}");
            seen = self.screen.changed.wait_timeout(seen, left).unwrap().0;
        }
    }

    /// Returns what the screen shows at this moment.
    pub(crate) fn text(&self) -> String {
        self.screen.seen.lock().unwrap().text.clone()
    }

    fn forget(&self) {
        self.screen.seen.lock().unwrap().text.clear();
    }

    fn send(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        _ = self.shell.kill();
        _ = self.shell.wait();
    }
}

impl Screen {
    fn show(&self, mut output: impl std::io::Read) {
        let mut buffer = [0; 4096];
        // A character may be cut in two by a read.
        let mut bytes = Vec::new();
        while let Ok(count @ 1..) = output.read(&mut buffer) {
            bytes.extend_from_slice(&buffer[..count]);
            let whole = match std::str::from_utf8(&bytes) {
                Err(error) if error.error_len().is_none() => error.valid_up_to(),
                _ => bytes.len(),
            };
            let text = String::from_utf8_lossy(&bytes[..whole]).replace('\r', "");
            bytes.drain(..whole);
            let mut seen = self.seen.lock().unwrap();
            seen.text.push_str(&text);
            remove_colours(&mut seen.text);
            drop(seen);
            self.changed.notify_all();
        }
        self.seen.lock().unwrap().is_over = true;
        self.changed.notify_all();
    }
}

/// Removes the sequences that colour text, but for one that is not complete yet.
fn remove_colours(text: &mut String) {
    while let Some(start) = text.find("\u{1b}[") {
        let Some(length) = text[start..].find('m') else { return };
        text.replace_range(start..=start + length, "");
    }
}

/// Says what the shell does whose terminal shows `text`.
pub(crate) fn state(text: &str) -> State {
    if text.ends_with(CONTINUED) {
        return State::Incomplete;
    }
    let code = text.strip_suffix(PROMPT).and_then(|text| text.rsplit(PROMPT).next()?.parse().ok());
    code.map_or(State::Busy, State::Idle)
}

/// Returns what commands printed: the text without prompts.
pub(crate) fn shown(text: &str) -> String {
    let parts = text.split(PROMPT).step_by(2);
    parts.collect::<String>().replace(CONTINUED, "")
}
