use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

use super::{Passed, Silence, relay};

const PIPE_BYTES: usize = 1000;
const LONG: Silence =
    Silence { idle_max: Duration::from_secs(60), half_open_max: Duration::from_secs(60) };

/// Returns the ends of a client and of a server, and what passes bytes on between them.
fn passing(silence: Silence) -> (DuplexStream, DuplexStream, impl Future<Output = Passed>) {
    let (client, mut client_here) = duplex(PIPE_BYTES);
    let (server, mut server_here) = duplex(PIPE_BYTES);
    (
        client,
        server,
        async move { relay(&mut client_here, &mut server_here, silence, |_| ()).await },
    )
}

#[tokio::test]
async fn bytes_pass_both_ways_also_where_the_reader_is_slow() {
    let (mut client, mut server, relay) = passing(LONG);
    let sent: Vec<u8> = (0..200_000_u32).map(|n| u8::try_from(n % 251).expect("below")).collect();
    let (to_server, answered) = (sent.clone(), sent.clone());
    let clients = async move {
        let (mut reading, mut writing) = tokio::io::split(&mut client);
        let mut received = Vec::new();
        let write = async {
            writing.write_all(&to_server).await?;
            writing.shutdown().await
        };
        let (written, read) = tokio::join!(write, reading.read_to_end(&mut received));
        written.and(read).map(|_| received)
    };
    let servers = async move {
        let mut received = Vec::new();
        let mut piece = [0; 77];
        // The client ends first, and is answered all the same.
        loop {
            match server.read(&mut piece).await? {
                0 => break,
                count => received.extend_from_slice(&piece[..count]),
            }
        }
        server.write_all(&answered).await?;
        server.shutdown().await.map(|()| received)
    };
    let (passed, at_client, at_server): (
        Passed,
        std::io::Result<Vec<u8>>,
        std::io::Result<Vec<u8>>,
    ) = tokio::join!(relay, clients, servers);
    assert!(passed.ended.is_ok(), "{passed:?}");
    assert_eq!(passed.bytes, [200_000, 200_000]);
    assert_eq!(at_client.ok().as_ref(), Some(&sent));
    assert_eq!(at_server.ok(), Some(sent));
}

#[tokio::test(start_paused = true)]
async fn silence_ends_it_and_sooner_once_one_side_has_ended() {
    let silence =
        Silence { idle_max: Duration::from_secs(60), half_open_max: Duration::from_secs(5) };
    let begun = tokio::time::Instant::now();
    let (mut client, mut server, relay) = passing(silence);
    let clients = async {
        tokio::time::sleep(Duration::from_secs(59)).await;
        client.write_all(b"life").await.expect("it is passed on");
        let mut life = [0; 4];
        server.read_exact(&mut life).await.expect("it arrives");
        tokio::time::sleep(Duration::from_secs(30)).await;
        client.shutdown().await.expect("it is passed on");
    };
    let (passed, ()) = tokio::join!(relay, clients);
    let kind = passed.ended.expect_err("the server says nothing").kind();
    assert_eq!(kind, std::io::ErrorKind::TimedOut);
    assert_eq!(begun.elapsed().as_secs(), 59 + 30 + 5);
    assert_eq!(passed.bytes, [4, 0]);
}
