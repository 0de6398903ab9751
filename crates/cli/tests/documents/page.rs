//! Plays a page: its commands are typed, its files made, its output compared.
//!
//! Commands are waited for as a reader does: until the prompt is there again, or until the last one
//! of a block says that it has begun ([`SIGNS`]) or shows the output that follows in the page. No
//! time is waited for.
//!
//! - A block for a terminal in which something still runs begins with a comment that says `Ctrl-C`,
//!   which is then pressed; or what runs there ends by itself.
//! - A command ends with code 0, unless a comment behind it says `exit code 1`. What ran on in a
//!   terminal may also be ended by a signal.
//! - With `RIALTO_PICTURES=renew` in the environment, pictures of the browser are written to `docs/pictures`.

use std::{collections::BTreeMap, env, fs, path::Path};

use crate::{
    blocks_of,
    browser::Browser,
    machine::Machine,
    markdown::Block,
    output, root,
    terminal::{State, Terminal, shown, state},
};

/// Words of a command that goes on, and the words by which it says that it has begun.
const SIGNS: [(&str, &str); 9] = [
    ("rialto serve", "ready"),
    ("rialto balance --", "ready"),
    ("cluster/run.py", "clients connect to"),
    ("cargo run --release -- serve", "ready"),
    ("sample_server", "ready"),
    ("sample_client.py", "published on"),
    ("rialto sub", "subscribed to"),
    ("rialto tail", "looking at messages"),
    ("curl -sN", r#"{"event":"open"}"#),
];

/// Plays a page from its beginning to its end.
pub(crate) fn play(page: &Path) {
    let Some(machine) = Machine::try_new(root()) else { return };
    let name = page.file_name().unwrap().to_string_lossy();
    let mut player = Player::on(machine);
    let blocks = blocks_of(page);
    let mut blocks = blocks.iter().filter(|block| block.attribute("skip").is_none()).peekable();
    while let Some(block) = blocks.next() {
        // Says where it is if it panics; the output of a test that passes is not shown.
        eprintln!("{name}:{}", block.line);
        let is_shown_next = blocks.peek().is_some_and(|next| next.is_output() || next.is_typed());
        player.play(block, is_shown_next);
    }
    player.finish();
}

struct Player {
    machine: Machine,
    terminals: BTreeMap<String, Desk>,
    browser: Option<Browser>,
    /// The terminal of the last commands.
    latest: String,
}

/// A terminal, and what goes on in it.
struct Desk {
    terminal: Terminal,
    /// What the commands of the block printed, as far as they have ended.
    printed: String,
    /// The command that was left running, until it is seen to have ended.
    running: Option<Running>,
}

struct Running {
    command: String,
    /// Bytes of the screen that the page has shown already.
    shown_bytes: usize,
}

impl Player {
    fn on(machine: Machine) -> Self {
        Player { machine, terminals: BTreeMap::new(), browser: None, latest: String::new() }
    }

    fn play(&mut self, block: &Block, is_shown_next: bool) {
        if let Some(file) = block.attribute("file") {
            fs::write(self.machine.checkout().join(file), format!("{}\n", block.text)).unwrap();
        } else if block.is_shell() {
            self.latest = block.attribute("terminal").unwrap_or("1").to_owned();
            self.desk().run(&block.text, is_shown_next);
        } else if block.is_browser() {
            self.browse(block);
        } else if block.is_output() || block.is_typed() {
            if let Some(terminal) = block.attribute("terminal") {
                self.latest = terminal.to_owned();
            }
            match block.is_typed() {
                true => self.desk().tell(&block.text),
                false => self.desk().expect(&block.text),
            }
        }
    }

    /// Carries out steps in the browser, and takes the picture that the page has of it.
    fn browse(&mut self, block: &Block) {
        let machine = &self.machine;
        let browser = self.browser.get_or_insert_with(|| Browser::open(&mut machine.browser()));
        block.text.lines().for_each(|step| browser.take(step));
        if let Some(name) = block.attribute("picture") {
            let kept = root().join("docs/pictures").join(name);
            assert!(kept.exists() || renews_pictures(), "RIALTO_PICTURES=renew makes {name}");
            let place = if renews_pictures() { kept } else { machine.checkout().join(name) };
            browser.photograph(&place);
        }
    }

    fn desk(&mut self) -> &mut Desk {
        let machine = &self.machine;
        self.terminals.entry(self.latest.clone()).or_insert_with(|| {
            let terminal = Terminal::open(&mut machine.shell());
            Desk { terminal, printed: String::new(), running: None }
        })
    }

    /// Checks that what still runs is well.
    fn finish(self) {
        for (_, mut desk) in self.terminals {
            if let State::Idle(code) = state(&desk.terminal.text()) {
                desk.end(code);
            }
        }
    }
}

impl Desk {
    fn run(&mut self, text: &str, is_shown_next: bool) {
        self.make_free(text.lines().next().is_some_and(says_ctrl_c));
        self.printed.clear();
        let mut lines = text.lines().filter(|line| !line.starts_with('#')).peekable();
        let mut command = String::new();
        while let Some(line) = lines.next() {
            if command.is_empty() {
                self.terminal.type_line(line);
            } else {
                self.terminal.go_on(line);
            }
            command.push_str(line);
            command.push('\n');
            if self.settle(&command, lines.peek().is_none(), is_shown_next) {
                command.clear();
            }
        }
    }

    /// Waits until nothing runs in the terminal, for which Ctrl-C is pressed if the page says so.
    fn make_free(&mut self, is_ctrl_c: bool) {
        let Some(running) = &self.running else {
            assert!(!is_ctrl_c, "there is nothing that Ctrl-C would stop");
            return;
        };
        if is_ctrl_c {
            assert_eq!(
                state(&self.terminal.text()),
                State::Busy,
                "it has ended: {}",
                running.command
            );
            self.terminal.interrupt();
        }
        let what = format!(
            "the end of {}, which the page must stop before the next command",
            running.command
        );
        let code = self.terminal.wait(&what, |text| match state(text) {
            State::Idle(code) => Some(code),
            _ => None,
        });
        self.end(code);
    }

    /// Waits for the end of a command, or a sign that it has begun; says whether it is complete.
    fn settle(&mut self, command: &str, is_last: bool, is_shown_next: bool) -> bool {
        let sign = SIGNS.iter().find(|(words, _)| is_last && command.contains(words));
        if is_last && is_shown_next && sign.is_none() {
            self.running = Some(Running { command: command.to_owned(), shown_bytes: 0 });
            return true;
        }
        let (now, seen_bytes) = self.terminal.wait(command, |text| match (state(text), sign) {
            (State::Busy, Some((_, sign))) => Some((State::Busy, end_of_line(text, sign)?)),
            (State::Busy, None) => None,
            (other, _) => Some((other, 0)),
        });
        match now {
            State::Incomplete => return false,
            State::Idle(code) => self.check(command, code),
            State::Busy => {
                let shown_bytes = if is_shown_next { 0 } else { seen_bytes };
                self.running = Some(Running { command: command.to_owned(), shown_bytes });
            }
        }
        true
    }

    /// Types lines into what runs.
    fn tell(&mut self, text: &str) {
        assert!(self.running.is_some(), "nothing runs that would read {text}");
        text.lines().for_each(|line| self.terminal.tell(line));
    }

    /// Checks what the page says that is seen in the terminal.
    fn expect(&mut self, expected: &str) {
        let Some(running) = &mut self.running else {
            let printed = &self.printed;
            assert!(
                output::is_all(expected, printed),
                "expected:\n{expected}\nprinted:\n{printed}"
            );
            return;
        };
        let what = format!("{}shows\n{expected}\nwhich", running.command);
        let code = self.terminal.wait(&what, |text| match state(text) {
            State::Busy => {
                let bytes = output::find(expected, &text[running.shown_bytes..])?;
                running.shown_bytes += bytes;
                Some(None)
            }
            State::Idle(code) => Some(Some(code)),
            State::Incomplete => None,
        });
        if let Some(code) = code {
            let text = self.terminal.text();
            let rest = shown(&text[running.shown_bytes..]);
            let all = format!("{}{rest}", self.printed);
            self.end(code);
            assert!(output::is_all(expected, &all), "expected:\n{expected}\nprinted:\n{all}");
        }
    }

    /// Checks how a command ended that was left running.
    fn end(&mut self, code: i32) {
        let Some(running) = self.running.take() else { return };
        if code < 128 {
            self.check(&running.command, code);
        }
    }

    fn check(&mut self, command: &str, code: i32) {
        let printed = shown(&self.terminal.text());
        assert_eq!(code, wanted_code(command), "exit code of {command}which printed:\n{printed}");
        self.printed.push_str(&printed);
    }
}

fn renews_pictures() -> bool {
    env::var_os("RIALTO_PICTURES").is_some_and(|it| it == "renew")
}

fn says_ctrl_c(line: &str) -> bool {
    line.starts_with('#') && line.contains("Ctrl-C")
}

/// Returns the exit code that the page says for a command.
fn wanted_code(command: &str) -> i32 {
    let words = command.rsplit_once("# ").and_then(|(_, comment)| comment.split_once("exit code "));
    let digits = words.and_then(|(_, code)| code.split(|c: char| !c.is_ascii_digit()).next());
    digits.map_or(0, |digits| digits.parse().unwrap())
}

/// Returns how many bytes it is to the end of the line with these words, if it is there.
fn end_of_line(text: &str, words: &str) -> Option<usize> {
    let at = text.find(words)?;
    Some(at + text[at..].find('\n')? + 1)
}
