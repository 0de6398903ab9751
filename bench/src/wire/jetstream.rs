//! Creates the stream and the consumer that the durable workloads use: file storage, explicit
//! acknowledgement, pushed to the subscriber without its asking. All else is JetStream's default.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

/// Where the consumer pushes to.
pub(crate) const DELIVER_SUBJECT: &str = "deliver.bench";

const STREAM: &str = "BENCH";
const CONSUMER: &str = "subscriber";
const ANSWER_WITHIN: Duration = Duration::from_secs(10);

/// Creates the stream that stores `channel` and its one durable consumer.
///
/// # Errors
/// When the server cannot be reached or refuses.
pub(crate) fn prepare(server: SocketAddr, channel: &str) -> Result<()> {
    let stream = json!({"name": STREAM, "subjects": [channel], "storage": "file"});
    request(server, &format!("$JS.API.STREAM.CREATE.{STREAM}"), &stream)?;
    let consumer = json!({"stream_name": STREAM, "config": {
        "durable_name": CONSUMER,
        "deliver_subject": DELIVER_SUBJECT,
        "deliver_policy": "all",
        "ack_policy": "explicit",
    }});
    request(server, &format!("$JS.API.CONSUMER.DURABLE.CREATE.{STREAM}.{CONSUMER}"), &consumer)
}

fn request(server: SocketAddr, subject: &str, body: &Value) -> Result<()> {
    let mut socket = TcpStream::connect(server)?;
    socket.set_read_timeout(Some(ANSWER_WITHIN))?;
    let body = body.to_string();
    let length = body.len();
    let inbox = "_INBOX.prepare";
    write!(
        socket,
        "CONNECT {{\"verbose\":false}}\r\nSUB {inbox} 1\r\nPUB {subject} {inbox} {length}\r\n{body}\r\n"
    )?;
    let answer = answer(BufReader::new(socket)).context("no answer of JetStream")?;
    ensure!(answer.get("error").is_none(), "JetStream refused {subject}: {answer}");
    Ok(())
}

fn answer(mut reader: impl BufRead) -> Result<Value> {
    let mut line = String::new();
    loop {
        line.clear();
        ensure!(reader.read_line(&mut line)? != 0, "connection closed");
        if line.starts_with("-ERR") {
            bail!("{line}");
        }
        if line.starts_with("MSG ") {
            let length = line.split_whitespace().next_back().unwrap_or_default().parse()?;
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            return Ok(serde_json::from_slice(&body)?);
        }
    }
}
