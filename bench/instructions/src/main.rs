//! Takes messages along one step of their way, over and over, so that the instructions of that step can be
//! counted:
//!
//! ```text
//! cargo xtask instructions
//! ```
//!
//! counts those of all steps with valgrind, and compares them with what they were. The argument is the
//! step's name. What is to be counted happens in [`counted`](counting::counted), and all else, such as a
//! warm-up and what a step needs, outside it. Prints how many messages, or commits, were counted.
#![allow(clippy::print_stdout, reason = "its output is what it is for")]

mod codec;
mod core;
mod counting;
mod store;

use std::error::Error;

use crate::core::Part;

/// The allocator of the program `rialto`: what allocating costs is a part of every step.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> Result<(), Box<dyn Error>> {
    let step = std::env::args().nth(1).ok_or("usage: rialto-instructions STEP")?;
    let count = match step.as_str() {
        "decode" => codec::decode_publishes(),
        "encode" => codec::encode_deliveries(),
        "route" => core::route(1),
        "fan-out" => core::route(100),
        "take" => core::store_messages(Part::Take),
        "complete" => core::store_messages(Part::Complete),
        "acknowledge" => core::store_messages(Part::Acknowledge),
        "commit-one" => store::commit(1)?,
        "commit-many" => store::commit(50)?,
        "commit-trim" => store::move_cursor_and_trim()?,
        unknown => return Err(format!("there is no step {unknown}").into()),
    };
    println!("{count}");
    Ok(())
}
