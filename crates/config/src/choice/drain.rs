//! A time that depends on whether somebody else can serve meanwhile, unless it is given.

use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

use crate::quantity::Period;
use crate::scalar::Scalar;

/// The word for [`DrainTime::Auto`].
const AUTO: &str = "auto";

/// Over how long a broker that stops lets its clients go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DrainTime {
    /// Over so long.
    Given(Period),
    /// Ten seconds where other nodes can serve them, otherwise no time: `"auto"`.
    Auto,
}

impl DrainTime {
    /// How long it is where other nodes can serve the clients.
    const AMONG_NODES: Duration = Duration::from_secs(10);

    /// Returns the time, for a broker beside which there are other nodes or are none.
    pub fn get(self, has_others: bool) -> Duration {
        match self {
            DrainTime::Given(time) => time.get(),
            DrainTime::Auto if has_others => Self::AMONG_NODES,
            DrainTime::Auto => Duration::ZERO,
        }
    }
}

impl Serialize for DrainTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            DrainTime::Given(time) => time.serialize(serializer),
            DrainTime::Auto => serializer.serialize_str(AUTO),
        }
    }
}

impl<'de> Deserialize<'de> for DrainTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        match text.parse() {
            Ok(time) => Ok(DrainTime::Given(time)),
            Err(_) if text == AUTO => Ok(DrainTime::Auto),
            Err(error) => Err(D::Error::custom(error)),
        }
    }
}

impl Scalar for DrainTime {
    const EXPECTED: &'static str = r#""auto" or a time such as "500ms", "10s" or "5m""#;
}
