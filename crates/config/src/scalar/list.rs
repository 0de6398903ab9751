//! Keys that hold a list: what its entries look like, and which of them is wrong.

use serde::de::DeserializeOwned;
use toml::Value;

use crate::choice::WebhookEvent;
use crate::network::Network;
use crate::scalar::Scalar;
use crate::settings::{
    AccessRule, ApiKey, CachePublish, ChannelRule, ConnectSubscription, JwtIssuer, PresetToken,
};

/// Defines what a list of each type looks like, and whether a message may quote it.
macro_rules! lists {
    ($($entry:ty, quotable $quotable:literal: $expected:literal;)*) => {
        $( impl Scalar for Vec<$entry> {
            const EXPECTED: &'static str = $expected;
            const QUOTABLE: bool = $quotable;

            fn fault(wrong: &Value) -> Option<String> {
                fault::<$entry>(wrong, $quotable)
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
    WebhookEvent, quotable true: r#"a list of "auth", "connect", "subscribe", "unsubscribe", "publish", "control", "disconnect" and "close", or some of them"#;
    PresetToken, quotable false: r#"a list of tables like { client = "name", token = "secret", groups = ["staff"] }"#;
    JwtIssuer, quotable false: r#"a list of tables like { name = "login", algorithms = ["RS256"], jwks_url = "https://…" }"#;
    ApiKey, quotable false: r#"a list of tables like { name = "shop", key = "secret", allow = ["publish"] }"#;
}

/// Returns which entry of a list is wrong, and why.
fn fault<T: DeserializeOwned>(list: &Value, quotable: bool) -> Option<String> {
    let reason = |entry: &Value| Some(T::deserialize(entry.clone()).err()?.to_string());
    let mut entries = list.as_array()?.iter().enumerate();
    let (index, reason) = entries.find_map(|(index, it)| Some((index + 1, reason(it)?)))?;
    let names_a_key = ["unknown field", "missing field"].iter().any(|it| reason.starts_with(it));
    let (reason, key) = reason.trim_end().rsplit_once("\nin ").unwrap_or((reason.trim_end(), ""));
    Some(match (quotable || names_a_key, key) {
        (true, "") => format!("entry {index}: {reason}"),
        (true, key) => format!("entry {index}: in {key}: {reason}"),
        // Other reasons quote the value.
        (false, "") => format!("entry {index}"),
        (false, key) => format!("entry {index}: in {key}"),
    })
}
