//! The process that has the client under test.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{Arc, Mutex, PoisonError, mpsc::Sender},
    thread,
};

use serde_json::Value;

use super::arrival::Arrival;

/// A running runner. Dropping it kills the process.
#[derive(Debug)]
pub(super) struct Runner {
    process: Child,
    input: ChildStdin,
    complaints: Arc<Mutex<String>>,
    last: u64,
}

impl Runner {
    /// Starts one; its lines go to `arrivals`.
    pub(super) fn start(command: &[String], arrivals: &Sender<Arrival>) -> io::Result<Self> {
        let (program, arguments) = command.split_first().expect("a runner's command is not empty");
        let mut process = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let input = process.stdin.take().expect("it is piped");
        let output = process.stdout.take().expect("it is piped");
        let errors = process.stderr.take().expect("it is piped");
        let (to, complaints) = (arrivals.clone(), Arc::<Mutex<String>>::default());
        thread::spawn(move || read_lines(output, &to));
        let gathered = complaints.clone();
        thread::spawn(move || gather(errors, &gathered));
        Ok(Runner { process, input, complaints, last: 0 })
    }

    /// Has it do something; returns the number of its answer.
    pub(super) fn tell(&mut self, action: &Value) -> Result<u64, String> {
        self.last += 1;
        let mut action = action.clone();
        action["n"] = self.last.into();
        let written = writeln!(self.input, "{action}").and_then(|()| self.input.flush());
        written.map_err(|error| format!("the runner takes no line: {error}"))?;
        Ok(self.last)
    }

    /// Returns and forgets what it wrote to its standard error.
    pub(super) fn complaints(&self) -> String {
        std::mem::take(&mut self.complaints.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// Nobody listens any more once the suite is over, so a line that cannot be sent is no error.
fn read_lines(output: impl Read, arrivals: &Sender<Arrival>) {
    for line in BufReader::new(output).lines() {
        let Ok(line) = line else { break };
        let Ok(value) = serde_json::from_str(&line) else {
            let why = format!("the runner wrote {line:?}, which is no line of JSON");
            _ = arrivals.send(Arrival::RunnerEnded(why));
            return;
        };
        _ = arrivals.send(Arrival::Line(value));
    }
    _ = arrivals.send(Arrival::RunnerEnded("the runner ended".to_owned()));
}

fn gather(mut errors: impl Read, into: &Mutex<String>) {
    let mut piece = [0; 4096];
    while let Ok(count @ 1..) = errors.read(&mut piece) {
        let text = String::from_utf8_lossy(&piece[..count]);
        into.lock().unwrap_or_else(PoisonError::into_inner).push_str(&text);
    }
}
