//! The way of everything that is shown: through one queue, to one thread that prints it.
//!
//! The queue is bounded: where the terminal, or whoever reads the output, is slow, messages wait with the
//! broker, and heartbeats go on.

use std::thread;

use rialto_client::Message;
use tokio::sync::{mpsc, oneshot, watch};

use crate::exit::Failure;

use super::item::Item;
use super::look::{Look, Shown};
use super::seen::Seen;

/// Things that wait to be shown.
const QUEUE_MAX: usize = 256;
/// Bytes that are printed at once, unless a single thing has more.
const BATCH_BYTES: usize = 64 << 10;

/// Where text is printed to.
pub(super) trait Output: Send + 'static {
    /// Prints whole lines, in their order; returns whether anybody reads.
    fn print(&mut self, shown: &Shown) -> Result<bool, Failure>;

    /// Prints what is left, before the end.
    fn finish(&mut self) -> Result<(), Failure> {
        Ok(())
    }
}

/// The beginning of the queue. Cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Feed {
    items: mpsc::Sender<Item>,
    /// How many messages were shown.
    shown_count: watch::Receiver<u64>,
}

/// The thread that prints.
pub(super) struct Printing {
    thread: thread::JoinHandle<Result<(), Failure>>,
}

impl Feed {
    /// Starts the thread that prints.
    pub(super) fn start(look: Look, output: impl Output, seen: Seen) -> (Self, Printing) {
        let (sender, items) = mpsc::channel(QUEUE_MAX);
        let (count, shown_count) = watch::channel(0);
        let mut printer = Printer { items, look, output, count, seen };
        let thread = thread::spawn(move || printer.run());
        (Feed { items: sender, shown_count }, Printing { thread })
    }

    /// Shows something, after everything before it. Does nothing if nobody reads any more.
    pub(super) async fn show(&self, item: Item) {
        let _ = self.items.send(item).await;
    }

    pub(super) async fn notice(&self, text: impl Into<String>) {
        self.show(Item::Notice(text.into())).await;
    }

    /// Waits until everything is shown.
    pub(super) async fn flush(&self) {
        let (sender, shown) = oneshot::channel();
        self.show(Item::Flush(sender)).await;
        let _ = shown.await;
    }

    /// Returns whether nobody reads any more.
    pub(super) fn is_closed(&self) -> bool {
        self.items.is_closed()
    }

    /// Waits until so many messages were shown in all.
    pub(super) async fn wait_for(&self, count: u64) {
        let mut shown_count = self.shown_count.clone();
        if shown_count.wait_for(|it| count <= *it).await.is_err() {
            // Nobody reads any more; whoever waits will be told by what comes next.
            std::future::pending::<()>().await;
        }
    }
}

impl Printing {
    /// Waits until everything is printed, once the last [`Feed`] is dropped.
    pub(super) fn join(self) -> Result<(), Failure> {
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

struct Printer<O> {
    items: mpsc::Receiver<Item>,
    look: Look,
    output: O,
    count: watch::Sender<u64>,
    seen: Seen,
}

impl<O: Output> Printer<O> {
    fn run(&mut self) -> Result<(), Failure> {
        while let Some(first) = self.items.blocking_recv() {
            let mut batch = Batch::default();
            self.add(first, &mut batch);
            while batch.shown.bytes() < BATCH_BYTES
                && let Ok(next) = self.items.try_recv()
            {
                self.add(next, &mut batch);
            }
            if !self.output.print(&batch.shown)? {
                return Ok(());
            }
            let message_count = batch.messages.len() as u64 + batch.push_count;
            batch.messages.iter_mut().for_each(Message::ack);
            self.count.send_modify(|count| *count += message_count);
            for flush in batch.flushes {
                let _ = flush.send(());
            }
        }
        self.output.finish()
    }

    fn add(&self, item: Item, batch: &mut Batch) {
        self.look.render(&item, &mut batch.shown);
        match item {
            Item::Message(message) => {
                self.seen.channel(&message.channel);
                self.seen.client(&message.publisher);
                batch.messages.push(*message);
            }
            Item::Push(push) => {
                self.seen.channel(&push.channel);
                self.seen.client(&push.publisher);
                batch.push_count += 1;
            }
            Item::Flush(flush) => batch.flushes.push(flush),
            Item::Reply(_) | Item::Notice(_) | Item::Problem { .. } => {}
        }
    }
}

/// What is printed at once.
#[derive(Default)]
struct Batch {
    shown: Shown,
    messages: Vec<Message>,
    push_count: u64,
    flushes: Vec<oneshot::Sender<()>>,
}
