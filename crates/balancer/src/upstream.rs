//! The connection to a server: TCP, the head of the PROXY protocol, and TLS, as its route asks.

use std::{
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use proxy_header::{ProxiedAddress, ProxyHeader};
use rustls::pki_types::ServerName;
use tokio::{
    io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// A connection to a server.
pub(crate) enum Upstream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// For whom the balancer connects.
#[derive(Debug, Clone, Copy)]
pub(crate) struct OnBehalf {
    /// The client.
    pub(crate) client: SocketAddr,
    /// Where it connected to.
    pub(crate) local: SocketAddr,
}

/// How a server is connected to.
#[derive(Clone, Default)]
pub(crate) struct Manner {
    /// There where TLS is spoken to servers.
    pub(crate) tls: Option<Arc<TlsConnector>>,
    /// Whether the server is told for whom.
    pub(crate) sends_proxy_head: bool,
}

/// Connects to a server that goes by the name `host`.
///
/// # Errors
/// When it does not take the connection, or shakes no hands. The caller bounds the time.
pub(crate) async fn connect(
    server: SocketAddr,
    host: &str,
    manner: &Manner,
    on_behalf: Option<OnBehalf>,
) -> io::Result<Upstream> {
    let mut stream = TcpStream::connect(server).await?;
    // Small packets leave at once; what can be sent together, the server or the client has put together.
    stream.set_nodelay(true)?;
    if manner.sends_proxy_head {
        stream.write_all(&proxy_head(on_behalf)?).await?;
    }
    match &manner.tls {
        None => Ok(Upstream::Plain(stream)),
        Some(connector) => {
            let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
            Ok(Upstream::Tls(Box::new(connector.connect(name, stream).await?)))
        }
    }
}

/// Returns the head of version 2: for a client, or for the balancer itself.
fn proxy_head(on_behalf: Option<OnBehalf>) -> io::Result<Vec<u8>> {
    let address = on_behalf.map(|OnBehalf { client, local }| {
        // On a socket for both kinds of addresses, those of IPv4 come mapped into IPv6.
        let local = SocketAddr::new(local.ip().to_canonical(), local.port());
        ProxiedAddress::stream(client, local)
    });
    let header = ProxyHeader::with_tlvs(address, []);
    let mut head = Vec::new();
    header
        .encode_v2(&mut head)
        .map_err(|_| io::Error::other("the PROXY head cannot be written"))?;
    Ok(head)
}

impl AsyncRead for Upstream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Upstream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Upstream::Tls(stream) => Pin::new(stream).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Upstream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Upstream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Upstream::Tls(stream) => Pin::new(stream).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Upstream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Upstream::Tls(stream) => Pin::new(stream).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Upstream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Upstream::Tls(stream) => Pin::new(stream).poll_shutdown(context),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_head_says_for_whom() {
        let address = |text: &str| text.parse::<SocketAddr>().expect("an address");
        for (client, local, read) in [
            ("192.0.2.1:5000", "[::ffff:10.0.0.1]:8010", Some("192.0.2.1:5000")),
            ("[2001:db8::1]:5000", "[2001:db8::2]:8010", Some("[2001:db8::1]:5000")),
        ] {
            let on_behalf = OnBehalf { client: address(client), local: address(local) };
            let head = proxy_head(Some(on_behalf)).expect("it can be written");
            let told = rialto_net::read_proxy_head(&mut &head[..]).await.expect("it can be read");
            assert_eq!(told, read.map(address));
        }
        let head = proxy_head(None).expect("it can be written");
        assert!(rialto_net::read_proxy_head(&mut &head[..]).await.is_ok_and(|it| it.is_none()));
    }
}
