//! Notifications that wait: in order for each client, several clients at a time.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, VecDeque},
    sync::Arc,
};

use crate::post::Message;

/// Counts notifications in the order in which they came.
pub(crate) type Number = u64;

/// A notification and the client whose order it keeps.
#[derive(Debug, Clone)]
pub(crate) struct Notification {
    pub(crate) client: Arc<str>,
    pub(crate) message: Arc<Message>,
}

/// A bounded queue with a lane for each client, of which one notification at a time is out.
#[derive(Debug)]
pub(crate) struct Queue {
    waiting: BTreeMap<Number, Notification>,
    /// Those that were taken and not yet finished; they count for no limit.
    out: BTreeMap<Number, Notification>,
    lanes: HashMap<Arc<str>, Lane>,
    /// The heads of the lanes that have nothing out.
    ready: BTreeSet<Number>,
    next: Number,
    count_max: usize,
}

#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<Number>,
    has_one_out: bool,
}

impl Queue {
    pub(crate) fn new(count_max: usize) -> Self {
        Queue {
            waiting: BTreeMap::new(),
            out: BTreeMap::new(),
            lanes: HashMap::new(),
            ready: BTreeSet::new(),
            next: 0,
            count_max,
        }
    }

    /// Appends a notification. Says whether the oldest had to go for it.
    pub(crate) fn push(&mut self, notification: Notification) -> bool {
        let is_full = self.count_max <= self.waiting.len();
        if is_full {
            self.drop_oldest();
        }
        let number = self.next;
        self.next += 1;
        let client = Arc::clone(&notification.client);
        self.waiting.insert(number, notification);
        self.lanes.entry(Arc::clone(&client)).or_default().waiting.push_back(number);
        self.refresh(&client);
        is_full
    }

    /// Takes the oldest notification that does not have to wait for another of its client.
    pub(crate) fn take(&mut self) -> Option<(Number, Notification)> {
        let number = self.ready.pop_first()?;
        let notification = self.waiting.remove(&number).expect("what is ready waits");
        let lane = self.lanes.get_mut(&notification.client).expect("what waits has a lane");
        lane.waiting.pop_front();
        lane.has_one_out = true;
        self.out.insert(number, notification.clone());
        Some((number, notification))
    }

    /// Ends what was taken, so that the next of its client can be.
    pub(crate) fn finish(&mut self, number: Number) {
        let Some(notification) = self.out.remove(&number) else { return };
        let lane = self.lanes.get_mut(&notification.client).expect("what is out has a lane");
        lane.has_one_out = false;
        self.refresh(&notification.client);
    }

    /// Says whether there is something to take.
    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Takes all that is not finished, oldest first.
    pub(crate) fn drain(&mut self) -> Vec<Notification> {
        self.lanes.clear();
        self.ready.clear();
        let mut all = std::mem::take(&mut self.out);
        all.append(&mut self.waiting);
        all.into_values().collect()
    }

    /// Drops the oldest that waits, which is the head of its lane.
    fn drop_oldest(&mut self) {
        let Some((number, notification)) = self.waiting.pop_first() else { return };
        self.ready.remove(&number);
        if let Some(lane) = self.lanes.get_mut(&notification.client) {
            lane.waiting.pop_front();
        }
        self.refresh(&notification.client);
    }

    /// Makes the head of a client's lane ready if it can be, and forgets a lane without any.
    fn refresh(&mut self, client: &str) {
        let Some(lane) = self.lanes.get(client) else { return };
        match lane.waiting.front() {
            _ if lane.has_one_out => {}
            Some(head) => {
                self.ready.insert(*head);
            }
            None => {
                self.lanes.remove(client);
            }
        }
    }
}

#[cfg(test)]
mod tests;
