//! Why a session ended, as one word that programs compare.

use rialto_application::CloseReason;

/// Returns the word for a reason. Words are added, never changed.
#[must_use]
pub fn code(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::Asked => "asked",
        CloseReason::Ended => "ended",
        CloseReason::TakenOver => "taken-over",
        CloseReason::Silent => "silent",
        CloseReason::NotAuthenticated => "not-authenticated",
        CloseReason::Refused => "refused",
        CloseReason::PacketTooLarge { .. } => "packet-too-large",
        CloseReason::InvalidText => "invalid-text",
        CloseReason::BinaryMessage => "binary-message",
        CloseReason::FramingLost => "framing-lost",
        CloseReason::ProtocolError => "protocol-error",
        CloseReason::SlowConsumer { .. } => "slow-consumer",
        CloseReason::TooManyUnacknowledged { .. } => "too-many-unacknowledged",
        CloseReason::TooManyConnections { .. } => "too-many-connections",
        CloseReason::ListenerFull { .. } => "listener-full",
        CloseReason::TooManyFromAddress { .. } => "too-many-from-address",
        CloseReason::Removed => "removed",
        CloseReason::Withdrawn => "withdrawn",
        CloseReason::ShuttingDown => "shutting-down",
        CloseReason::Crashed => "crashed",
        CloseReason::Internal => "internal",
    }
}
