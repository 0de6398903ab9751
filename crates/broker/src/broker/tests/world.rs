//! Plays scripts: commands of clients, the passing of time, and a store that can be held up.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    fmt::Write as _,
    sync::Arc,
    time::Duration,
};

use expect_test::Expect;

use super::{
    ledger::{Ledger, admission},
    store::TestStore,
    text::TextEncoder,
};
use rialto_domain::{
    Change, ClientId, CloseReason, Commit, FailureKind, Load, LogEntry, MessageId, Qos, Reject,
    Snapshot, Trim,
};

use crate::{
    Answer, Broker, Command, CommandOutcome, Connect, ConnectionKey, ConnectionProfile, Effect,
    Format, Held, Issuer, LoadRequest, Now, ObserverPosition, Publish, ReadRequest, Relayed,
    Remembered, Replicant, SessionEnded, Settings, Stats,
};

/// The run that every world's server is.
pub(super) const ORIGIN: u64 = 1;

/// What observers are sent.
pub(super) const OBSERVER_FORMAT: Format = Format(1);

/// How often the server calls `on_tick`.
const TICK: Duration = Duration::from_millis(100);

/// More completions than any script needs.
const COMPLETED_MAX: usize = 100_000;

/// A broker, its store and its clients.
///
/// # Script
/// Each line is a round, its commands separated by ` | `:
///
/// - `ada: connect` opens a connection and on it the session of `ada`; `ada/2: …` is another
///   connection of the same client. `ada: open [format=1] [window=3]` only opens it.
/// - `may=pub:room,sub:*` with `connect` or `listen` gives the session rights, `give=news,vault!`
///   subscriptions, `!` persistent ones; `ada: readmit …` gives others to one that is open.
///   `server: renew ada pub:room` renews rights, `renew ada` takes the session; `server: asked` tells
///   what rights were asked.
/// - `ada: sub room [persistent]`, `unsub room`, `ack 1-2`, `hear`, `disconnect`,
///   `pub room 1 [qos1] [retain] [id=7]`.
/// - `numbered` with `connect` or `open` has the dialect number what this connection is sent; `ack #2` acknowledges by
///   that number.
/// - `pings` with `connect` or `open` makes it a connection that answers pings, by `hear`.
/// - `resume=60` with any of these gives a lost client so many seconds to come back, `pause=1` keeps
///   back what it missed; `leave` says goodbye.
/// - `cleo: listen [format=1]` opens a connection of the plain profile with a transient session; `echo`
///   gives it back what it publishes, `tell room 1 [for=zoe]` publishes and `want room` subscribes
///   without an answer.
/// - `n2: observe [from=7] [run=2]` makes a connection an observer in format 1, of the server `n2`,
///   that observed this or another run of the server; `more` has it sent more of what it missed,
///   `histories` and `past` more of the history.
/// - `server: relay room 1 by zoe from n3 [id=5] [clock=9] [through=n3]`, `past room`.
/// - `server: forget ada`, `unretain room`.
/// - `server: sub ada room [persistent]`, `unsub ada room`, `push room 1 [qos1] [retain]`,
///   `close ada`, `remove ada`, `close all`, `write all`; with `ticket=7` a push is tracked.
/// - `+5s`, `+300ms`: time passes, with a tick every 100 ms.
/// - `clock: forward 1h`, `clock: back 2s`: the wall clock steps, and nothing else.
/// - `store: hold` keeps commits and reads waiting; `commit`, `refuse`, `read`, `fail` carry out or
///   fail the oldest one, the first two also within a round; `refuse for good`, `refuse corrupt` and
///   `fail for good` give the kind of the failure; `look` reads and `answer` brings what was read;
///   `damage room 3` damages a message's page; `go` holds no longer; `show` writes changes and reads
///   into the transcript.
/// - `crash`: the process dies and starts again from what the store holds.
pub(super) struct World {
    pub(super) broker: Broker<TextEncoder>,
    pub(super) store: TestStore,
    settings: Settings,
    ledger: Arc<Ledger>,
    now: Now,
    connections: BTreeMap<String, ConnectionKey>,
    names: BTreeMap<ConnectionKey, String>,
    /// Those whose profile is not the usual.
    plain: BTreeSet<ConnectionKey>,
    closed: Vec<ConnectionKey>,
    commits: VecDeque<Commit>,
    reads: VecDeque<ReadRequest>,
    load: Load,
    loads: VecDeque<LoadRequest>,
    answer: Option<(ReadRequest, Vec<LogEntry>)>,
    sends_of_last_round: usize,
    completed: usize,
    is_held: bool,
    is_shown: bool,
    transcript: String,
}

/// The ticket of claims, whose answer is awaited at once.
const CLAIM: u64 = u64::MAX;

/// Plays `script` on a new broker with default settings and compares all that happened.
#[track_caller]
pub(super) fn check(script: &str, expected: Expect) {
    check_with(Settings::default(), script, expected);
}

/// Plays `script` on a new broker and compares all that happened.
#[track_caller]
pub(super) fn check_with(settings: Settings, script: &str, expected: Expect) {
    let heads = transcript(Load::Heads, settings.clone(), script);
    let whole = transcript(Load::All, settings, script);
    expected.assert_eq(&whole);
    assert_eq!(heads, whole, "with the heads of what is stored all is as with the whole");
}

/// Plays `script` on a new broker that has all in memory, and compares all that happened: where one that
/// has to ask the store does it in other steps.
#[track_caller]
pub(super) fn check_whole(settings: Settings, script: &str, expected: Expect) {
    expected.assert_eq(&transcript(Load::All, settings, script));
}

/// Plays `script` on a new broker that has in memory what `load` says, and returns all that happened.
pub(super) fn transcript(load: Load, settings: Settings, script: &str) -> String {
    let mut world = World::starting_from(load, settings);
    world.play(script);
    world.take_transcript()
}

/// Plays `script` on a new broker and returns what it holds then.
#[track_caller]
pub(super) fn held_after(settings: &Settings, script: &str) -> Held {
    let mut world = World::new(settings.clone());
    world.play(script);
    world.broker.held()
}

impl World {
    pub(super) fn new(settings: Settings) -> Self {
        Self::starting_from(Load::All, settings)
    }

    /// Starts a broker that has in memory what `load` says.
    pub(super) fn starting_from(load: Load, settings: Settings) -> Self {
        let snapshot = Snapshot { load, ..Snapshot::default() };
        let broker = Broker::new(TextEncoder, settings.clone(), snapshot, Now::default());
        let mut store = TestStore::default();
        store.commit(&[Change::NoteClock(broker.first_clock())]);
        World {
            broker,
            store,
            settings,
            ledger: Arc::default(),
            now: Now::default(),
            connections: BTreeMap::new(),
            names: BTreeMap::new(),
            plain: BTreeSet::new(),
            closed: Vec::new(),
            commits: VecDeque::new(),
            reads: VecDeque::new(),
            load,
            loads: VecDeque::new(),
            answer: None,
            sends_of_last_round: 0,
            completed: 0,
            is_held: false,
            is_shown: false,
            transcript: String::new(),
        }
    }

    /// Changes the settings while all goes on.
    pub(super) fn reconfigure(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        self.round(|world| world.broker.reconfigure(world.settings.clone()));
    }

    pub(super) fn take_transcript(&mut self) -> String {
        std::mem::take(&mut self.transcript)
    }

    /// Returns a connection by its name in scripts.
    pub(super) fn connection(&self, name: &str) -> ConnectionKey {
        self.connections[name]
    }

    /// Returns the batches that the store was given and has not answered.
    pub(super) fn waiting_commits(&self) -> impl Iterator<Item = &Commit> {
        self.commits.iter()
    }

    /// Returns how many batches the store was given and has not answered.
    pub(super) fn commits_waiting(&self) -> usize {
        self.commits.len()
    }

    /// Says whether the store was asked to read and has not answered.
    pub(super) fn has_reads(&self) -> bool {
        !self.reads.is_empty()
    }

    /// Returns how many effects the last script line's sends were.
    pub(super) fn sends_of_last_round(&self) -> usize {
        self.sends_of_last_round
    }

    #[track_caller]
    pub(super) fn play(&mut self, script: &str) {
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            match line.split_once(": ") {
                _ if line == "crash" => self.crash(),
                None => self.pass(duration(line.strip_prefix('+').unwrap_or_else(|| bad(line)))),
                Some(("store", order)) => self.obey(order),
                Some(("clock", step)) => self.step_clock(step),
                Some(_) => self.round(|world| {
                    for command in line.split(" | ") {
                        world.command(command);
                    }
                }),
            }
        }
    }

    fn step_clock(&mut self, step: &str) {
        let (way, by) = step.split_once(' ').unwrap_or_else(|| bad(step));
        let by = duration(by).as_millis() as u64;
        match way {
            "forward" => self.now.unix_ms += by,
            "back" => {
                self.now.unix_ms = self.now.unix_ms.checked_sub(by).expect("it is after 1970")
            }
            _ => bad(step),
        }
    }

    /// Lets the broker do something and carries out what it asks for.
    pub(super) fn round(&mut self, act: impl FnOnce(&mut Self)) {
        self.sends_of_last_round = 0;
        self.broker.begin_round(self.now);
        act(self);
        self.perform();
        while !self.is_held && self.complete_one() {}
        while let Some(connection) = self.closed.pop() {
            self.connections.retain(|_, key| *key != connection);
            self.broker.disconnect(connection);
            self.perform();
            while !self.is_held && self.complete_one() {}
        }
        expect_balance(&self.broker.stats());
    }

    fn perform(&mut self) {
        for effect in self.broker.take_effects() {
            match effect {
                Effect::Send { .. } | Effect::Answer { .. } => {
                    let (connection, frames, (count, deliveries), droppable) = match effect {
                        Effect::Send { connection, frames, count, droppable } => {
                            (connection, frames, (count, count), droppable)
                        }
                        Effect::Answer { connection, frames, count, deliveries } => {
                            (connection, frames, (count, deliveries), false)
                        }
                        _ => unreachable!("it is one of the two"),
                    };
                    self.sends_of_last_round += 1;
                    // Whoever there is reads at once.
                    self.broker.note_queued(deliveries);
                    self.broker.deliveries().count_written(u64::from(deliveries));
                    let frames = std::str::from_utf8(&frames).unwrap();
                    assert_eq!(frames.lines().count(), count as usize, "frames are counted");
                    let name = &self.names[&connection];
                    for line in frames.lines() {
                        let is_plain = line.contains("push") && !line.contains(" id ");
                        let is_plain = is_plain && !line.ends_with(" retained");
                        if !self.plain.contains(&connection) {
                            assert_eq!(droppable, is_plain, "only QoS 0 is droppable: {line}");
                        }
                        writeln!(self.transcript, "{name} < {line}").unwrap();
                    }
                }
                Effect::Close { connection, reason } => {
                    writeln!(self.transcript, "{} x {reason}", self.names[&connection]).unwrap();
                    self.closed.push(connection);
                }
                Effect::Commit(commit) => {
                    if self.is_shown {
                        commit.changes.iter().for_each(|change| self.show(change));
                    }
                    self.commits.push_back(commit);
                }
                Effect::Read(request) => {
                    if self.is_shown {
                        let (from, through) = (request.from, request.through);
                        writeln!(self.transcript, "store < read {from} to {through}").unwrap();
                    }
                    self.reads.push_back(request);
                }
                Effect::Load(request) => self.loads.push_back(request),
                Effect::Resolved { ticket: CLAIM, .. } => {}
                Effect::Resolved { ticket, result } => {
                    let result = result.map_or_else(|it| format!(": {it:?}"), |()| String::new());
                    writeln!(self.transcript, "pushed {ticket}{result}").unwrap();
                }
                Effect::Opened { .. } | Effect::Subscribed { .. } => {}
                Effect::SessionEnded(departed) => self.show_departed(&departed),
                Effect::Claim(_) | Effect::ReadLog(_) | Effect::Bus(_) | Effect::Refresh { .. } => {
                    unreachable!("the store is not shared")
                }
            }
        }
    }

    fn show_departed(&mut self, departed: &SessionEnded) {
        let SessionEnded { client, connection, reason, at, session } = departed;
        let connection = connection.map_or("nowhere", |connection| &self.names[&connection]);
        let line = format!("{client} departed from {connection} at {at}, session {session}");
        writeln!(self.transcript, "{line}: {reason}").unwrap();
    }

    /// Has the store do the oldest thing it was asked for.
    fn complete_one(&mut self) -> bool {
        self.completed += 1;
        assert!(self.completed < COMPLETED_MAX, "the broker asks the store without end");
        self.broker.begin_round(self.now);
        if !self.commits.is_empty() {
            self.complete_commit(Ok(()));
        } else if let Some(request) = self.loads.pop_front() {
            self.store.look_up(&request).give_to(&mut self.broker);
        } else if let Some(request) = self.reads.pop_front() {
            let pages = self.store.read(&request);
            self.broker.on_read(&request, Ok(&pages));
        } else {
            return false;
        }
        self.perform();
        true
    }

    fn complete_commit(&mut self, how: Result<(), FailureKind>) {
        let commit = self.commits.pop_front().expect("a commit is waiting");
        let outcomes = how.map(|()| self.store.commit_once(&commit));
        self.broker.on_committed(outcomes.as_deref().map_err(|kind| *kind));
    }

    fn obey(&mut self, order: &str) {
        match order {
            "hold" => self.is_held = true,
            "go" => {
                self.is_held = false;
                self.round(|_| {});
            }
            "show" => self.is_shown = true,
            _ if let Some(how) = answer(order) => self.round(|world| world.complete_commit(how)),
            "read" => {
                let request = self.reads.pop_front().expect("a read is waiting");
                let pages = self.store.read(&request);
                self.round(|world| world.broker.on_read(&request, Ok(&pages)));
            }
            "fail" | "fail for good" => {
                let request = self.reads.pop_front().expect("a read is waiting");
                let is_final = order == "fail for good";
                let kind = if is_final { FailureKind::Corrupt } else { FailureKind::Transient };
                self.round(|world| world.broker.on_read(&request, Err(kind)));
            }
            "look" => {
                let request = self.reads.pop_front().expect("a read is waiting");
                self.answer = Some((request, self.store.read(&request)));
            }
            "answer" => {
                let (request, pages) = self.answer.take().expect("something was read");
                self.round(|world| world.broker.on_read(&request, Ok(&pages)));
            }
            _ => match order.split(' ').collect::<Vec<_>>()[..] {
                ["damage", channel, sequence] => {
                    let sequence = sequence.parse().unwrap_or_else(|_| bad(order));
                    assert!(!self.store.damage(&channel.into(), sequence).is_empty());
                }
                _ => bad(order),
            },
        }
    }

    fn pass(&mut self, time: Duration) {
        let end = self.now.uptime + time;
        while self.now.uptime < end {
            self.now.uptime += TICK;
            self.now.unix_ms += TICK.as_millis() as u64;
            self.round(|world| world.broker.on_tick());
        }
    }

    fn crash(&mut self) {
        self.connections.clear();
        self.commits.clear();
        self.reads.clear();
        self.loads.clear();
        // Each run names its messages in its own name.
        self.settings.replication.origin += 1;
        let snapshot = self.store.load(self.load);
        self.broker = Broker::new(TextEncoder, self.settings.clone(), snapshot, self.now);
        self.store.commit(&[Change::NoteClock(self.broker.first_clock())]);
    }

    pub(super) fn command(&mut self, command: &str) {
        let (who, what) = command.split_once(": ").unwrap_or_else(|| bad(command));
        let words: Vec<&str> = what.split(' ').collect();
        match who {
            "server" => return self.server_command(&words),
            "store" => return self.complete_commit(answer(what).unwrap_or_else(|| bad(what))),
            _ => {}
        }
        if let [how @ ("open" | "connect" | "listen"), options @ ..] = &words[..] {
            self.open(who, how, options);
        }
        let connection = self.connections[who];
        let broker = &mut self.broker;
        match words[..] {
            ["open", ..] => {}
            ["connect" | "listen" | "readmit", ref options @ ..] => {
                self.admit(who, words[0], options);
            }
            ["leave"] => broker.close(connection, CloseReason::Asked),
            ["echo"] => broker.set_echo(connection, true),
            ["widen"] => broker.widen(connection),
            ["observe", ref options @ ..] => {
                self.plain.insert(connection);
                let origin = option(options, "run=").unwrap_or(ORIGIN);
                let resume = option(options, "from=").map(|last| ObserverPosition { origin, last });
                let who_asks = Replicant { name: who, is_listed: !options.contains(&"unlisted") };
                let observed = broker.observe(connection, &who_asks, OBSERVER_FORMAT, resume);
                writeln!(self.transcript, "{who} : observes from {}", observed.last).unwrap();
            }
            ["more"] => {
                let is_more = broker.observe_more(connection);
                writeln!(self.transcript, "{who} : more {is_more}").unwrap();
            }
            ["histories"] => broker.observe_histories(connection),
            ["read"] => broker.deliver_due(connection),
            ["past"] => {
                let is_more = broker.history_more(connection, |channel, source, payload, out| {
                    let payload = String::from_utf8_lossy(payload);
                    let line = format!("past {channel} {payload} by {}\n", source.publisher);
                    out.extend_from_slice(line.as_bytes());
                });
                writeln!(self.transcript, "{who} : more {is_more}").unwrap();
            }
            ["sub" | "unsub" | "want" | "pub" | "tell", ..] => {
                self.client_command(who, connection, &words);
            }
            ["ack", number] if number.starts_with('#') => {
                broker.acknowledge_addressed(connection, number);
            }
            ["ack", id] => broker.acknowledge(connection, id),
            ["hear"] => broker.heard(connection),
            ["disconnect"] => {
                broker.disconnect(connection);
                self.connections.remove(who);
            }
            _ => bad(command),
        }
    }

    /// Gives a command of a client's; what is not answered by the broker is told as the session would be.
    fn client_command(&mut self, who: &str, connection: ConnectionKey, words: &[&str]) {
        let broker = &mut self.broker;
        let issuer = Issuer::Client(connection);
        let told = match *words {
            ["sub" | "unsub", ..] => {
                _ = broker.command(issuer, &subscription(words), Answer::To(None));
                return;
            }
            ["want", channel] => {
                let want = Command::Subscribe { channel, persistent: false };
                broker.command(issuer, &want, Answer::None)
            }
            ["pub", channel, payload, ref options @ ..] => {
                let message = message(channel, payload, options);
                let answer = Answer::To(options.iter().find_map(|it| it.strip_prefix("id=")));
                _ = broker.command(issuer, &Command::Publish(&message), answer);
                return;
            }
            ["tell", channel, payload, ref options @ ..] => {
                let message = message(channel, payload, &[]);
                let on_behalf_of: Option<String> = option(options, "for=");
                let gateway = on_behalf_of.as_deref().map(|it| Issuer::Gateway(connection, it));
                let issuer = gateway.unwrap_or(issuer);
                broker.command(issuer, &Command::Publish(&message), Answer::None)
            }
            _ => bad(&words.join(" ")),
        };
        if let Err(reject) = told {
            writeln!(self.transcript, "{who} : {reject:?}").unwrap();
        }
    }

    /// Has what is stored about a client in memory, as whoever is about to need it does.
    pub(super) fn claim(&mut self, client: &str) {
        self.claim_by(client, |broker| broker.claim(client, CLAIM));
    }

    fn claim_by(&mut self, client: &str, claim: impl Fn(&mut Broker<TextEncoder>) -> bool) {
        if !claim(&mut self.broker) {
            let request = LoadRequest::Client(client.into());
            self.store.look_up(&request).give_to(&mut self.broker);
        }
    }

    /// Opens a session on a connection that is there, or changes what it may do.
    fn admit(&mut self, who: &str, how: &str, options: &[&str]) {
        let (connection, client) = (self.connections[who], client_of(who));
        let admission = admission(client.as_str(), options, &self.ledger);
        let remembered = match how {
            "connect" => Remembered::Stored,
            _ => Remembered::Session,
        };
        self.claim_by(client.as_str(), |broker| {
            broker.claim_session(client.as_str(), remembered, CLAIM)
        });
        match how {
            "connect" => {
                let connect = Connect::stored(&client, &admission);
                self.broker.connect(connection, &connect).expect("it was claimed");
            }
            "readmit" => self.broker.readmit(connection, &admission),
            _ => {
                let connect = Connect::transient(&client, &admission);
                let entry = self.broker.connect(connection, &connect).expect("it was claimed");
                if options.iter().any(|option| option.starts_with("resume=")) {
                    writeln!(self.transcript, "{who} : {entry:?}").unwrap();
                }
            }
        }
    }

    fn open(&mut self, who: &str, how: &str, options: &[&str]) {
        if self.connections.contains_key(who) {
            return;
        }
        let format = Format(option(options, "format=").unwrap_or(0));
        let window = option(options, "window=").unwrap_or(u32::MAX);
        let profile = if how == "listen" {
            ConnectionProfile::plain(format)
        } else {
            ConnectionProfile::new(format)
        };
        let seconds = |name| Duration::from_secs(option(options, name).unwrap_or(0));
        let (resume_for, resume_pause) = (seconds("resume="), seconds("pause="));
        let answers_pings = options.contains(&"pings");
        let is_addressed = options.contains(&"numbered");
        let profile = ConnectionProfile {
            unacknowledged_max: window,
            resume_for,
            resume_pause,
            answers_pings,
            is_addressed,
            ..profile
        };
        let connection = self.broker.open(profile);
        self.connections.insert(who.to_owned(), connection);
        self.names.insert(connection, who.to_owned());
        if how == "listen" {
            self.plain.insert(connection);
        }
    }

    fn relay(&mut self, words: &[&str]) {
        let ["relay", channel, payload, "by", publisher, "from", server, options @ ..] = words
        else {
            bad(&words.join(" "))
        };
        let through: Option<String> = option(options, "through=");
        let through = through.map(|name| self.connections[&name]);
        let id = option(options, "id=").map(|sequence| MessageId { origin: 7, sequence });
        let payload = payload.as_bytes();
        let (at, logical) = (self.now.unix_ms, option(options, "clock="));
        let relayed = Relayed { channel, payload, publisher, server, at, id, logical };
        self.broker.relay(&relayed, through);
    }

    fn write_history(&mut self, channel: &str) {
        self.broker.settle();
        let payloads = self.broker.history(channel).map(|(_, payload)| payload.to_vec());
        let payloads: Vec<_> = payloads.map(|text| String::from_utf8(text).unwrap()).collect();
        writeln!(self.transcript, "past of {channel}: {}", payloads.join(" ")).unwrap();
    }

    fn server_command(&mut self, words: &[&str]) {
        match *words {
            ["relay", ..] => return self.relay(words),
            ["past", channel] => return self.write_history(channel),
            ["memory", "short"] => return self.broker.set_short_of_memory(true),
            ["memory", "enough"] => return self.broker.set_short_of_memory(false),
            ["evict", bytes] => {
                let bytes = bytes.parse().unwrap();
                let is_enough = bytes <= self.broker.evict_histories(bytes);
                return writeln!(self.transcript, "evicted: enough {is_enough}").unwrap();
            }
            ["asked"] => {
                return writeln!(self.transcript, "asked: {}", self.ledger.take_asked()).unwrap();
            }
            ["renew", who, ref rules @ ..] => {
                let connected = self.connections.get(who);
                let client = connected.and_then(|&connection| self.broker.client_of(connection));
                // One that is lost goes by its own name.
                let client = client.map_or(who, |client| client.as_str()).to_owned();
                self.ledger.set_renewed(&client, rules.first().copied());
                let key = self.broker.client_keys[client.as_str()];
                assert!(self.broker.sessions().contains(&key), "{client} has a session");
                return self.broker.renew_rights(key);
            }
            ["push" | "sub" | "unsub", .., last] if last.starts_with("ticket=") => {
                return self.follow(words);
            }
            _ => {}
        }
        if let ["sub" | "unsub" | "forget", client, ..] = *words {
            self.claim(client);
        }
        let broker = &mut self.broker;
        let result = match *words {
            ["push" | "sub" | "unsub", ..] => {
                ask_for_server(broker, words, Answer::None).map(|_| ())
            }
            ["close", "all"] => {
                broker.close_all(CloseReason::ShuttingDown);
                Ok(())
            }
            ["write", "all"] => {
                broker.write_all();
                Ok(())
            }
            ["remove", client] => {
                assert!(broker.close_client(client, CloseReason::Removed), "{client} is online");
                Ok(())
            }
            ["withdraw", client] => {
                broker.close_client(client, CloseReason::Withdrawn);
                Ok(())
            }
            [what @ ("forget" | "unretain"), name] => remove(broker, what, name),
            ["close", who] => {
                broker.close(self.connections[who], CloseReason::Internal);
                Ok(())
            }
            _ => bad(&words.join(" ")),
        };
        if let Err(reject) = result {
            writeln!(self.transcript, "server: {reject:?}").unwrap();
        }
    }

    /// Gives a command of the server's with a ticket, which is the last word.
    fn follow(&mut self, words: &[&str]) {
        let ticket = option(words, "ticket=").unwrap_or_else(|| bad(&words.join(" ")));
        let (_, words) = words.split_last().unwrap_or_else(|| bad(""));
        let result = ask_for_server(&mut self.broker, words, Answer::Ticket(ticket));
        let line = match result {
            Ok(outcome) => format!("{ticket} is all: {}", outcome == CommandOutcome::Done),
            Err(reject) => format!("{ticket}: {reject:?}"),
        };
        writeln!(self.transcript, "server: {line}").unwrap();
    }

    fn show(&mut self, change: &Change) {
        let line = match change {
            Change::Append(page) => {
                let payloads: Vec<_> = page.payloads.iter().map(String::from_utf8_lossy).collect();
                format!("append {} {} by {}", page.channel, payloads.join(" "), page.publisher)
            }
            Change::AppendDirect(client, page) => format!("append for {client} {}", page.count),
            Change::Retain(channel, retained) => {
                format!("retain {channel} {}", String::from_utf8_lossy(&retained.payload))
            }
            Change::PutClient(client, seen) => format!("put {client} seen {}", seen.at),
            Change::ForgetClient(client) => format!("forget {client}"),
            Change::Subscribe(client, channel) => format!("subscribe {client} {channel}"),
            Change::Unsubscribe(client, channel) => format!("unsubscribe {client} {channel}"),
            Change::MoveCursor(client, channel, floor) => {
                format!("move {client} {channel} {floor}")
            }
            Change::Acknowledge(client, channel, stretches) => {
                format!("acknowledge {client} {channel} {stretches:?}")
            }
            Change::SetAside(channel, log, last) => {
                format!("set aside {channel} {}-{last}", log.0)
            }
            Change::DropLog(channel) => format!("drop log of {channel}"),
            Change::Trim(channel, trim) => {
                let mut words = vec![format!("trim {channel}")];
                let Trim { through, count_max, bytes_max, served_min, .. } = *trim;
                words.extend((through > 0).then(|| through.to_string()));
                words.extend((count_max < u64::MAX).then(|| format!("to {count_max} messages")));
                words.extend((bytes_max < u64::MAX).then(|| format!("to {bytes_max} bytes")));
                words.extend((served_min > 0).then(|| format!("of before {served_min}")));
                words.join(" ")
            }
            Change::KeepHistory { channel, messages, count_max } => {
                let payloads = messages.iter().map(|one| String::from_utf8_lossy(&one.payload));
                let payloads: Vec<_> = payloads.collect();
                format!("keep {count_max} of {channel} {}", payloads.join(" "))
            }
            Change::DropHistory(channel) => format!("drop history of {channel}"),
            Change::DropRetained(channel) => format!("drop retained of {channel}"),
            Change::OpenSession(client, number) => format!("open {client}, session {number}"),
            Change::CloseSession(client) => format!("close {client}"),
            // It comes with the time, whatever the script is about.
            Change::NoteClock(_) => return,
            Change::AppendIfRead(_) | Change::Release(_) => unreachable!("the store is not shared"),
        };
        writeln!(self.transcript, "store < {line}").unwrap();
    }
}

/// Returns the store's answer to a commit.
/// Has the broker forget a client or remove a retained message, which must be there.
fn remove(
    broker: &mut Broker<TextEncoder>,
    what: &str,
    name: &str,
) -> Result<(), rialto_domain::Reject> {
    let is_there = match what {
        "forget" => broker.forget_client(name),
        _ => broker.remove_retained(name),
    };
    assert!(is_there, "nothing to {what}: {name}");
    Ok(())
}

fn answer(order: &str) -> Option<Result<(), FailureKind>> {
    match order {
        "commit" => Some(Ok(())),
        "refuse" => Some(Err(FailureKind::Transient)),
        "refuse for good" => Some(Err(FailureKind::Permanent)),
        "refuse corrupt" => Some(Err(FailureKind::Corrupt)),
        _ => None,
    }
}

/// Returns the client that a connection's name in a script stands for.
fn client_of(connection: &str) -> ClientId {
    connection.split('/').next().unwrap_or(connection).into()
}

fn message<'a>(channel: &'a str, payload: &'a str, options: &[&'a str]) -> Publish<'a> {
    let is_acknowledged = options.contains(&"qos1");
    Publish {
        channel,
        payload: payload.as_bytes(),
        qos: if is_acknowledged { Qos::AtLeastOnce } else { Qos::AtMostOnce },
        retain: options.contains(&"retain"),
    }
}

/// Gives a command of the server's own, or on behalf of a client.
fn ask_for_server(
    broker: &mut Broker<TextEncoder>,
    words: &[&str],
    answer: Answer<'_>,
) -> Result<CommandOutcome, Reject> {
    match *words {
        ["push", channel, payload, ref options @ ..] => {
            let message = message(channel, payload, options);
            broker.command(Issuer::Server, &Command::Publish(&message), answer)
        }
        [what, client, ref rest @ ..] => {
            let (client, words) = (client.into(), [&[what], rest].concat());
            broker.command(Issuer::ServerFor(&client), &subscription(&words), answer)
        }
        _ => bad(&words.join(" ")),
    }
}

fn subscription<'a>(words: &[&'a str]) -> Command<'a> {
    match *words {
        ["sub", channel] => Command::Subscribe { channel, persistent: false },
        ["sub", channel, "persistent"] => Command::Subscribe { channel, persistent: true },
        ["unsub", channel] => Command::Unsubscribe { channel },
        _ => bad(&words.join(" ")),
    }
}

fn option<T: std::str::FromStr>(options: &[&str], name: &str) -> Option<T> {
    options.iter().find_map(|option| option.strip_prefix(name)?.parse().ok())
}

fn duration(text: &str) -> Duration {
    let number = |digits: &str| digits.parse().unwrap_or_else(|_| bad(text));
    match (text.strip_suffix("ms"), text.strip_suffix('s'), text.strip_suffix('h')) {
        (Some(ms), ..) => Duration::from_millis(number(ms)),
        (_, Some(s), _) => Duration::from_secs(number(s)),
        (.., Some(h)) => Duration::from_secs(3600 * number(h)),
        _ => bad(text),
    }
}

fn bad<T>(line: &str) -> T {
    panic!("no such line in a script: {line}")
}

/// What came in and what became of it come out even.
#[track_caller]
pub(super) fn expect_balance(stats: &Stats) {
    for (sum, one, other) in stats.balance() {
        assert_eq!(one, other, "{sum}: {stats:#?}");
    }
}
