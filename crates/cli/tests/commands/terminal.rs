//! A terminal with a command on it, and what can be seen there.

use std::{
    io::{Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Instant,
};

use rialto_testkit::PATIENCE;
use tempfile::TempDir;

use crate::common::PROGRAM;

/// A terminal of 24 rows on which a command runs.
pub(crate) struct Terminal {
    child: Child,
    keyboard: ChildStdin,
    screen: Arc<(Mutex<Screen>, Condvar)>,
    /// Where the shell around it writes what it finds.
    dir: TempDir,
}

/// What the terminal shows, and has shown above: as much of its language as the commands speak.
#[derive(Default)]
struct Screen {
    columns: usize,
    rows: Vec<Vec<char>>,
    row: usize,
    column: usize,
    /// What has come of an escape sequence.
    escape: Option<String>,
    /// Whether the other screen is shown, as programs that fill it have it.
    is_other: bool,
    has_colours: bool,
    is_over: bool,
}

impl Terminal {
    /// Runs `rialto` with these arguments, in a directory of its own that is its home too.
    pub(crate) fn open(columns: usize, arguments: &str, variables: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let script = format!(
            "stty rows 24 cols {columns}; tty > tty; stty -g > before; {PROGRAM} {arguments}; \
             echo $? > code; stty -g > after"
        );
        let mut child = Command::new("script")
            .args(["-qfec", &script, "/dev/null"])
            .current_dir(dir.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("TERM", "xterm-256color")
            .env("HOME", dir.path())
            .envs(variables.iter().copied())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script is there: run `cargo xtask setup`");
        let keyboard = child.stdin.take().unwrap();
        let mut output = child.stdout.take().unwrap();
        let screen = Screen { columns, ..Screen::default() };
        let screen = Arc::new((Mutex::new(screen), Condvar::new()));
        let shared = screen.clone();
        thread::spawn(move || {
            let (screen, changed) = &*shared;
            let (mut buffer, mut rest) = ([0; 4096], Vec::new());
            while let Ok(count @ 1..) = output.read(&mut buffer) {
                rest.extend_from_slice(&buffer[..count]);
                let whole = match std::str::from_utf8(&rest) {
                    Ok(text) => text.len(),
                    Err(error) => error.valid_up_to(),
                };
                let text: Vec<u8> = rest.drain(..whole).collect();
                let mut screen = screen.lock().unwrap();
                std::str::from_utf8(&text).unwrap().chars().for_each(|it| screen.take(it));
                changed.notify_all();
            }
            screen.lock().unwrap().is_over = true;
            changed.notify_all();
        });
        Terminal { child, keyboard, screen, dir }
    }

    pub(crate) fn press(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).unwrap();
        self.keyboard.flush().unwrap();
    }

    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        self.screen.0.lock().unwrap().columns = columns.into();
        let size = [rows.to_string(), columns.to_string()];
        let tty = self.written("tty");
        let stty = ["-F", &tty, "rows", &size[0], "cols", &size[1]];
        assert!(Command::new("stty").args(stty).status().unwrap().success());
    }

    /// Waits until what is seen is as it should be.
    #[track_caller]
    pub(crate) fn wait_for(&self, what: &str, is_there: impl Fn(&str) -> bool) {
        let (screen, changed) = &*self.screen;
        let began = Instant::now();
        let mut seen = screen.lock().unwrap();
        while !is_there(&seen.text()) {
            let left = PATIENCE.saturating_sub(began.elapsed());
            if left.is_zero() || seen.is_over {
                // Released before the test fails: the thread that reads goes on.
                let text = seen.text();
                drop(seen);
                panic!("no sign of {what} in:\n{text}");
            }
            seen = changed.wait_timeout(seen, left).unwrap().0;
        }
    }

    pub(crate) fn screen(&self) -> String {
        self.screen.0.lock().unwrap().text()
    }

    pub(crate) fn has_colours(&self) -> bool {
        self.screen.0.lock().unwrap().has_colours
    }

    /// Expects that the command ends with this code, and has left the terminal as it was.
    #[track_caller]
    pub(crate) fn expect_restored(mut self, code: i32) {
        assert!(self.child.wait().unwrap().success());
        assert_eq!(self.written("code"), code.to_string());
        assert_eq!(self.written("after"), self.written("before"));
        let (screen, changed) = &*self.screen;
        let seen = changed
            .wait_timeout_while(screen.lock().unwrap(), PATIENCE, |seen| !seen.is_over)
            .unwrap()
            .0;
        assert!(!seen.is_other, "the screen of before is shown again");
    }

    /// Returns the home of the command.
    pub(crate) fn home(&self) -> &Path {
        self.dir.path()
    }

    fn written(&self, name: &str) -> String {
        let path: PathBuf = self.dir.path().join(name);
        std::fs::read_to_string(path).unwrap().trim().to_owned()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Screen {
    fn text(&self) -> String {
        let row = |row: &Vec<char>| row.iter().collect::<String>().trim_end().to_owned();
        self.rows.iter().map(row).collect::<Vec<_>>().join("\n")
    }

    fn take(&mut self, letter: char) {
        if let Some(mut escape) = self.escape.take() {
            escape.push(letter);
            let is_whole = match escape.as_bytes() {
                [b'['] => false,
                [b'[', .., last] => (0x40..0x7f).contains(last),
                _ => true,
            };
            if is_whole {
                self.obey(&escape)
            } else {
                self.escape = Some(escape)
            }
            return;
        }
        assert!(letter != '\u{9b}', "a sequence that nobody should send");
        match letter {
            '\u{1b}' => self.escape = Some(String::new()),
            '\r' => self.column = 0,
            '\n' => self.row += 1,
            '\u{7}' => {}
            letter => self.put(letter),
        }
    }

    fn put(&mut self, letter: char) {
        if self.columns <= self.column {
            (self.row, self.column) = (self.row + 1, 0);
        }
        let height = self.rows.len().max(self.row + 1);
        self.rows.resize(height, Vec::new());
        let row = &mut self.rows[self.row];
        let width = row.len().max(self.column + 1);
        row.resize(width, ' ');
        row[self.column] = letter;
        self.column += 1;
    }

    fn obey(&mut self, escape: &str) {
        let Some(sequence) = escape.strip_prefix('[') else { return };
        let (arguments, last) = sequence.split_at(sequence.len() - 1);
        let numbers: Vec<usize> = arguments.split(';').filter_map(|it| it.parse().ok()).collect();
        let count = numbers.first().copied().unwrap_or(1);
        match (last, arguments) {
            ("h", "?1049") => self.is_other = true,
            ("l", "?1049") => self.is_other = false,
            ("H", _) => {
                let place = |index: usize| numbers.get(index).copied().unwrap_or(1) - 1;
                (self.row, self.column) = (place(0), place(1));
            }
            ("J", "2") => self.rows.clear(),
            ("A", _) => self.row = self.row.saturating_sub(count),
            ("B", _) => self.row += count,
            ("C", _) => self.column += count,
            ("D", _) => self.column = self.column.saturating_sub(count),
            ("K", "") => {
                if let Some(row) = self.rows.get_mut(self.row) {
                    row.truncate(self.column);
                }
            }
            ("m", _) => {
                let is_colour = |it: &usize| matches!(it, 30..=38 | 40..=48 | 90..=97 | 100..=107);
                self.has_colours |= numbers.iter().any(is_colour);
            }
            _ => {}
        }
    }
}
