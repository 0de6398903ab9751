//! The application's answers that it allows to be used again.

use std::{sync::Arc, time::Duration};

use moka::{policy::EvictionPolicy, sync::Cache};
use tokio::time::Instant;

use crate::{answer::Answer, body::Question};

/// Longest time an answer is used, whatever it says of itself.
pub(crate) const LIFETIME_MAX: Duration = Duration::from_secs(3600);

/// Answers by their questions, for as long as each says.
///
/// The least recently used goes first when it is full, so that answers whose time is over make room
/// without being looked for.
pub(crate) struct Decisions(Cache<Question, Decision>);

#[derive(Clone)]
struct Decision {
    answer: Arc<Answer>,
    until: Instant,
}

impl Decisions {
    /// Makes room for `count_max` answers.
    pub(crate) fn new(count_max: usize) -> Self {
        let capacity = u64::try_from(count_max).unwrap_or(u64::MAX);
        let cache = Cache::builder().max_capacity(capacity).eviction_policy(EvictionPolicy::lru());
        Decisions(cache.build())
    }

    /// Returns what was answered before, if that still holds.
    pub(crate) fn get(&self, question: &Question) -> Option<Arc<Answer>> {
        let decision = self.0.get(question)?;
        (Instant::now() < decision.until).then_some(decision.answer)
    }

    /// Remembers an answer for as long as it says.
    pub(crate) fn keep(&self, question: Question, answer: &Arc<Answer>) {
        if let Some(lifetime) = answer.lifetime() {
            let until = Instant::now() + lifetime.min(LIFETIME_MAX);
            self.0.insert(question, Decision { answer: Arc::clone(answer), until });
        }
    }
}

#[cfg(test)]
mod tests;
