//! A browser in which a page of the documentation has its steps carried out.

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

/// Chromium, driven by `clients/js/tests/steps.js`, which says what steps there are.
pub(crate) struct Browser {
    driver: Child,
    steps: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Browser {
    /// Starts one with the command that runs the driver.
    pub(crate) fn open(driver: &mut Command) -> Browser {
        let mut driver = driver
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let steps = driver.stdin.take().unwrap();
        let answers = BufReader::new(driver.stdout.take().unwrap());
        Browser { driver, steps, answers }
    }

    /// Carries out a step, for which the driver has a bound.
    pub(crate) fn take(&mut self, step: &str) {
        writeln!(self.steps, "{step}").unwrap();
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        assert_eq!(answer.trim_end(), "done", "in the browser: {step}");
    }

    /// Keeps what the window shows.
    pub(crate) fn photograph(&mut self, file: &Path) {
        self.take(&format!("picture {}", file.display()));
        let bytes = std::fs::read(file).unwrap();
        assert!(bytes.starts_with(b"\x89PNG"), "{} is no picture", file.display());
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        _ = self.driver.kill();
        _ = self.driver.wait();
    }
}
