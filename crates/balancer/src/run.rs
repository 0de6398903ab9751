//! A balancer as a process of its own: it goes on until a signal ends it.

use rialto_config::Settings;
use tokio::signal::unix::{SignalKind, signal};

use crate::{balancer::Balancer, error::BalancerError};

/// Runs a balancer until SIGTERM or SIGINT, then stops it gracefully. At SIGHUP it takes up what `reload` returns;
/// of an error it says so in the log and stays as it is.
///
/// Blocks the calling thread; makes its own runtime. Logs through `tracing`, which the caller sets up;
/// the line `ready` carries the addresses of the routes, so that port 0 can be used.
///
/// # Errors
/// [`BalancerError`] when it cannot start. Once it runs, it returns `Ok` after its stop.
pub fn run(
    settings: &Settings,
    reload: impl Fn() -> Result<Settings, String>,
) -> Result<(), BalancerError> {
    let system = |what| move |source| BalancerError::System { what, source };
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if 0 < settings.server.worker_threads {
        runtime.worker_threads(settings.server.worker_threads);
    }
    let runtime = runtime.enable_all().build().map_err(system("start threads"))?;
    runtime.block_on(async {
        // Before anybody can see that it runs, and ask it to stop.
        let watch = |kind| signal(kind).map_err(system("watch signals"));
        let mut terminate = watch(SignalKind::terminate())?;
        let mut interrupt = watch(SignalKind::interrupt())?;
        let mut hang_up = watch(SignalKind::hangup())?;
        let balancer = Balancer::start(settings).await?;
        tracing::info!(
            version = env!("CARGO_PKG_VERSION"), addresses = ?balancer.addresses(), "ready"
        );
        loop {
            let signal = tokio::select! {
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
                _ = hang_up.recv() => {
                    take_up(&balancer, reload()).await;
                    continue;
                }
            };
            tracing::info!(signal, "stopping");
            break;
        }
        balancer.stop().await;
        Ok(())
    })
}

async fn take_up(balancer: &Balancer, settings: Result<Settings, String>) {
    let taken_up = match settings {
        Ok(settings) => balancer.reload(&settings).await.map_err(|error| error.to_string()),
        Err(error) => Err(error),
    };
    match taken_up {
        Ok(()) => tracing::info!("the settings were read anew"),
        Err(error) => {
            tracing::error!(error, "the reload failed: the previous settings stay in force");
        }
    }
}
