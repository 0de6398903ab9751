//! Answers of the HTTP API that go on and on, a line at a time.

use rialto_http::{Method, Request};

use super::{Api, answer::Answer};
use crate::exit::{Exit, Failure};

/// Longest line that is taken: what a broker writes is far shorter.
const LINE_BYTES_MAX: usize = 1 << 20;

impl Api {
    /// Gets what is at a path, and gives each line to `take` as it comes, until that says that it has
    /// enough.
    pub(crate) async fn follow(
        &self,
        path: &[&str],
        query: &[(&str, &str)],
        mut take: impl FnMut(&str) -> Result<bool, Failure>,
    ) -> Result<(), Failure> {
        let mut url = self.path(path)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let request = self.with_key(Request::new(Method::GET, &url));
        let mut answer = self.in_time(Answer::begin(&self.client, request, &self.url)).await?;
        let mut lines = Lines::default();
        while let Some(piece) = answer.next_piece().await.map_err(|_| self.ended())? {
            lines.0.extend(&piece);
            if LINE_BYTES_MAX < lines.0.len() {
                return Err(self.ended());
            }
            for line in lines.by_ref() {
                if !take(&line)? {
                    return Ok(());
                }
            }
        }
        Err(self.ended())
    }

    fn ended(&self) -> Failure {
        let text = format!("{} has ended the answer; it may have stopped", self.url);
        Failure::new(Exit::Unreachable, text)
    }
}

/// What has come and was not taken.
#[derive(Default)]
struct Lines(Vec<u8>);

impl Iterator for Lines {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let end = self.0.iter().position(|&byte| byte == b'\n')?;
        let line = String::from_utf8_lossy(&self.0[..end]).into_owned();
        self.0.drain(..=end);
        Some(line)
    }
}
