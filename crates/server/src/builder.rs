//! How a program makes a server of its own.

use std::{collections::BTreeMap, future::Future, net::SocketAddr, sync::Arc};

use rialto_application::{Application, Client};
use rialto_config::Settings;
use rialto_domain::Reject;
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    error::ServeError, handle::Handle, parts::ServerParts, server::Server, starter::Starter,
    supervisor::Supervisor,
};

/// Puts a server together: settings, an application, control channels.
///
/// # Example
/// ```no_run
/// use rialto_server::{Application, Delivery, Reject, ServerBuilder, Settings, SubscribeRequest};
///
/// struct Club;
///
/// impl Application for Club {
///     async fn subscribe(&self, request: SubscribeRequest) -> Result<(), Reject> {
///         match request.channel.as_str() {
///             "cellar" => Err(Reject::Denied("the cellar is closed".into())),
///             _ => Ok(()),
///         }
///     }
/// }
///
/// # async fn run() -> Result<(), Box<dyn std::error::Error>> {
/// let server = ServerBuilder::new(Settings::default())
///     .application(Club)
///     .control("add", |_client, (one, other): (i64, i64)| async move { Ok(one + other) })
///     .start()
///     .await?;
/// server.handle().publish("news", &"the bar is open", Delivery::default()).await?;
/// tokio::signal::ctrl_c().await?;
/// server.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Default)]
pub struct ServerBuilder {
    pub(crate) settings: Settings,
    pub(crate) supervisor: Option<Supervisor>,
    pub(crate) starter: Starter,
    parts: ServerParts,
}

impl ServerBuilder {
    /// Begins with settings, which must have been checked, as `rialto_config::load` does.
    #[must_use]
    pub fn new(settings: Settings) -> Self {
        ServerBuilder { settings, ..ServerBuilder::default() }
    }

    /// Carries an application, which decides and hears as [`Application`] says. The settings must
    /// then name no webhook.
    #[must_use]
    pub fn application(self, application: impl Application) -> Self {
        self.application_with(|_| application)
    }

    /// Carries an application that uses its server, as [`application`](Self::application) does:
    /// `make` is given the handle, before the first client is let in and before the application is
    /// told of anything. The server lets go of the application when it stops.
    #[must_use]
    pub fn application_with<A: Application>(
        mut self,
        make: impl FnOnce(Handle) -> A + Send + 'static,
    ) -> Self {
        self.parts.application = Some(Box::new(|handle| Arc::new(make(handle))));
        self
    }

    /// Answers the control channel `$name` (JMQT 9.d). The question is the data of the client's
    /// `pub`, read as `Q`; what is none is refused with status 0 and says what is wrong. It stands
    /// above the server's own control channels and above the application's.
    #[must_use]
    pub fn control<Q, A, F, H>(mut self, name: &str, handler: H) -> Self
    where
        Q: DeserializeOwned + Send,
        A: Serialize,
        F: Future<Output = Result<A, Reject>> + Send + 'static,
        H: Fn(Arc<Client>, Q) -> F + Send + Sync + 'static,
    {
        self.parts.controls.add(name, handler);
        self
    }

    /// Has [`run`](Self::run) tell this service manager when the server serves, reads its settings anew
    /// and stops, and that it works. Without it nobody is told, whatever the environment says; nor by a
    /// server that is [started](Self::start) otherwise.
    #[must_use]
    pub fn supervisor(self, supervisor: Supervisor) -> Self {
        ServerBuilder { supervisor: Some(supervisor), ..self }
    }

    /// Has [`run`](Self::run) tell where each listener listens, by its name in the settings, as soon as the
    /// server serves.
    #[must_use]
    pub fn when_ready(
        mut self,
        tell: impl FnOnce(&BTreeMap<String, SocketAddr>) + Send + 'static,
    ) -> Self {
        self.starter.tell_ready = Some(Box::new(tell));
        self
    }

    /// Has [`run`](Self::run) stop the server when this is ready, as SIGTERM does. `why` is a text for the
    /// log.
    #[must_use]
    pub fn stop_when(
        mut self,
        why: &'static str,
        ended: impl Future<Output = ()> + Send + 'static,
    ) -> Self {
        self.starter.ended = Some((why, Box::pin(ended)));
        self
    }

    /// Starts the server on the present tokio runtime, which must be a multi-threaded one. Its
    /// listeners are open when this returns.
    ///
    /// # Errors
    /// [`ServeError`] when it cannot start.
    pub async fn start(self) -> Result<Server, ServeError> {
        let ServerBuilder { settings, parts, .. } = self;
        Server::start(&settings, parts)
    }
}
