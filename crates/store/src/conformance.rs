//! One suite for every driver: the duties of [`Store`] and [`StoreReader`], each as a check.
//!
//! A driver's tests implement [`Driver`] and call [`check_all`], which panics at the first duty
//! that is neglected.

use rialto_domain::{
    Change, ChannelName, ClientId, CursorState, HistoryMessage, Load, LogEntry, LogId, LogState,
    Outcome, Page, PayloadsBuilder, Seen, Sequence, Snapshot, StoredPage,
};

use crate::{Store, StoreError, StoreReader};

mod clients;
mod clock;
mod cursors;
mod history;
mod lifetime;
mod logs;
mod reading;
mod retained;
mod sessions;

/// Makes the stores that are checked.
pub trait Driver {
    /// Makes a store with nothing in it.
    fn create(&mut self) -> Box<dyn Store>;

    /// Drops `store` as a dying process would and opens what it stored again; `None` when the
    /// driver is one that forgets.
    fn reopen(&mut self, store: Box<dyn Store>) -> Option<Box<dyn Store>>;
}

/// Checks every duty that the traits state, each on a store of its own.
///
/// # Panics
/// When a duty is neglected.
pub fn check_all(driver: &mut dyn Driver) {
    logs::a_failed_batch_leaves_nothing_behind(driver);
    logs::changes_build_upon_each_other(driver);
    logs::sequences_have_no_gaps(driver);
    logs::trimming_drops_whole_pages_and_nothing_else(driver);
    logs::trimming_never_reaches_pages_to_come(driver);

    cursors::subscribing_starts_behind_the_last_message(driver);
    cursors::subscribing_twice_is_subscribing_once(driver);
    cursors::moving_without_a_cursor_makes_nothing(driver);
    cursors::what_is_acknowledged_is_added_up(driver);
    cursors::acknowledgements_outlive_the_store(driver);
    cursors::a_log_goes_with_its_last_cursor(driver);
    cursors::forgetting_a_client_forgets_its_cursors_only(driver);
    cursors::a_log_nobody_ever_read_stays_until_its_channel_is_unsubscribed(driver);
    cursors::the_id_of_a_log_is_never_used_again(driver);
    cursors::all_but_append_may_be_repeated(driver);

    clients::heads_are_the_whole_without_clients(driver);
    clients::a_client_is_read_as_it_is_loaded(driver);
    clients::clients_are_listed_by_id(driver);
    clients::the_slowest_cursor_is_told(driver);
    clients::direct_messages_are_stored_for_clients_that_are_known(driver);

    history::a_history_is_ordered_by_the_logical_clock_and_then_by_id(driver);
    history::the_oldest_beyond_the_count_are_dropped(driver);
    history::a_message_that_is_there_stays_as_it_is(driver);
    history::a_dropped_history_is_forgotten(driver);
    history::each_channel_has_its_own_history(driver);
    history::histories_and_all_else_leave_each_other_alone(driver);
    history::messages_of_a_history_are_kept_to_the_byte(driver);
    history::histories_outlive_the_store(driver);
    history::histories_change_with_their_batch_or_not_at_all(driver);

    sessions::a_session_is_open_until_it_is_closed(driver);
    sessions::sessions_and_all_else_leave_each_other_alone(driver);
    sessions::clients_of_sessions_are_kept_to_the_byte(driver);
    sessions::sessions_outlive_the_store(driver);
    sessions::sessions_change_with_their_batch_or_not_at_all(driver);

    clock::the_clocks_are_as_they_were_noted_last(driver);
    clock::the_clocks_and_all_else_leave_each_other_alone(driver);
    clock::the_clocks_outlive_the_store(driver);

    retained::a_retained_message_stays_until_it_is_replaced_or_dropped(driver);
    retained::retained_messages_and_all_else_leave_each_other_alone(driver);
    retained::dropped_retained_messages_do_not_come_back(driver);

    reading::reading_starts_at_the_page_that_holds_the_message(driver);
    reading::reading_stops_once_the_bytes_pass_the_limit(driver);
    reading::a_log_that_is_gone_has_no_pages(driver);
    reading::a_page_that_is_set_aside_is_seen_no_more(driver);
    reading::a_reader_beside_a_writer_sees_every_message_in_order(driver);

    lifetime::loading_gives_back_what_was_committed(driver);
    lifetime::names_and_payloads_are_kept_to_the_byte(driver);
    lifetime::what_was_committed_outlives_the_store(driver);
}

/// A store under examination; every operation on it must succeed unless said otherwise.
struct Subject {
    store: Box<dyn Store>,
    reader: Box<dyn StoreReader>,
}

impl Subject {
    fn create(driver: &mut dyn Driver) -> Self {
        Subject::new(driver.create())
    }

    fn new(store: Box<dyn Store>) -> Self {
        let reader = store.reader().expect("a reader opens");
        Subject { store, reader }
    }

    /// Returns the store opened again, unless the driver forgets.
    fn reopen(self, driver: &mut dyn Driver) -> Option<Self> {
        drop(self.reader);
        driver.reopen(self.store).map(Subject::new)
    }

    #[track_caller]
    fn commit(&mut self, changes: &[Change]) -> Vec<Outcome> {
        let outcomes = self.store.commit(changes).expect("the batch is committed");
        assert_eq!(outcomes.len(), changes.len(), "there is one outcome a change");
        outcomes
    }

    #[track_caller]
    fn refuse(&mut self, changes: &[Change]) -> StoreError {
        self.store.commit(changes).expect_err("the batch is refused")
    }

    /// Appends one page and returns where it went.
    #[track_caller]
    fn append(&mut self, channel: &str, count: u32) -> (LogId, Sequence) {
        match self.commit(&[append(channel, count)])[..] {
            [Outcome::Appended { log, first }] => (log, first),
            ref other => panic!("an append has the outcome {other:?}"),
        }
    }

    /// Subscribes and returns the log and where the cursor stands.
    #[track_caller]
    fn subscribe(&mut self, client: &str, channel: &str) -> (LogId, Sequence) {
        match self.commit(&[subscribe(client, channel)])[..] {
            [Outcome::Subscribed { log, floor }] => (log, floor),
            ref other => panic!("a subscription has the outcome {other:?}"),
        }
    }

    #[track_caller]
    fn load(&mut self) -> Snapshot {
        self.store.load(Load::All).expect("what was committed is loaded")
    }

    /// Returns a channel's log as loaded; none when it is gone.
    #[track_caller]
    fn log(&mut self, channel: &str) -> Option<LogState> {
        self.load().logs.into_iter().find(|log| log.channel == ChannelName::from(channel))
    }

    /// Returns a channel's history as loaded; empty when there is none.
    #[track_caller]
    fn history(&mut self, channel: &str) -> Vec<HistoryMessage> {
        let mut histories = self.load().history.into_iter();
        let history = histories.find(|(name, _)| *name == ChannelName::from(channel));
        history.map_or_else(Vec::new, |(_, messages)| messages)
    }

    /// Returns where a cursor stands, as loaded.
    #[track_caller]
    fn cursor(&mut self, client: &str, channel: &str) -> CursorState {
        let (client, channel) = (ClientId::from(client), ChannelName::from(channel));
        let mut cursors = self.load().cursors.into_iter();
        let cursor = cursors.find(|(one, there, _)| (one, there) == (&client, &channel));
        cursor.expect("the cursor is there").2
    }

    #[track_caller]
    fn read(&mut self, log: LogId, from: Sequence, bytes_max: usize) -> Vec<StoredPage> {
        let entries = self.reader.read(log, from, bytes_max).expect("the log is read");
        entries.into_iter().map(sound).collect()
    }

    /// Returns the first and last sequence of each page of `log`.
    #[track_caller]
    fn spans(&mut self, log: LogId) -> Vec<(Sequence, Sequence)> {
        let pages = self.read(log, 1, usize::MAX);
        pages.iter().map(|page| (page.first, page.first + u64::from(page.count) - 1)).collect()
    }
}

/// Returns the page that an entry of a log is.
fn sound(entry: LogEntry) -> StoredPage {
    match entry {
        LogEntry::Page(page) => page,
        LogEntry::Damaged(last) => panic!("the page that ends with {last} is damaged"),
    }
}

/// Returns a page of `count` small messages, or none.
fn page(channel: &str, count: u32) -> Page {
    let mut payloads = PayloadsBuilder::default();
    for number in 0..count {
        payloads.push(format!("{{\"number\":{number}}}").as_bytes());
    }
    Page {
        channel: channel.into(),
        publisher: "publisher".into(),
        at: 1_700_000_000_000,
        served: 77,
        count,
        payloads: payloads.finish(),
    }
}

fn append(channel: &str, count: u32) -> Change {
    Change::Append(page(channel, count))
}

fn subscribe(client: &str, channel: &str) -> Change {
    Change::Subscribe(client.into(), channel.into())
}

fn unsubscribe(client: &str, channel: &str) -> Change {
    Change::Unsubscribe(client.into(), channel.into())
}

fn forget(client: &str) -> Change {
    Change::ForgetClient(client.into())
}

fn move_cursor(client: &str, channel: &str, floor: Sequence) -> Change {
    Change::MoveCursor(client.into(), channel.into(), floor)
}

fn acknowledge(client: &str, channel: &str, stretches: &[(Sequence, Sequence)]) -> Change {
    Change::Acknowledge(client.into(), channel.into(), stretches.to_vec())
}

fn trim(channel: &str, through: Sequence) -> Change {
    Change::Trim(channel.into(), through)
}

fn put_client(client: &str, seen: u64) -> Change {
    Change::PutClient(ClientId::from(client), self::seen(seen))
}

/// Returns a moment whose parts differ, and neither follows from the other.
fn seen(number: u64) -> Seen {
    Seen { at: number ^ 5, served: number }
}
