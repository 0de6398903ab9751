//! What a program does with a server that it runs: publish, ask, subscribe, send away.

mod backlog;
mod publish;
mod status;
mod trail;

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use rialto_access::Ban;
use rialto_broker::{Broker, Command, Stats};
use rialto_config::Settings;
use rialto_domain::{ClientId, CloseReason, Reject, UnixMs};

use crate::{
    audit::{Act, word},
    dialects::Dialects,
    hub::Hub,
    reload_result::LastReload,
    reloadable::ReloadableServer,
};

use trail::act_on;

pub use publish::{Delivery, Message, PublishError};
pub use status::{ChannelStatus, ClientStatus, HistoryMessage, RetainedMessage, Subscription};

/// A running server, to be asked and told from anywhere. Cheap to clone.
///
/// What it does counts as done by the server itself: it is bound by the limits of channels and
/// names, and by nobody's rights. It is told of in the trace of what operators do. It works as long as the server runs; then it finds nobody.
#[derive(Clone)]
pub struct Handle {
    reloadable: Arc<ReloadableServer>,
    /// Whether what is done with it is the program's own act, of which it leaves a trace.
    is_program: bool,
}

impl Handle {
    /// Makes the handle of the program that runs the server.
    pub(crate) fn new(reloadable: Arc<ReloadableServer>) -> Self {
        Handle { reloadable, is_program: true }
    }

    /// Makes the handle of the HTTP API, which tells by itself who asked for what.
    pub(crate) fn of_api(reloadable: Arc<ReloadableServer>) -> Self {
        Handle { reloadable, is_program: false }
    }

    pub(crate) fn hub(&self) -> &Arc<Hub> {
        &self.reloadable.hub
    }

    /// Subscribes a client to a channel, whatever its rights are (JMQT 9.e). A persistent
    /// subscription is stored and synced when this returns; the client need not have had a session yet.
    ///
    /// # Errors
    /// [`Reject::ClientOffline`] when the client is not connected and the subscription is not
    /// persistent; its limits hold too; [`Reject::InvalidPacket`] when its id is empty, and
    /// [`Reject::StoreUnavailable`] when the subscription cannot be stored.
    pub async fn subscribe(
        &self,
        client: &str,
        channel: &str,
        persistent: bool,
    ) -> Result<(), Reject> {
        self.reloadable.hub.claim(client).await?;
        let id = ClientId::from(client);
        let subscribe = Command::Subscribe { channel, persistent };
        self.reloadable.hub.command_for(&id, &subscribe).done().await?;
        let channel = Some(channel);
        self.note(&Act { channel, ..act_on(word::CLIENT_SUBSCRIBED, client) });
        Ok(())
    }

    /// Ends a client's subscription (JMQT 9.e). A persistent one ends once that is stored, which may be
    /// a moment after this returns.
    ///
    /// # Errors
    /// [`Reject::ClientOffline`] when the client is not known, [`Reject::InvalidChannel`] when it is
    /// no ordinary channel, [`Reject::StoreUnavailable`] when the store cannot forget it now.
    pub async fn unsubscribe(&self, client: &str, channel: &str) -> Result<(), Reject> {
        self.reloadable.hub.claim(client).await?;
        let id = ClientId::from(client);
        self.reloadable.hub.command_for(&id, &Command::Unsubscribe { channel }).done().await?;
        let channel = Some(channel);
        self.note(&Act { channel, ..act_on(word::CLIENT_UNSUBSCRIBED, client) });
        Ok(())
    }

    /// Forgets a client: its session ends, its persistent subscriptions and all that is stored for
    /// it, direct messages included, are gone. Says whether it was known. That is stored and synced
    /// when this returns; the client may come back as a new one.
    ///
    /// # Errors
    /// [`Reject::StoreUnavailable`] when the store cannot forget it now; it does as soon as it can.
    pub async fn forget(&self, client: &str) -> Result<bool, Reject> {
        self.reloadable.hub.claim(client).await?;
        let was_known = self.stored(|broker| broker.forget_client(client)).await?;
        if was_known {
            self.note(&act_on(word::CLIENT_FORGOTTEN, client));
        }
        Ok(was_known)
    }

    /// Removes a channel's retained message; says whether there was one. That is stored and synced
    /// when this returns.
    ///
    /// # Errors
    /// [`Reject::StoreUnavailable`] when the store cannot remove it now; then it stays.
    pub async fn remove_retained(&self, channel: &str) -> Result<bool, Reject> {
        let was_there = self.stored(|broker| broker.remove_retained(channel)).await?;
        if was_there {
            let (event, channel) = (word::RETAINED_REMOVED, Some(channel));
            self.note(&Act { event, channel, ..Act::default() });
        }
        Ok(was_there)
    }

    /// Does something, and waits until what it changes is stored; says whether there was anything to
    /// do.
    async fn stored(
        &self,
        act: impl FnOnce(&mut Broker<Dialects>) -> bool,
    ) -> Result<bool, Reject> {
        let mut is_done = false;
        let stored = self.reloadable.hub.round_stored(|broker| {
            is_done = act(broker);
            Ok::<(), Reject>(())
        });
        stored?.done().await?;
        Ok(is_done)
    }

    /// Ends a client's connection; says whether it had one. It may come back at once.
    pub fn disconnect(&self, client: &str) -> bool {
        let hub = &self.reloadable.hub;
        let was_connected = hub.round(|broker| broker.close_client(client, CloseReason::Removed));
        if was_connected {
            self.note(&act_on(word::CLIENT_DISCONNECTED, client));
        }
        was_connected
    }

    /// Sends a client away and does not let it in again for so long, or ever.
    ///
    /// # Errors
    /// When the ban cannot be written down, so that it would end with the server; it holds
    /// nevertheless.
    pub fn ban(&self, client: &str, lasts: Option<Duration>, reason: &str) -> Result<(), String> {
        let now = self.reloadable.hub.now().unix_ms;
        let until = lasts
            .map(|lasts| now.saturating_add(u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX)));
        let ban = Ban { client: client.to_owned(), until, reason: reason.to_owned() };
        let result = self.reloadable.access().ban(ban, now);
        self.reloadable.renew_rights();
        self.reloadable.hub.round(|broker| broker.close_client(client, CloseReason::Withdrawn));
        // It holds in any case.
        let (reason, seconds) = (Some(reason), lasts.map(|lasts| lasts.as_secs()));
        self.note(&Act { reason, seconds, ..act_on(word::CLIENT_BANNED, client) });
        result.map_err(|error| error.to_string())
    }

    /// Lifts a ban; says whether there was one.
    ///
    /// # Errors
    /// When that cannot be written down.
    pub fn unban(&self, client: &str) -> Result<bool, String> {
        let now = self.reloadable.hub.now().unix_ms;
        let unbanned = self.reloadable.access().unban(client, now);
        let was_banned = unbanned.map_err(|error| error.to_string())?;
        if was_banned {
            self.note(&act_on(word::CLIENT_UNBANNED, client));
        }
        Ok(was_banned)
    }

    /// Returns the ban of a client; `None` if it is not banned.
    #[must_use]
    pub fn ban_of(&self, client: &str) -> Option<Ban> {
        self.reloadable.access().ban_of(client, self.reloadable.hub.now().unix_ms)
    }

    /// Returns who is banned.
    #[must_use]
    pub fn bans(&self) -> Vec<Ban> {
        self.reloadable.access().bans(self.reloadable.hub.now().unix_ms)
    }

    /// Ends all tokens that were given to a client until now, and its session if it is by one.
    ///
    /// # Errors
    /// When that cannot be written down.
    pub fn revoke_tokens(&self, client: &str) -> Result<(), String> {
        let now = self.reloadable.hub.now().unix_ms;
        let result = self.reloadable.access().revoke_tokens(client, now);
        self.reloadable.renew_rights();
        // It holds in any case.
        self.note(&act_on(word::TOKENS_REVOKED, client));
        result.map_err(|error| error.to_string())
    }

    /// Signs a token that opens a client's sessions for as long as the settings say.
    ///
    /// # Errors
    /// When the client's id cannot be one, or signing fails.
    pub fn sign_token(&self, client: &str) -> Result<String, String> {
        let token = self.reloadable.access().sign(client, self.reloadable.hub.now().unix_ms)?;
        self.note(&act_on(word::TOKEN_SIGNED, client));
        Ok(token)
    }

    /// Returns the counters.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.reloadable.hub.round(|broker| broker.stats())
    }

    /// Returns of how many ended sessions the application was not told, because it was too slow.
    #[must_use]
    pub fn missed_session_ends(&self) -> u64 {
        self.reloadable.hub.dropped_session_events()
    }

    pub(crate) fn webhook_counters(&self) -> Option<rialto_webhook::Counters> {
        self.reloadable.webhooks().counters()
    }

    pub(crate) fn webhook_times(&self) -> Option<Arc<rialto_webhook::RequestTimes>> {
        self.reloadable.webhooks().request_times()
    }

    /// Returns the settings in force (guide 1.g).
    #[must_use]
    pub fn settings(&self) -> Arc<Settings> {
        self.reloadable.settings()
    }

    /// Takes up new settings without dropping a client. What differs is logged, and what needs a
    /// restart is named; live sessions are held to new rules.
    ///
    /// # Errors
    /// What is wrong; then nothing has changed.
    pub fn reload(&self, settings: Settings) -> Result<(), String> {
        self.reloadable.reload(settings)
    }

    /// Notes that there are no settings to take up, and why.
    pub(crate) fn note_unread_settings(&self, error: &str) {
        self.reloadable.note_reload(Some(error));
    }

    pub(crate) fn certificate_ends(&self) -> Option<UnixMs> {
        self.reloadable.certificate_ends()
    }

    pub(crate) fn last_reload(&self) -> Option<LastReload> {
        self.reloadable.last_reload()
    }

    pub(crate) fn pending_settings(&self) -> BTreeSet<String> {
        self.reloadable.pending_settings()
    }
}
