//! How long to wait before a link is tried again, and what is worth a line in the log.

use std::time::Duration;

use rialto_session::coremq::LinkEnd;

use super::LinkError;

/// Pause before the second attempt; it doubles with each further one.
const PAUSE_MIN: Duration = Duration::from_millis(100);
const PAUSE_MAX: Duration = Duration::from_secs(5);

/// What is remembered of the attempts so far.
#[derive(Debug)]
pub(super) struct Tries {
    /// Before the next attempt.
    pause: Duration,
    /// What ended the last one.
    problem: String,
    is_news: bool,
}

impl Default for Tries {
    fn default() -> Self {
        Tries { pause: PAUSE_MIN, problem: String::new(), is_news: false }
    }
}

impl Tries {
    /// Notes how an attempt ended, and returns how long to wait before the next.
    pub(super) fn after(&mut self, was_attached: bool, ended: &LinkError) -> Duration {
        let problem = ended.to_string();
        self.is_news = was_attached || problem != self.problem;
        self.problem = problem;
        // One that was taken up and then sent away is not asked again at once: two servers of one
        // name would send each other away for ever.
        if was_attached && !matches!(ended, LinkError::Link(LinkEnd::Refused(_))) {
            self.pause = PAUSE_MIN;
        }
        let pause = self.pause;
        self.pause = (pause * 2).min(PAUSE_MAX);
        pause
    }

    /// Says whether the last attempt ended in another way than the one before it.
    pub(super) fn is_news(&self) -> bool {
        self.is_news
    }
}

#[cfg(test)]
mod tests;
