//! The name that a client asks for at the beginning of TLS (SNI), where TLS is passed on as it is.

use std::io;

use rustls::server::Acceptor;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Bytes that the greeting of a client may have.
const BYTES_MAX: usize = 32 << 10;
/// Bytes read at a time: most greetings with a post-quantum key come whole.
const READ_BYTES: usize = 2048;

/// The alert by which TLS says that there is nobody by this name: fatal, `unrecognized_name` (RFC 6066, section 3).
pub(crate) const UNKNOWN_NAME: [u8; 7] = [0x15, 3, 3, 0, 2, 2, 112];

/// Reads the greeting of a client, and returns the name in it; `None` where there is none, and where what comes is no
/// TLS. What was read is appended to `early`, and is to be passed on.
///
/// # Errors
/// When the connection ends or fails.
pub(crate) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    early: &mut Vec<u8>,
) -> io::Result<Option<String>> {
    let mut acceptor = Acceptor::default();
    while early.len() < BYTES_MAX {
        let known = early.len();
        early.reserve(READ_BYTES);
        if stream.read_buf(early).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let mut unread = &early[known..];
        while !unread.is_empty() {
            if acceptor.read_tls(&mut unread).is_err() {
                return Ok(None);
            }
            match acceptor.accept() {
                Ok(Some(accepted)) => {
                    return Ok(accepted.client_hello().server_name().map(str::to_owned));
                }
                Ok(None) => {}
                Err(_) => return Ok(None),
            }
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use rustls::{ClientConfig, ClientConnection, RootCertStore, pki_types::ServerName};
    use tokio::io::{AsyncWriteExt as _, duplex};

    use super::*;

    fn greeting(name: &str) -> Vec<u8> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(RootCertStore::empty())
            .with_no_client_auth();
        let name = ServerName::try_from(name.to_owned()).unwrap();
        let mut connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let mut greeting = Vec::new();
        while connection.wants_write() {
            connection.write_tls(&mut greeting).unwrap();
        }
        greeting
    }

    /// Returns what was found in bytes that come so many at a time, and what was read for it.
    async fn found(bytes: Vec<u8>, at_a_time: usize) -> (io::Result<Option<String>>, Vec<u8>) {
        let (mut client, mut server) = duplex(at_a_time);
        let says = tokio::spawn(async move {
            let _ = client.write_all(&bytes).await;
        });
        let mut early = Vec::new();
        let found = read(&mut server, &mut early).await;
        drop(server);
        says.await.unwrap();
        (found, early)
    }

    #[tokio::test]
    async fn the_name_is_found_however_the_greeting_is_cut() {
        let whole = greeting("a.example.org");
        for at_a_time in [1, 5, 100, whole.len()] {
            let (name, early) = found(whole.clone(), at_a_time).await;
            assert_eq!(name.unwrap().as_deref(), Some("a.example.org"), "{at_a_time}");
            assert_eq!(early, whole);
        }
    }

    #[tokio::test]
    async fn what_has_no_name_is_passed_on_as_it_is() {
        for bytes in [
            greeting("192.0.2.1"),
            b"{\"conn\":{}}\0".to_vec(),
            [&[0x16, 3, 1, 0xff, 0xff][..], &[0; 100]].concat(),
            // A greeting that says it is longer than any may be, and goes on.
            [&[0x16, 3, 1, 0x40, 0, 1, 0xff, 0xff, 0xff][..], &[0; 100_000]].concat(),
        ] {
            let (name, early) = found(bytes.clone(), 64 << 10).await;
            assert_eq!(name.unwrap(), None, "{:?}", &bytes[..5]);
            assert!(bytes.starts_with(&early) && early.len() < 40 << 10);
        }
    }

    #[tokio::test]
    async fn half_a_greeting_is_an_end() {
        let (name, _) = found(greeting("a.example.org")[..50].to_vec(), 100).await;
        assert_eq!(name.unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }
}
