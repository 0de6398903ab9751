//! The codec: vectors first, then what holds for all commands and payloads.

mod command;
mod message;
mod one_frame;
mod vectors;
