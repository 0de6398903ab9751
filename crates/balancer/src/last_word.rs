//! What a client is told for which there is no server: the only words that are the balancer's own.

use std::{io, net::SocketAddr};

use rialto_config::BalancedDialect;
use rialto_net::{Origins, Proxies, Stream, UpgradeTerms, UpgradeTexts, WebSocketReader};
use rialto_wire::jmqt::status;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// The close code that says "try again later".
const TRY_AGAIN_LATER: u16 = 1013;
/// Why a client for which there is no server is told to go: a word for programs (J-128), and a text.
const NO_SERVER: (&str, &str) = ("no-server", "no server is available; try again later");
const RESPONSE: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nRetry-After: 5\r\n\
    Content-Type: application/problem+json\r\nContent-Length: 123\r\n\r\n\
    {\"type\":\"about:blank\",\"title\":\"Service Unavailable\",\"status\":503,\
    \"detail\":\"no server is available; try again in a moment\"}\n";
/// Bytes that the head of a request may have.
const HEAD_BYTES_MAX: usize = 16 << 10;
const END_OF_HEAD: &[u8] = b"\r\n\r\n";

const TEXTS: UpgradeTexts = UpgradeTexts {
    foreign_origin: "",
    upgrade_required: "This port is for messages: connect with WebSocket, or send packets.\n",
    no_room: RESPONSE,
};

/// Returns what a client is told that is refused before it has said anything: a word for programs, and a text. To JMQT
/// it is a status of a cause that passes (J-71).
pub(crate) fn unasked(dialect: BalancedDialect, (word, text): (&str, &str)) -> Vec<u8> {
    match dialect {
        BalancedDialect::Jmqt => {
            let packet = json!({"connAck": {"st": status::SERVER_ERROR, "rs": word, "mg": text}});
            format!("{packet}\0").into_bytes()
        }
        BalancedDialect::Http => RESPONSE.to_vec(),
        BalancedDialect::Any | BalancedDialect::Coremq | BalancedDialect::Pubsubx => Vec::new(),
    }
}

/// Tells a client in its dialect that no server is left; `early` is what it said already.
///
/// # Errors
/// When the connection ends before.
pub(crate) async fn tell(
    mut stream: Stream,
    (peer, proxies): (SocketAddr, &Proxies),
    mut early: Vec<u8>,
    dialect: BalancedDialect,
) -> io::Result<()> {
    if early.is_empty() && dialect == BalancedDialect::Jmqt {
        read_more(&mut stream, &mut early).await?;
    }
    let is_request = early.first().is_some_and(u8::is_ascii_uppercase);
    let has_websocket = matches!(dialect, BalancedDialect::Jmqt | BalancedDialect::Coremq);
    let word = match is_request && has_websocket {
        true => refused_upgrade(&mut stream, (peer, proxies), early).await?,
        false => unasked(dialect, NO_SERVER),
    };
    stream.write_all(&word).await?;
    stream.part().await;
    Ok(())
}

/// Reads the request of a WebSocket, and returns what opens and closes it. A WebSocket that is not opened has no
/// close code that its page could see.
async fn refused_upgrade(
    stream: &mut Stream,
    (peer, proxies): (SocketAddr, &Proxies),
    mut early: Vec<u8>,
) -> io::Result<Vec<u8>> {
    let end = loop {
        if let Some(end) = memchr::memmem::find(&early, END_OF_HEAD) {
            break end + END_OF_HEAD.len();
        }
        if HEAD_BYTES_MAX < early.len() {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the request is too long"));
        }
        read_more(stream, &mut early).await?;
    };
    let terms = UpgradeTerms {
        message_bytes_max: HEAD_BYTES_MAX,
        origins: &Origins::default(),
        proxies,
        texts: &TEXTS,
        peer,
    };
    Ok(match WebSocketReader::accept(&early[..end], &terms) {
        Ok(mut accepted) => {
            let (word, text) = NO_SERVER;
            let reason = format!("{word}: {text}");
            let close = accepted.reader.close_frame(TRY_AGAIN_LATER, &reason);
            [accepted.response, close].concat()
        }
        Err(not_upgraded) => not_upgraded.response,
    })
}

async fn read_more(stream: &mut Stream, into: &mut Vec<u8>) -> io::Result<()> {
    match stream.read_buf(into).await? {
        0 => Err(io::ErrorKind::UnexpectedEof.into()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_response_is_as_long_as_it_says() {
        let text = String::from_utf8_lossy(RESPONSE);
        let (head, body) = text.split_once("\r\n\r\n").expect("a head and a body");
        assert!(
            head.contains(&format!("Content-Length: {}\r", body.len()))
                || head.ends_with(&format!("Content-Length: {}", body.len())),
            "{}",
            body.len()
        );
    }
}
