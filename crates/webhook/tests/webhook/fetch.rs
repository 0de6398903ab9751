//! Fetching a document.

use std::{sync::Arc, time::Duration};

use rialto_webhook::{Failure, FetchError, WebhookError, fetch};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivateKeyDer},
};

use crate::support::{App, nobody, speaks};

const TIMEOUT: Duration = Duration::from_secs(30);

#[tokio::test]
async fn a_document_is_fetched_as_it_is() {
    let mut app = App::start().await;
    let url = app.url.clone();
    let (text, _) = tokio::join!(fetch(&url, None, TIMEOUT, 12), async {
        app.next().await.answer(200, r#"{"keys": []}"#);
    });
    assert_eq!(text.unwrap(), r#"{"keys": []}"#);
}

#[tokio::test]
async fn a_document_that_is_too_large_is_not_fetched() {
    let mut app = App::start().await;
    let url = app.url.clone();
    let (text, _) = tokio::join!(fetch(&url, None, TIMEOUT, 11), async {
        app.next().await.answer(200, r#"{"keys": []}"#);
    });
    assert_eq!(text, Err(FetchError::Failed(Failure::TooLarge { limit: 11 })));
}

#[tokio::test]
async fn a_document_that_does_not_come_says_why() {
    let failed = |failure| Err(FetchError::Failed(failure));
    let missing = speaks("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").await;
    assert_eq!(fetch(&missing, None, TIMEOUT, 99).await, failed(Failure::Status(404)));
    let binary = speaks(b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n\xff".to_vec()).await;
    assert_eq!(fetch(&binary, None, TIMEOUT, 99).await, failed(Failure::NotText));
    assert_eq!(fetch(&nobody(), None, TIMEOUT, 99).await, failed(Failure::Unreachable));
    let silent = speaks("").await;
    let brief = Duration::from_millis(50);
    assert_eq!(fetch(&silent, None, brief, 99).await, failed(Failure::TimedOut));
    let no_url = fetch("file:///etc/hostname", None, TIMEOUT, 99).await;
    assert_eq!(no_url, Err(FetchError::Setup(WebhookError::Url)));
}

#[tokio::test]
async fn over_tls_only_a_trusted_server_is_believed() {
    let (url, authority) = secure_server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await;
    let trusted = fetch(&url, Some(authority.as_bytes()), TIMEOUT, 99).await;
    assert_eq!(trusted.unwrap(), "ok");

    let other = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap().cert.pem();
    let distrusted = fetch(&url, Some(other.as_bytes()), TIMEOUT, 99).await;
    assert_eq!(distrusted, Err(FetchError::Failed(Failure::Unreachable)));
}

/// Starts a server with a certificate of its own; returns its URL and the certificate.
async fn secure_server(answer: &'static str) -> (String, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://localhost:{}/", listener.local_addr().unwrap().port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (url, made.cert.pem())
}
