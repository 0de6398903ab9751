//! How the end of a connection is told on a WebSocket, which is the same for every dialect.

use rialto_domain::CloseReason;

/// Returns the WebSocket close code for a reason (RFC 6455, 7.4).
#[must_use]
pub fn close_code(reason: CloseReason) -> u16 {
    match reason {
        CloseReason::Asked | CloseReason::Ended | CloseReason::Silent => 1000,
        CloseReason::ShuttingDown => 1001,
        CloseReason::ProtocolError | CloseReason::FramingLost => 1002,
        CloseReason::BinaryMessage => 1003,
        CloseReason::InvalidText => 1007,
        CloseReason::TakenOver
        | CloseReason::NotAuthenticated
        | CloseReason::Refused
        | CloseReason::Removed
        | CloseReason::Withdrawn
        | CloseReason::SlowConsumer { .. }
        | CloseReason::TooManyUnacknowledged { .. } => 1008,
        CloseReason::PacketTooLarge { .. } => 1009,
        CloseReason::Internal | CloseReason::Crashed => 1011,
        // In the registry of codes: the service is restarted.
        CloseReason::Draining => 1012,
        CloseReason::TooManyConnections { .. }
        | CloseReason::ListenerFull { .. }
        | CloseReason::TooManyFromAddress { .. } => 1013,
    }
}

/// Returns the WebSocket close reason, the word for it first; at most 123 bytes.
///
/// # Spec
/// J-128.
#[must_use]
pub fn close_text(reason: CloseReason) -> String {
    format!("{}: {reason}", reason.word())
}
