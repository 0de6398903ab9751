use std::future;

use tokio::{select, sync::mpsc, sync::oneshot};

use super::*;

#[tokio::test]
async fn a_task_that_panics_begins_anew() {
    let (begun, mut runs) = mpsc::channel(1);
    let mut count = 0;
    let task = keep("test", Duration::ZERO, move || {
        count += 1;
        let (run, begun) = (count, begun.clone());
        async move {
            begun.send(run).await.unwrap();
            assert!(run > 2, "the first two runs panic");
            future::pending().await
        }
    });
    let third = async { while runs.recv().await.unwrap() < 3 {} };
    select! {
        () = task => unreachable!("it goes on for ever"),
        () = third => {}
    }
}

#[tokio::test]
async fn an_aborted_task_takes_what_it_runs_with_it() {
    let (held, gone) = oneshot::channel::<()>();
    let (begun, mut begins) = mpsc::channel(1);
    let mut held = Some(held);
    let task = spawn("test", move || {
        let (held, begun) = (held.take(), begun.clone());
        async move {
            begun.send(()).await.unwrap();
            future::pending::<()>().await;
            drop(held);
        }
    });
    begins.recv().await.unwrap();
    task.abort();
    assert!(gone.await.is_err(), "nobody holds the other end any more");
}
