use std::{
    future::{pending, ready},
    io,
    pin::pin,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use rialto_stopwatch::Moment;
use tokio::sync::watch;

use super::Patience;

fn patience(left: Duration) -> (watch::Sender<bool>, Patience) {
    let (stop, stopping) = watch::channel(false);
    (stop, Patience { deadline: Moment::now() + left, stopping, silent: Arc::default() })
}

#[tokio::test]
async fn what_comes_in_time_is_passed_on_and_not_counted() {
    let (_stop, patience) = patience(Duration::from_secs(60));
    assert_eq!(patience.wait(pin!(ready(Ok(7)))).await.unwrap(), 7);
    let failed = patience.wait(pin!(ready(Err::<(), _>(io::ErrorKind::BrokenPipe.into())))).await;
    assert_eq!(failed.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
    assert_eq!(patience.silent.load(Ordering::Relaxed), 0);
}

#[tokio::test]
async fn a_silent_peer_is_counted_once_its_time_is_up() {
    let (_stop, patience) = patience(Duration::ZERO);
    let error = patience.wait(pin!(pending::<io::Result<()>>())).await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    assert_eq!(patience.silent.load(Ordering::Relaxed), 1);
}

#[tokio::test]
async fn a_stop_ends_the_waiting_and_nobody_was_silent() {
    for is_dropped in [false, true] {
        let (stop, patience) = patience(Duration::from_secs(60));
        if is_dropped {
            drop(stop);
        } else {
            stop.send_replace(true);
        }
        let error = patience.wait(pin!(pending::<io::Result<()>>())).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::Interrupted);
        assert_eq!(patience.silent.load(Ordering::Relaxed), 0);
    }
}
