//! Where a follower begins.

use std::{str::FromStr, time::Duration};

use rialto_wire::follow::Position;

/// Where a follower begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// With the channel's retained message, if it wants it, and what comes from now on.
    Now { retained: bool },
    /// With all that the histories have.
    Oldest,
    /// Behind a message, or a moment.
    Behind(Position),
    /// With what came in the last while.
    Within(Duration),
}

impl Start {
    /// Returns behind which place it begins in the histories, if it does there; `now_ms` is the server's
    /// clock.
    pub(super) fn place(self, now_ms: u64) -> Option<Position> {
        match self {
            Start::Now { .. } => None,
            Start::Oldest => Some(Position::default()),
            Start::Behind(position) => Some(position),
            Start::Within(while_ago) => {
                let while_ms = u64::try_from(while_ago.as_millis()).unwrap_or(u64::MAX);
                Some(Position::before(now_ms.saturating_sub(while_ms)))
            }
        }
    }

    /// Says whether messages that the histories do not have any more are missed: where it goes on behind a
    /// message, and not where it wants what there is.
    pub(super) fn misses_what_is_gone(self) -> bool {
        matches!(self, Start::Behind(position) if position.sequence > 0)
    }
}

impl FromStr for Start {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "all" {
            return Ok(Start::Oldest);
        }
        if let Ok(position) = text.parse() {
            return Ok(Start::Behind(position));
        }
        if let Ok(at_ms) = text.parse() {
            return Ok(Start::Behind(Position::before(at_ms)));
        }
        text.parse::<rialto_config::Period>()
            .map(|period| Start::Within(period.get()))
            .map_err(|_| {
                "since must be \"all\", the id of a message, a time in milliseconds since 1970, or how \
                 long ago, such as 10m"
                    .to_owned()
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_to_say_since_is_understood() {
        let minutes = Duration::from_secs(600);
        for (text, expected) in [
            ("all", Start::Oldest),
            ("5-a-3", Start::Behind(Position { logical: 5, origin: 10, sequence: 3 })),
            ("1700000000000", Start::Behind(Position::before(1_700_000_000_000))),
            ("10m", Start::Within(minutes)),
        ] {
            assert_eq!(text.parse(), Ok(expected), "{text}");
        }
        for wrong in ["", "ever", "-5", "5-a", "10 minutes ago", "1e3"] {
            assert!(wrong.parse::<Start>().unwrap_err().starts_with("since must be"), "{wrong}");
        }
        assert_eq!(Start::Within(minutes).place(700_000), Some(Position::before(100_000)));
        assert_eq!(Start::Within(minutes).place(5), Some(Position::before(0)));
        assert_eq!(Start::Now { retained: true }.place(5), None);
    }
}
