use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpSocket, TcpStream},
};

/// Starts a server that answers whatever comes with these bytes and then says nothing, with the
/// connection left open. Returns its URL.
pub(crate) async fn speaks(bytes: impl Into<Vec<u8>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let bytes = bytes.into();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(speak(stream, bytes.clone()));
        }
    });
    url
}

/// Returns a URL at which nobody listens. Its port stays taken, so that no other test gets it.
pub(crate) fn nobody() -> String {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/", socket.local_addr().unwrap());
    std::mem::forget(socket);
    url
}

async fn speak(mut stream: TcpStream, bytes: Vec<u8>) {
    let mut request = [0; 4096];
    let _ = stream.read(&mut request).await;
    let _ = stream.write_all(&bytes).await;
    while stream.read(&mut request).await.is_ok_and(|count| count != 0) {}
}
