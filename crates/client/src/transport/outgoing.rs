//! What is being written: packets, each ended by NUL.

#[derive(Debug, Default)]
pub(super) struct Outgoing {
    packets: Vec<u8>,
    /// How many bytes of them the carrier has taken.
    written: usize,
}

impl Outgoing {
    pub(super) fn new(packets: Vec<u8>) -> Self {
        Outgoing { packets, written: 0 }
    }

    /// Returns what the carrier has not taken.
    pub(super) fn rest(&self) -> &[u8] {
        &self.packets[self.written..]
    }

    /// Notes that the carrier has taken so many bytes more.
    pub(super) fn advance(&mut self, bytes: usize) {
        self.written += bytes;
    }

    /// Returns the memory of the packets.
    pub(super) fn into_packets(self) -> Vec<u8> {
        self.packets
    }
}
