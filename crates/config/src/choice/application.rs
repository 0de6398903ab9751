//! The words about an application behind the broker: what it is asked and told, and what it may do.

use serde::{Deserialize, Serialize};

choice! {
    /// What a webhook is asked or told about.
    pub enum WebhookEvent {
        /// Asked: may this client have a token, or is the one it has good?
        Auth = "auth",
        /// Asked: may this client open a session?
        Connect = "connect",
        /// Asked: may it subscribe to this channel?
        Subscribe = "subscribe",
        /// Told: it has given a subscription up.
        Unsubscribe = "unsubscribe",
        /// Asked: may it publish this message?
        Publish = "publish",
        /// Asked: what is the answer on this control channel?
        Control = "control",
        /// Told: it has taken leave.
        Disconnect = "disconnect",
        /// Told: its connection is gone.
        Close = "close",
    }
}

choice! {
    /// What is decided while the webhook does not answer.
    pub enum WhenDown {
        /// What it would have been asked is refused with status 5.
        Deny = "deny",
        /// What the rules allow is allowed, and tokens that this broker signed are good.
        Allow = "allow",
    }
}

choice! {
    /// What a key of the HTTP API allows.
    pub enum ApiRight {
        /// Seeing clients, channels, subscriptions, retained messages and histories.
        Read = "read",
        /// Publishing.
        Publish = "publish",
        /// Subscribing, unsubscribing, disconnecting and banning clients.
        Manage = "manage",
        /// Seeing the payloads of messages as they pass, and filtering by them.
        Inspect = "inspect",
    }
}

choice! {
    /// Where the HTTP listener serves the sample application.
    pub enum SamplePage {
        /// Where anybody gets a token, since only there the page does something by itself.
        OpenMode = "open-mode",
        /// In every mode.
        Always = "always",
        /// Nowhere.
        Never = "never",
    }
}
