//! What the end-to-end tests have in common.
#![allow(dead_code, unused_imports, reason = "each test uses a part of it")]

mod command;
mod database;
mod dice;
mod manager;
mod network;
mod packets;
mod signals;
mod wire;

pub(crate) use rialto_testkit::Disk;

pub(crate) use command::{Command, Ended};
pub(crate) use database::{page_count, shell};
pub(crate) use dice::{Dice, number_from, seed_of_the_moment};
pub(crate) use manager::{Manager, Told};
pub(crate) use network::{Cut, Network, Pair};
pub(crate) use packets::*;
pub(crate) use signals::{Signal, signal};
pub(crate) use wire::Wire;

/// The binary all these tests are about.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_rialto");
