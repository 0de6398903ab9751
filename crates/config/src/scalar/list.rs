//! Keys that hold a list: what its entries look like, and which of them is wrong.

use serde::de::DeserializeOwned;
use toml::Value;

use crate::choice::{EventKind, WebhookEvent};
use crate::network::Network;
use crate::scalar::{Fault, Scalar};
use crate::schema;
use crate::settings::{
    AccessRule, ApiKey, CachePublish, ChannelRule, ConnectSubscription, ConsoleRole, JwtIssuer,
    PresetToken, Route,
};

/// Defines what a list of each type looks like, and whether a message may quote it.
macro_rules! lists {
    ($($entry:ty, quotable $quotable:literal: $expected:literal;)*) => {
        $( impl Scalar for Vec<$entry> {
            const EXPECTED: &'static str = $expected;
            const QUOTABLE: bool = $quotable;

            fn faults(wrong: &Value) -> Vec<Fault> {
                faults::<$entry>(wrong, $quotable)
            }
        } )*
    };
}

lists! {
    String, quotable true: r#"a list of texts such as ["a", "b"]"#;
    Network, quotable true: r#"a list of networks such as ["10.0.0.0/8", "2001:db8::/32", "192.0.2.7"]"#;
    ChannelRule, quotable true: r#"a list of tables like { pattern = "sensors.*", history_messages = 100 }"#;
    CachePublish, quotable true: r#"a list of tables like { prefix = "config.", channel = "cache.config" }, with these two keys only"#;
    AccessRule, quotable true: r#"a list of tables like { group = "staff", allow = ["publish"], channels = ["news.*"] }"#;
    ConnectSubscription, quotable true: r#"a list of tables like { channel = "news.{client}", persistent = true }"#;
    ConsoleRole, quotable true: r#"a list of tables like { group = "operators", allow = ["read", "publish", "manage", "inspect"] }"#;
    EventKind, quotable true: r#"a list of "connected", "disconnected", "subscribed", "refused", "slow-consumer" and "store", or some of them"#;
    WebhookEvent, quotable true: r#"a list of "auth", "connect", "subscribe", "unsubscribe", "publish", "control", "disconnect" and "close", or some of them"#;
    Route, quotable true: r#"a list of tables like { listen = "0.0.0.0:8010", servers = ["10.0.0.10:8010", "10.0.0.11:8010"] }"#;
    PresetToken, quotable false: r#"a list of tables like { client = "name", token = "secret", groups = ["staff"] }"#;
    JwtIssuer, quotable false: r#"a list of tables like { name = "login", algorithms = ["RS256"], jwks_url = "https://…" }"#;
    ApiKey, quotable false: r#"a list of tables like { name = "shop", key = "secret", allow = ["publish"] }"#;
}

/// Most mistakes that are told of one entry.
const FAULTS_OF_ENTRY_MAX: usize = 8;

/// Says what is wrong with each entry of a list.
fn faults<T: DeserializeOwned>(list: &Value, quotable: bool) -> Vec<Fault> {
    let entries = list.as_array().into_iter().flatten().enumerate();
    let of_entry = |(index, entry): (usize, &Value)| {
        let texts = faults_of_entry::<T>(entry, quotable);
        texts.into_iter().map(move |text| Fault { entry: Some(index), text })
    };
    entries.flat_map(of_entry).collect()
}

/// Says what is wrong with an entry. Only the first mistake is found by reading it: each is taken
/// out of a copy, which is read again.
fn faults_of_entry<T: DeserializeOwned>(entry: &Value, quotable: bool) -> Vec<String> {
    let mut rest = entry.clone();
    let (mut texts, mut taken_out) = (Vec::new(), Vec::new());
    for _ in 0..FAULTS_OF_ENTRY_MAX {
        let Err(error) = T::deserialize(rest.clone()) else { break };
        let reason = Reason::of(&error.to_string());
        // What was wrong is not also missing.
        if taken_out.iter().any(|key| reason.text.starts_with(&format!("missing field `{key}`"))) {
            break;
        }
        texts.push(reason.told(quotable));
        taken_out.extend(reason.meant);
        let key = reason.key;
        let Some(_) = rest.as_table_mut().zip(key.as_ref()).and_then(|(it, key)| it.remove(key))
        else {
            break;
        };
        taken_out.extend(key);
    }
    texts
}

/// Why an entry cannot be read.
struct Reason {
    text: String,
    /// The key of the entry that is to blame; absent if it is the entry as a whole.
    key: Option<String>,
    /// The key that was probably meant by one that is not known.
    meant: Option<String>,
    names_a_key: bool,
}

impl Reason {
    /// Takes the words of the TOML reader apart.
    fn of(error: &str) -> Self {
        let error = error.trim_end();
        let (text, path) = error.rsplit_once("\nin ").unwrap_or((error, ""));
        let names: Vec<&str> = text.split('`').skip(1).step_by(2).collect();
        let (is_unknown, is_missing) =
            (text.starts_with("unknown field"), text.starts_with("missing field"));
        let of_path = path.trim_matches('`').split('.').next().filter(|key| !key.is_empty());
        let key = if is_unknown { names.first().copied() } else { of_path };
        let (text, meant) = match names.split_first() {
            Some((unknown, known)) if is_unknown => unknown_key(unknown, known),
            _ => (text.to_owned(), None),
        };
        Reason { text, key: key.map(str::to_owned), meant, names_a_key: is_unknown || is_missing }
    }

    /// Returns the reason with the entry's key, and without a value that may be secret.
    fn told(&self, quotable: bool) -> String {
        let Reason { text, key, names_a_key, .. } = self;
        match key {
            _ if *names_a_key => text.clone(),
            Some(key) if quotable => format!("in `{key}`: {text}"),
            None if quotable => text.clone(),
            Some(key) => format!("in `{key}`"),
            None => "it is not a table of the right form".to_owned(),
        }
    }
}

/// Says what to write in place of a key, and which one of `known` was probably meant.
fn unknown_key(unknown: &str, known: &[&str]) -> (String, Option<String>) {
    match schema::nearest(unknown, known) {
        Some(near) => {
            (format!("unknown key `{unknown}`; did you mean `{near}`?"), Some(near.to_owned()))
        }
        None => (format!("unknown key `{unknown}`; known here: {}", known.join(", ")), None),
    }
}
