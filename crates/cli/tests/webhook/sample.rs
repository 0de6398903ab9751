//! The application in Python, run for one test.

use std::{
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

/// `examples/webhook_app.py` on a free port. Dropping it ends the process.
pub(crate) struct Sample {
    process: Child,
    output: BufReader<ChildStdout>,
    pub(crate) url: String,
}

impl Sample {
    /// Starts it with the secret that requests are to be signed with.
    pub(crate) fn start(secret: &str) -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let mut process = Command::new("python3")
            .arg(root.join("examples/webhook_app.py"))
            .args(["--port", "0"])
            .env("RIALTO_WEBHOOK__SECRET", secret)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut sample = Sample { process, output, url: String::new() };
        let line = sample.line();
        line.strip_prefix("listening on ").unwrap().clone_into(&mut sample.url);
        sample
    }

    /// Waits for the next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        assert!(self.output.read_line(&mut line).unwrap() > 0, "the application has ended");
        line.trim_end().to_owned()
    }

    /// Takes lines until there was one with this beginning.
    pub(crate) fn wait_for(&mut self, beginning: &str) -> String {
        loop {
            let line = self.line();
            if line.starts_with(beginning) {
                return line;
            }
        }
    }
}

impl Drop for Sample {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
