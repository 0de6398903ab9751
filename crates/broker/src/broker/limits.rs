//! What a channel takes of a client: how much in one message, and how often.

use rialto_domain::Reject;

use crate::{ChannelKey, ConnectionKey, Encoder};

use super::{Broker, message::Publish};

impl<E: Encoder> Broker<E> {
    /// Judges whether a channel takes this message now.
    #[inline]
    pub(super) fn check_limits(
        &mut self,
        from: ConnectionKey,
        known: Option<ChannelKey>,
        publish: &Publish<'_>,
    ) -> Result<(), Reject> {
        let profile = match known {
            Some(key) => &self.channels[key].profile,
            None => self.profiles.of(&self.settings, publish.channel),
        };
        if let Some(limit) =
            profile.payload_bytes_max.filter(|&limit| limit < publish.payload.len())
        {
            return Err(Reject::PayloadTooLarge { limit });
        }
        if let Some(rate) = profile.rate
            && !self.connections[from].rates.take(rate, self.now.uptime)
        {
            return Err(Reject::TooFast { limit: rate.per_second_max });
        }
        Ok(())
    }
}
