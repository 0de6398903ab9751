//! What stands on the server's side of a scenario.

use std::{
    fs, io,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
        mpsc::Sender,
    },
};

use rustls::{
    ServerConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use serde_json::Value;
use tempfile::TempDir;

use super::{
    arrival::Arrival,
    doorway::Doorway,
    framing::Framing,
    proxy::Proxy,
    scenario::{Scenario, Side},
    scene::Failure,
    serving::serve,
};
use crate::{Broker, Launch, Transport, certificate::Certificate, port::Port};

/// The number of the last connection, so that none of an earlier scenario is taken for another.
static LAST: AtomicU64 = AtomicU64::new(0);

/// The server's side.
#[derive(Debug)]
pub(super) struct Stage {
    server: Server,
    /// The address of each of the scenario's servers, in its order.
    pub(super) addresses: Vec<SocketAddr>,
    /// The certificate that the client trusts.
    pub(super) authority: PathBuf,
    /// Ports on which nobody listens.
    _dead: Vec<Port>,
    _files: TempDir,
}

#[derive(Debug)]
enum Server {
    Script(Doorway),
    Broker(Box<Broker>, Proxy),
}

impl Stage {
    /// Sets it up; connections to the harness go to `arrivals`.
    pub(super) fn set(
        scenario: &Scenario,
        side: Side,
        carrier: Transport,
        rialto: Option<&Path>,
        arrivals: &Sender<Arrival>,
    ) -> io::Result<Self> {
        let files = tempfile::tempdir()?;
        let (mut server, authority) = match side {
            Side::Script => {
                let certificate = Certificate::make(files.path())?;
                let tls = carrier.has_tls().then(|| tls(&certificate)).transpose()?;
                let doorway = script(carrier, tls, arrivals.clone())?;
                (Server::Script(doorway), certificate.certificate_file)
            }
            Side::Broker => {
                let program = rialto.ok_or_else(|| io::Error::other("no broker was named"))?;
                let launch = Launch::of(program);
                let settings = scenario.settings.iter();
                let broker = settings.fold(launch, |launch, setting| launch.set(setting)).start();
                let authority = files.path().join("authority.pem");
                fs::copy(broker.certificate_file(), &authority)?;
                let proxy = Proxy::to(broker.address())?;
                (Server::Broker(Box::new(broker), proxy), authority)
            }
        };
        let alive = server.doorway().address();
        let (mut dead, mut addresses) = (Vec::new(), Vec::new());
        for is_peer in &scenario.addresses {
            if !is_peer {
                dead.push(Port::reserve()?);
            }
            addresses.push(if *is_peer { alive } else { dead[dead.len() - 1].address });
        }
        Ok(Stage { server, addresses, authority, _dead: dead, _files: files })
    }

    /// Says who the server is.
    pub(super) fn side(&self) -> Side {
        match self.server {
            Server::Script(_) => Side::Script,
            Server::Broker(..) => Side::Broker,
        }
    }

    /// Returns where clients come in.
    pub(super) fn doorway(&mut self) -> &mut Doorway {
        self.server.doorway()
    }

    /// Returns the proxy before the broker, if there is one.
    pub(super) fn proxy(&self) -> Option<&Proxy> {
        match &self.server {
            Server::Script(_) => None,
            Server::Broker(_, proxy) => Some(proxy),
        }
    }

    /// Does something to the broker.
    pub(super) fn broker(&mut self, act: &Value) -> Result<(), Failure> {
        let Server::Broker(broker, _) = &mut self.server else {
            return Err("there is no broker".to_owned());
        };
        match act.as_str() {
            Some("kill") => broker.kill(),
            Some("stop") => {
                let (status, _) = broker.terminate();
                if !status.success() {
                    return Err(format!("the broker ended with {status}"));
                }
            }
            Some("start") => broker.restart(),
            _ => broker.set(act["set"].as_str().ok_or("no setting")?),
        }
        Ok(())
    }
}

impl Server {
    fn doorway(&mut self) -> &mut Doorway {
        match self {
            Server::Script(doorway) => doorway,
            Server::Broker(_, proxy) => proxy.doorway(),
        }
    }
}

fn script(
    carrier: Transport,
    tls: Option<Arc<ServerConfig>>,
    arrivals: Sender<Arrival>,
) -> io::Result<Doorway> {
    // A sender is for one thread at a time.
    let arrivals = std::sync::Mutex::new(arrivals);
    Doorway::open(move |socket| {
        let framing =
            if carrier.is_websocket() { Framing::websocket() } else { Framing::terminated() };
        let id = LAST.fetch_add(1, Ordering::SeqCst) + 1;
        let to = arrivals.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone();
        // One that ended before it was taken is none.
        _ = serve(id, socket, tls.clone(), framing, to);
    })
}

/// Makes what a server with that certificate needs.
fn tls(certificate: &Certificate) -> io::Result<Arc<ServerConfig>> {
    let chain = CertificateDer::from_pem_file(&certificate.certificate_file);
    let key = PrivateKeyDer::from_pem_file(&certificate.key_file);
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(io::Error::other)?
        .with_no_client_auth()
        .with_single_cert(vec![chain.map_err(io::Error::other)?], key.map_err(io::Error::other)?);
    config.map(Arc::new).map_err(io::Error::other)
}
