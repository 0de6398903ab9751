//! What ties a broker to the program that started it: it says when it serves and where, and stops when that
//! program ends.

use std::{
    collections::BTreeMap,
    fs::{File, OpenOptions},
    io::{self, ErrorKind, Read as _, Write as _},
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt as _,
    thread,
};

use rialto_server::ServerBuilder;
use serde::Serialize;
use tokio::sync::oneshot;

use crate::exit::{Exit, Failure};

/// The group of these options in `serve --help`.
const STARTER: &str = "Started by another program";

/// The options that another program starts a broker with.
#[derive(Debug, clap::Args)]
pub(crate) struct StarterArgs {
    /// Write one line of JSON to this file descriptor, a pipe or a file, once the broker serves:
    /// {"addresses":{"tcp":"127.0.0.1:8010"}}, with the address of each listener by its name in the
    /// settings
    #[arg(
        long,
        value_name = "N",
        value_parser = clap::value_parser!(i32).range(1..),
        help_heading = STARTER
    )]
    ready_fd: Option<i32>,
    /// Stop, as at SIGTERM, when standard input ends: its other end is closed, or the program that had
    /// it is gone. What comes on it is not used
    #[arg(long, help_heading = STARTER)]
    stop_with_stdin: bool,
}

/// What is written once the broker serves.
#[derive(Serialize)]
struct Ready<'a> {
    addresses: &'a BTreeMap<String, SocketAddr>,
}

impl StarterArgs {
    /// Has the server do what they say.
    pub(crate) fn tie(&self, server: ServerBuilder) -> Result<ServerBuilder, Failure> {
        let server = match self.ready_fd {
            Some(number) => {
                let file = open(number)?;
                server.when_ready(move |addresses| tell(file, addresses))
            }
            None => server,
        };
        if !self.stop_with_stdin {
            return Ok(server);
        }
        let ended = stdin_ended()
            .map_err(|error| Failure::file("start a thread that reads standard input", &error))?;
        Ok(server.stop_when("standard input ended", ended))
    }
}

/// Opens what an inherited file descriptor is.
fn open(number: i32) -> Result<File, Failure> {
    // Whoever does not read any more must not keep us waiting; and a file may be a log.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let opened =
        OpenOptions::new().append(true).custom_flags(flags).open(format!("/dev/fd/{number}"));
    opened.map_err(|error| {
        let text = format!(
            "--ready-fd {number}: this file descriptor cannot be written to: {error}; it must be a pipe or a \
             file that the program which starts the broker opens for it and lets it inherit"
        );
        Failure::new(Exit::Usage, text)
    })
}

fn tell(mut file: File, addresses: &BTreeMap<String, SocketAddr>) {
    let told = serde_json::to_string(&Ready { addresses })
        .map_err(io::Error::from)
        .and_then(|line| file.write_all(format!("{line}\n").as_bytes()));
    if let Err(error) = told {
        tracing::warn!(%error, "what was given with --ready-fd cannot be told that the broker serves");
    }
}

/// Returns what is ready once standard input has ended.
///
/// A thread of its own reads it: one of the runtime's would have to be waited for at the end.
fn stdin_ended() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    let (ended, waiting) = oneshot::channel();
    thread::Builder::new().name("stdin".to_owned()).spawn(move || {
        read_to_end();
        _ = ended.send(());
    })?;
    Ok(async move { _ = waiting.await })
}

fn read_to_end() {
    let mut stdin = io::stdin().lock();
    let mut unused = [0; 1024];
    loop {
        match stdin.read(&mut unused) {
            Ok(0) => return,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}
