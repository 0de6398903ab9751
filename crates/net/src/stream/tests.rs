use std::{io::ErrorKind, sync::Arc, time::Duration};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Prompt, Stream};
use crate::{
    handshake::{FirstWord, secure},
    testing::{Authority, connected},
    tls::{CertificateFiles, Certificates, Tls},
};

/// More than the buffers of two sockets hold.
const MANY_BYTES: usize = 24 << 20;

#[tokio::test]
async fn the_end_of_a_stream_is_told_inside_tls_too() {
    let authority = Authority::new();
    let (certificate, key) = authority.sign("localhost", vec![]).pem();
    let certificate = authority.write("server.pem", &certificate);
    let key = authority.write("server.key", &key);
    let files = CertificateFiles { certificate: &certificate, key: &key, clients: None };
    let tls = Tls::Required(Arc::new(Certificates::load(Some(files)).unwrap()));
    let (client, arrival) = connected().await;
    let (stream, client) = tokio::join!(
        secure(arrival.socket, &tls, FirstWord::Peer),
        authority.connect(client, None)
    );
    let (mut stream, mut client) = (stream.unwrap(), client.unwrap());
    stream.write_all(b"bye").await.unwrap();
    stream.part().await;
    let mut told = String::new();
    // Without the notification this would be an error: somebody may have cut it.
    client.read_to_string(&mut told).await.unwrap();
    assert_eq!(told, "bye");
}

#[tokio::test]
async fn a_peer_that_takes_nothing_is_not_written_to_for_ever() {
    let (_client, arrival) = connected().await;
    let stalled_max = Duration::from_millis(50);
    let mut prompt = Prompt::new(Stream::Plain(arrival.socket), stalled_max);
    let error = prompt.write_all(&vec![0; MANY_BYTES]).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TimedOut);
}

#[tokio::test]
async fn a_peer_that_reads_has_all_the_time_it_needs() {
    let (mut client, arrival) = connected().await;
    let mut prompt = Prompt::new(Stream::Plain(arrival.socket), Duration::from_secs(20));
    let writing = async {
        prompt.write_all(&vec![0; MANY_BYTES]).await.unwrap();
        prompt.into_inner().part().await;
    };
    let mut read = Vec::with_capacity(MANY_BYTES);
    let (_, count) = tokio::join!(writing, client.read_to_end(&mut read));
    assert_eq!(count.unwrap(), MANY_BYTES);
}
