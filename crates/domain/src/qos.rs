//! Quality of service: how surely a message is delivered.

/// Whether a message is acknowledged, both by the broker and by its receivers (J-72, J-73).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Qos {
    /// Sent once, never acknowledged.
    AtMostOnce,
    /// Stored for persistent subscribers, acknowledged, sent again until acknowledged.
    AtLeastOnce,
}
