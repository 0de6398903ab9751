//! A server as a process of its own: it goes on until a signal ends it.

use std::{io, sync::Arc};

use rialto_config::Settings;
use rialto_domain::AUDIT_TARGET;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{attend::Attendant, builder::ServerBuilder, error::ServeError, server::Server};

/// Runs a server with these settings and nothing of its own, as [`ServerBuilder::run`] does.
///
/// # Errors
/// As [`ServerBuilder::run`].
pub fn run(
    settings: &Settings,
    reload: impl Fn() -> Result<Settings, String> + Send + Sync + 'static,
) -> Result<(), ServeError> {
    ServerBuilder::new(settings.clone()).run(reload)
}

impl ServerBuilder {
    /// Runs the server until SIGTERM or SIGINT, or until what [`stop_when`](Self::stop_when) was given, then
    /// drains it, until a second of these signals, and stops it gracefully. At SIGHUP it takes up what
    /// `reload` returns; of an error it says so in the log and stays as it is.
    ///
    /// Blocks the calling thread; makes its own runtime. The settings must have been checked, as
    /// `rialto_config::load` does. Logs through `tracing`, which the caller sets up; the line
    /// `ready` carries the addresses of the listeners, so that port 0 can be used.
    ///
    /// # Errors
    /// [`ServeError`] when the server cannot start. Once it runs, it returns `Ok` after its stop.
    pub fn run(
        mut self,
        reload: impl Fn() -> Result<Settings, String> + Send + Sync + 'static,
    ) -> Result<(), ServeError> {
        let mut runtime = tokio::runtime::Builder::new_multi_thread();
        if self.settings.server.worker_threads > 0 {
            runtime.worker_threads(self.settings.server.worker_threads);
        }
        let runtime = runtime
            .enable_all()
            .build()
            .map_err(|source| ServeError::System { what: "start threads", source })?;
        runtime.block_on(async {
            // Before anybody can see that it runs, and ask it to stop.
            let mut signals = Signals::watch()
                .map_err(|source| ServeError::System { what: "watch signals", source })?;
            let supervisor = self.supervisor.take().map(Arc::new);
            let mut starter = std::mem::take(&mut self.starter);
            if let Some(supervisor) = &supervisor {
                supervisor.status("starting: opens its listeners and its store");
            }
            let mut server = self.start().await.inspect_err(|error| {
                if let Some(supervisor) = &supervisor {
                    supervisor.status(&format!("cannot start: {error}"));
                }
            })?;
            let attendant = Attendant::begin(supervisor, &server);
            starter.tell_ready(server.addresses());
            let reload = || take_up(&server, &reload, &attendant);
            // Waited for outside the macro, which evaluates nothing when its level is off.
            let stop = signals.until_stop(starter.ended(), reload).await;
            attendant.stopping(server.stop_time());
            match stop {
                Stop::Signal(signal) => tracing::info!(signal, "stopping"),
                Stop::Ended(why) => tracing::info!(why, "stopping"),
            }
            server.drain(signals.until_asked_again()).await;
            server.stop().await;
            Ok(())
        })
    }
}

/// What a server stops for.
enum Stop {
    /// This signal.
    Signal(&'static str),
    /// What it was told to end with, and what that is.
    Ended(&'static str),
}

/// The signals a server listens to.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn watch() -> io::Result<Self> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the first signal to stop, or until `ended` says so, and takes up new settings at each
    /// SIGHUP until then.
    async fn until_stop(
        &mut self,
        ended: impl Future<Output = &'static str>,
        take_up: impl Fn(),
    ) -> Stop {
        tokio::pin!(ended);
        loop {
            tokio::select! {
                _ = self.terminate.recv() => return Stop::Signal("SIGTERM"),
                _ = self.interrupt.recv() => return Stop::Signal("SIGINT"),
                why = &mut ended => return Stop::Ended(why),
                _ = self.hang_up.recv() => take_up(),
            }
        }
    }
}

impl Signals {
    /// Waits for a signal to stop, where one has come before: nothing is taken up any more.
    async fn until_asked_again(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

fn take_up(server: &Server, reload: &impl Fn() -> Result<Settings, String>, attendant: &Attendant) {
    attendant.reloading();
    let handle = server.handle();
    let result = tokio::task::block_in_place(|| {
        let settings = reload().inspect_err(|error| handle.note_unread_settings(error))?;
        handle.reload(settings)
    });
    if let Err(error) = &result {
        tracing::error!(target: AUDIT_TARGET, event = "reload-refused", error, "the reload failed: the previous settings stay in force");
    }
    attendant.reloaded(result.as_ref().map(|&()| ()).map_err(String::as_str));
}
