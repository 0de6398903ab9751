//! New settings while clients are there.

use crate::{Encoder, Settings, profile::Profiles};

use super::Broker;

impl<E: Encoder> Broker<E> {
    /// Takes up new settings, for channels and connections that are there as well. What passes
    /// messages on to other servers stays as it is.
    pub fn reconfigure(&mut self, settings: Settings) {
        self.settle();
        let replication = self.settings.replication;
        let reported = self.remembers_sessions();
        self.settings = Settings { replication, ..settings };
        self.profiles = Profiles::new(&self.settings);
        for channel in self.channels.values_mut() {
            channel.profile = self.profiles.of(&self.settings, channel.name.as_str()).clone();
        }
        if reported != self.remembers_sessions() {
            self.note_open_sessions(!reported);
        }
    }
}
