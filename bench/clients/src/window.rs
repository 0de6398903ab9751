//! Publishes that are not acknowledged yet: so many at once, answered in their order.

use std::collections::VecDeque;
use std::future::IntoFuture;

use anyhow::{Error, Result};

use crate::meter::{Figures, Meter};

/// The acknowledgements that are waited for, each counted by the meter when it comes.
#[derive(Debug)]
pub struct Window<P> {
    waiting: VecDeque<P>,
    count_max: usize,
    meter: Meter,
}

impl<P, A, E> Window<P>
where
    P: IntoFuture<Output = Result<A, E>>,
    E: Into<Error>,
{
    pub fn new(count_max: usize, meter: Meter) -> Self {
        Window { waiting: VecDeque::with_capacity(count_max), count_max, meter }
    }

    /// Waits until there is room for one more.
    pub async fn room(&mut self) -> Result<()> {
        if self.waiting.len() == self.count_max {
            self.settle_oldest().await?;
        }
        Ok(())
    }

    /// Takes what a publish returned, for which there is room.
    pub fn push(&mut self, pending: P) {
        self.waiting.push_back(pending);
    }

    /// Waits for all that are left.
    pub async fn finish(mut self) -> Result<Figures> {
        while !self.waiting.is_empty() {
            self.settle_oldest().await?;
        }
        Ok(self.meter.figures())
    }

    async fn settle_oldest(&mut self) -> Result<()> {
        if let Some(oldest) = self.waiting.pop_front() {
            oldest.await.map_err(Into::into)?;
            self.meter.count()?;
        }
        Ok(())
    }
}
