//! How long requests to the application took, by what became of them.

use std::time::Instant;

use rialto_stopwatch::Durations;

/// How long requests to the application took, each try by itself, until its answer began.
#[derive(Debug, Default)]
pub struct RequestTimes {
    /// It answered with a status of success.
    pub answered: Durations,
    /// It answered with another status.
    pub refused: Durations,
    /// It could not be reached, or did not answer in time.
    pub failed: Durations,
}

/// A request that is under way; one that is given up has failed.
pub(crate) struct UnderWay<'a> {
    times: &'a RequestTimes,
    began: Instant,
    /// Whether the answer was one of success, once there is one.
    success: Option<bool>,
}

impl RequestTimes {
    pub(crate) fn begin(&self) -> UnderWay<'_> {
        UnderWay { times: self, began: Instant::now(), success: None }
    }
}

impl UnderWay<'_> {
    /// Ends it: the answer has begun.
    pub(crate) fn answered(mut self, is_success: bool) {
        self.success = Some(is_success);
    }
}

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        let RequestTimes { answered, refused, failed } = self.times;
        let durations = match self.success {
            Some(true) => answered,
            Some(false) => refused,
            None => failed,
        };
        durations.note(self.began.elapsed());
    }
}
