//! What the types of keys have in common: how a value is read and what to tell who got it wrong.

use std::net::SocketAddr;
use std::path::PathBuf;

use serde::Serialize;
use serde::de::DeserializeOwned;
use toml::Value;

use crate::choice::{
    AccessMode, Dialect, Durability, LogFormat, LogFull, ResumeFull, SlowConsumer, StoreKind,
    TlsMode,
};
use crate::quantity::{ByteSize, Period};
use crate::secret::{OptionalPath, Secret};
use crate::settings::{CachePublish, ChannelRule, PresetToken};

/// A value as a source gave it.
#[derive(Debug, Clone)]
pub(crate) enum Given {
    /// From a file, which tells text from numbers.
    Toml(Value),
    /// From the environment or a flag, which do not.
    Text(String),
}

/// A type that a key may have.
pub(crate) trait Scalar: Serialize + DeserializeOwned + PartialOrd {
    /// What to write, to complete "expected …".
    const EXPECTED: &'static str;

    /// Whether a message may quote what was written.
    const QUOTABLE: bool = true;
}

/// Reads a value, and returns it with the TOML that stands for it.
pub(crate) fn read<T: Scalar>(given: &Given) -> Option<(T, Value)> {
    let typed = |value: Value| Some((T::deserialize(value.clone()).ok()?, value));
    match given {
        Given::Toml(value) => typed(value.clone()),
        // Text first: the channel token 0123 is no number, and a level needs no quotes.
        Given::Text(text) => {
            typed(Value::String(text.clone())).or_else(|| typed(toml_literal(text)?))
        }
    }
}

/// Reads a text of our own, such as a default.
pub(crate) fn literal<T: Scalar>(text: &str) -> T {
    let (value, _) = read(&Given::Text(text.to_owned())).expect("a test reads every default");
    value
}

fn toml_literal(text: &str) -> Option<Value> {
    let mut table: toml::Table = toml::from_str(&format!("value = {text}")).ok()?;
    table.remove("value")
}

macro_rules! scalars {
    ($($type:ty: $expected:expr;)*) => {
        $( impl Scalar for $type { const EXPECTED: &'static str = $expected; } )*
    };
}

scalars! {
    bool: "true or false";
    usize: "a whole number";
    u64: "a whole number";
    String: "a text";
    PathBuf: "a path";
    OptionalPath: "a path, or \"\" for none";
    SocketAddr: r#"an IP address and a port such as "127.0.0.1:8010" or "[::1]:8010""#;
    ByteSize: ByteSize::EXPECTED;
    Period: Period::EXPECTED;
    Vec<String>: r#"a list of texts such as ["a", "b"]"#;
    Vec<ChannelRule>: r#"a list of tables like { pattern = "sensors.*", history_messages = 100 }; known keys are pattern, history_messages, history_persistent"#;
    Vec<CachePublish>: r#"a list of tables like { prefix = "config.", channel = "cache.config" }, with these two keys only"#;
    Dialect: Dialect::EXPECTED;
    TlsMode: TlsMode::EXPECTED;
    SlowConsumer: SlowConsumer::EXPECTED;
    StoreKind: StoreKind::EXPECTED;
    Durability: Durability::EXPECTED;
    LogFull: LogFull::EXPECTED;
    ResumeFull: ResumeFull::EXPECTED;
    AccessMode: AccessMode::EXPECTED;
    LogFormat: LogFormat::EXPECTED;
}

impl Scalar for Vec<PresetToken> {
    const EXPECTED: &'static str =
        r#"a list of tables like { client = "name", token = "secret" }, with these two keys only"#;
    const QUOTABLE: bool = false;
}

impl Scalar for Secret {
    const EXPECTED: &'static str = "a text";
    const QUOTABLE: bool = false;
}
