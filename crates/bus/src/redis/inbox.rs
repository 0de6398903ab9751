//! What Redis pushes, on its way to whoever takes it: the library hands it over without waiting, so its bytes are bounded here.

use std::{
    collections::HashSet,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};

use bytes::Bytes;
use redis::{PushInfo, PushKind, Value, aio::SendError};
use tokio::sync::mpsc;

use crate::{BusError, Subject};

/// Memory that a message takes besides its bytes, about.
const OVERHEAD_BYTES: usize = 200;

/// Where pushes are put.
#[derive(Clone)]
pub(super) struct Inbox {
    arrived: mpsc::UnboundedSender<Arrived>,
    waiting: Arc<Waiting>,
}

/// Where they are taken.
pub(super) struct Receiving {
    arrived: mpsc::UnboundedReceiver<Arrived>,
    waiting: Arc<Waiting>,
}

struct Waiting {
    bytes: AtomicUsize,
    bytes_max: usize,
    is_overrun: AtomicBool,
    /// What is subscribed: an end of it that nobody asked for means that a slot has moved.
    expected: Mutex<HashSet<Subject>>,
}

enum Arrived {
    Message(Subject, Bytes),
    Lost,
}

pub(super) fn open(bytes_max: usize) -> (Inbox, Receiving) {
    let (sender, receiver) = mpsc::unbounded_channel();
    let waiting = Arc::new(Waiting {
        bytes: AtomicUsize::new(0),
        bytes_max,
        is_overrun: AtomicBool::new(false),
        expected: Mutex::default(),
    });
    let inbox = Inbox { arrived: sender, waiting: waiting.clone() };
    (inbox, Receiving { arrived: receiver, waiting })
}

impl Inbox {
    pub(super) fn expect(&self, subjects: &[Subject]) {
        self.waiting.expected().extend(subjects.iter().cloned());
    }

    pub(super) fn expect_no_more(&self, subjects: &[Subject]) {
        let mut expected = self.waiting.expected();
        subjects.iter().for_each(|subject| _ = expected.remove(subject));
    }

    /// Takes a push.
    pub(super) fn take(&self, push: PushInfo) -> Result<(), SendError> {
        let arrived = match push.kind {
            PushKind::Message | PushKind::SMessage => match message(push.data) {
                Some((subject, bytes)) if self.has_room(&bytes) => Arrived::Message(subject, bytes),
                Some(_) => Arrived::Lost,
                None => return Ok(()),
            },
            PushKind::Disconnection => Arrived::Lost,
            PushKind::SUnsubscribe | PushKind::Unsubscribe if self.is_expected(&push.data) => {
                Arrived::Lost
            }
            _ => return Ok(()),
        };
        self.arrived.send(arrived).map_err(|_| SendError)
    }

    fn has_room(&self, bytes: &Bytes) -> bool {
        let cost = bytes.len() + OVERHEAD_BYTES;
        let before = self.waiting.bytes.fetch_add(cost, Ordering::Relaxed);
        let has_room = before + cost <= self.waiting.bytes_max;
        if !has_room {
            self.waiting.is_overrun.store(true, Ordering::Relaxed);
        }
        has_room
    }

    fn is_expected(&self, data: &[Value]) -> bool {
        let subject = data.first().and_then(text);
        subject.is_some_and(|subject| self.waiting.expected().contains(&Subject::from(subject)))
    }
}

impl Receiving {
    /// Waits for the next message.
    pub(super) async fn next(&mut self) -> Result<(Subject, Bytes), BusError> {
        match self.arrived.recv().await {
            Some(Arrived::Message(subject, bytes)) => {
                self.waiting.bytes.fetch_sub(bytes.len() + OVERHEAD_BYTES, Ordering::Relaxed);
                Ok((subject, bytes))
            }
            Some(Arrived::Lost) if self.waiting.is_overrun.load(Ordering::Relaxed) => {
                Err(BusError::Overrun)
            }
            Some(Arrived::Lost) | None => Err(BusError::Closed),
        }
    }
}

impl Waiting {
    fn expected(&self) -> MutexGuard<'_, HashSet<Subject>> {
        self.expected.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns subject and bytes of a message.
fn message(data: Vec<Value>) -> Option<(Subject, Bytes)> {
    let mut data = data.into_iter();
    let (subject, bytes) = (data.next()?, data.next()?);
    let Value::BulkString(bytes) = bytes else { return None };
    Some((Subject::from(text(&subject)?), Bytes::from(bytes)))
}

fn text(value: &Value) -> Option<&str> {
    match value {
        Value::BulkString(bytes) => std::str::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use redis::{PushInfo, PushKind, Value};

    use super::open;
    use crate::{BusError, Subject};

    fn push(kind: PushKind, data: &[&str]) -> PushInfo {
        let value = |text: &&str| Value::BulkString(text.as_bytes().to_vec());
        PushInfo { kind, data: data.iter().map(value).collect() }
    }

    #[tokio::test]
    async fn what_is_not_taken_in_time_is_a_gap() {
        let (inbox, mut receiving) = open(500);
        for _ in 0..3 {
            inbox.take(push(PushKind::Message, &["s", "text"])).unwrap();
        }
        for _ in 0..2 {
            let (subject, bytes) = receiving.next().await.unwrap();
            assert_eq!((subject.as_str(), &bytes[..]), ("s", &b"text"[..]));
        }
        assert!(matches!(receiving.next().await, Err(BusError::Overrun)));
    }

    #[tokio::test]
    async fn a_subscription_that_ends_by_itself_is_a_gap() {
        let (inbox, mut receiving) = open(500);
        inbox.expect(&[Subject::from("a"), Subject::from("b")]);
        inbox.expect_no_more(&[Subject::from("a")]);
        inbox.take(push(PushKind::SUnsubscribe, &["a"])).unwrap();
        inbox.take(push(PushKind::SMessage, &["b", "1"])).unwrap();
        inbox.take(push(PushKind::SUnsubscribe, &["b"])).unwrap();
        assert!(receiving.next().await.is_ok());
        assert!(matches!(receiving.next().await, Err(BusError::Closed)));
    }
}
