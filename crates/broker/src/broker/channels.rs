//! Channels: found by name, made when somebody needs them, forgotten when nobody could notice.

use std::sync::Arc;

use rialto_domain::{ChannelKind, ChannelName, Reject, channel_kind};

use crate::{ChannelKey, ConnectionKey, Encoder, channel::Channel, profile::Profile};

use super::Broker;

impl<E: Encoder> Broker<E> {
    #[inline]
    pub(super) fn find_channel(
        &mut self,
        from: Option<ConnectionKey>,
        name: &str,
    ) -> Option<ChannelKey> {
        let Some(connection) = from.and_then(|from| self.connections.get_mut(from)) else {
            return self.channel_keys.get(name).copied();
        };
        if let Some(last) = connection.last_channel
            && self.channels.get(last).is_some_and(|channel| channel.name.as_str() == name)
        {
            return Some(last);
        }
        connection.last_channel = self.channel_keys.get(name).copied();
        connection.is_last_permitted = false;
        connection.last_channel
    }

    pub(super) fn channel_or_new(&mut self, name: &str) -> ChannelKey {
        if let Some(&key) = self.channel_keys.get(name) {
            return key;
        }
        let profile = self.profile_of(name).clone();
        let name = ChannelName::from(name);
        let key = self.channels.insert(Box::new(Channel::new(name.clone(), profile)));
        self.channel_keys.insert(name, key);
        self.channel_roster.note(key);
        key
    }

    /// Makes the channel of a message that nobody receives, if it is to be kept there or passed on.
    pub(super) fn new_channel_to_publish(
        &mut self,
        name: &str,
        retain: bool,
    ) -> Option<ChannelKey> {
        let is_elsewhere = self.has_observers() || self.settings.has_bus;
        let is_kept = retain || is_elsewhere || self.profile_of(name).history.count_max > 0;
        is_kept.then(|| self.channel_or_new(name))
    }

    pub(super) fn profile_of(&mut self, name: &str) -> &Arc<Profile> {
        self.profiles.of(&self.settings, name)
    }

    /// Says whether messages are wanted though nobody receives them: as history, later, or elsewhere.
    pub(super) fn is_kept(&self, key: ChannelKey) -> bool {
        let is_remembered = self.channels[key].profile.history.count_max > 0;
        let is_elsewhere = self.has_observers() || self.settings.has_bus;
        is_remembered || self.has_absent(key) || (is_elsewhere && !self.is_direct(key))
    }

    pub(super) fn is_direct(&self, key: ChannelKey) -> bool {
        matches!(self.channels[key].name.kind(), ChannelKind::Direct(_))
    }

    pub(super) fn check_topic(&self, channel: &str) -> Result<(), Reject> {
        if channel_kind(channel) != ChannelKind::Topic {
            return Err(Reject::InvalidChannel);
        }
        self.check_name(channel)
    }

    pub(super) fn check_name(&self, channel: &str) -> Result<(), Reject> {
        let limit = self.settings.channel_name_bytes_max;
        if limit < channel.len() { Err(Reject::ChannelNameTooLong { limit }) } else { Ok(()) }
    }

    /// Forgets a channel that nobody could notice any more.
    pub(super) fn drop_if_idle(&mut self, key: ChannelKey) {
        if self.settings.has_bus {
            self.unhear_soon(key);
        }
        if !self.channels.get(key).is_some_and(|channel| channel.is_idle()) {
            return;
        }
        self.forget_log(key);
        if let Some(channel) = self.channels.remove(key) {
            self.channel_keys.remove(&channel.name);
        }
    }

    /// Forgets the channels that lost their history and have nothing else.
    pub(super) fn drop_idle(&mut self) {
        for key in std::mem::take(&mut self.dirty.idle) {
            self.drop_if_idle(key);
        }
    }
}
