//! The binary as a command that runs beside the test.

use std::{
    ffi::OsStr,
    io::{BufRead, BufReader, Read},
    process::{Child, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::{Duration, Instant},
};

use rialto_testkit::PATIENCE;

use super::{PROGRAM, Signal, signal};

/// A running command. Dropping it kills the process.
pub(crate) struct Command {
    process: Child,
    started: Instant,
    printed: Arc<Output>,
    said: Arc<Output>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    pub(crate) took: Duration,
    /// Lines of its standard output.
    pub(crate) printed: Vec<String>,
    /// Its standard error.
    pub(crate) said: String,
}

/// What a process has written to one of its outputs so far.
#[derive(Default)]
struct Output {
    state: Mutex<Lines>,
    grown: Condvar,
}

#[derive(Default)]
struct Lines {
    lines: Vec<String>,
    ended: bool,
}

impl Command {
    /// Starts `rialto` with these arguments, and nothing from our environment.
    pub(crate) fn start(arguments: impl IntoIterator<Item: AsRef<OsStr>>) -> Self {
        Command::spawn(std::process::Command::new(PROGRAM), arguments)
    }

    /// Starts `rialto` as what `command` runs, with these arguments behind its own.
    pub(crate) fn spawn(
        mut command: std::process::Command,
        arguments: impl IntoIterator<Item: AsRef<OsStr>>,
    ) -> Self {
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("RIALTO_") {
                command.env_remove(name);
            }
        }
        command.args(arguments);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let started = Instant::now();
        let mut process = command.spawn().unwrap();
        let printed = Output::gather(process.stdout.take().unwrap());
        let said = Output::gather(process.stderr.take().unwrap());
        Command { process, started, printed, said }
    }

    /// Asks it to end, as Ctrl-C would.
    pub(crate) fn interrupt(&self) {
        signal(self.process.id(), Signal::INT);
    }

    /// Waits until it has said this on standard error.
    pub(crate) fn wait_until_it_says(&self, text: &str) {
        self.said.wait_for(text, PATIENCE, |said| {
            said.lines.iter().any(|line| line.contains(text)).then_some(())
        });
    }

    /// Waits until it has said what `find` looks for on standard error.
    pub(crate) fn wait_for_said<T>(
        &self,
        what: &str,
        mut find: impl FnMut(&[String]) -> Option<T>,
    ) -> T {
        self.said.wait_for(what, PATIENCE, |said| find(&said.lines))
    }

    /// Waits until it has printed so many lines.
    pub(crate) fn wait_for_lines(&self, count: usize) {
        self.wait_for_output(&format!("{count} lines"), PATIENCE, |lines| count <= lines.len());
    }

    /// Waits until it has printed what `is_enough`.
    pub(crate) fn wait_for_output(
        &self,
        what: &str,
        patience: Duration,
        is_enough: impl Fn(&[String]) -> bool,
    ) {
        self.printed.wait_for(what, patience, |printed| is_enough(&printed.lines).then_some(()));
    }

    /// Says whether it still runs.
    pub(crate) fn is_running(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    /// Waits until it has ended by itself.
    pub(crate) fn end(self) -> Ended {
        self.end_within(PATIENCE)
    }

    /// Waits that long until it has ended by itself.
    pub(crate) fn end_within(mut self, patience: Duration) -> Ended {
        let ended = |lines: &mut Lines| lines.ended.then(|| std::mem::take(&mut lines.lines));
        let said = self.said.wait_for("end of what it says", patience, ended);
        let printed = self.printed.wait_for("end of what it prints", patience, ended);
        let status = self.process.wait().unwrap();
        Ended { status, took: self.started.elapsed(), printed, said: said.join("\n") }
    }
}

impl Drop for Command {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
        if thread::panicking() {
            let said = &self.said.state.lock().unwrap().lines;
            eprintln!("a command said:\n{}", said.join("\n"));
        }
    }
}

impl Output {
    fn gather(source: impl Read + Send + 'static) -> Arc<Self> {
        let output = Arc::new(Output::default());
        let gathering = output.clone();
        thread::spawn(move || {
            for line in BufReader::new(source).lines().map_while(Result::ok) {
                gathering.state.lock().unwrap().lines.push(line);
                gathering.grown.notify_all();
            }
            gathering.state.lock().unwrap().ended = true;
            gathering.grown.notify_all();
        });
        output
    }

    fn wait_for<T>(
        &self,
        what: &str,
        patience: Duration,
        mut find: impl FnMut(&mut Lines) -> Option<T>,
    ) -> T {
        let deadline = Instant::now() + patience;
        let mut lines = self.state.lock().unwrap();
        loop {
            if let Some(found) = find(&mut lines) {
                return found;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if lines.ended || left.is_zero() {
                let (line_count, ended) = (lines.lines.len(), lines.ended);
                drop(lines);
                panic!("no {what} within {patience:?}, but {line_count} lines; ended: {ended}");
            }
            lines = self.grown.wait_timeout(lines, left).unwrap().0;
        }
    }
}
