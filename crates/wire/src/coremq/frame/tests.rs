//! Framing at every split.
