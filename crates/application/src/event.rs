//! The eight events, and sets of them.

/// One of the eight events of the JMQT guide.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Event {
    /// A client sends credentials.
    Authenticate = 1,
    /// A client opens a session.
    Connect = 2,
    /// A client subscribes.
    Subscribe = 4,
    /// A client unsubscribes.
    Unsubscribe = 8,
    /// A client publishes.
    Publish = 16,
    /// A client asks a control channel.
    Control = 32,
    /// A client said goodbye.
    Disconnect = 64,
    /// A session's connection ended.
    Close = 128,
}

/// A set of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Events(u8);

impl Event {
    /// All of them, in the guide's order.
    pub const ALL: [Event; 8] = [
        Event::Authenticate,
        Event::Connect,
        Event::Subscribe,
        Event::Unsubscribe,
        Event::Publish,
        Event::Control,
        Event::Disconnect,
        Event::Close,
    ];

    /// Returns its name as configuration and webhooks spell it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Event::Authenticate => "auth",
            Event::Connect => "connect",
            Event::Subscribe => "subscribe",
            Event::Unsubscribe => "unsubscribe",
            Event::Publish => "publish",
            Event::Control => "control",
            Event::Disconnect => "disconnect",
            Event::Close => "close",
        }
    }
}

impl Events {
    /// No event.
    pub const NONE: Events = Events(0);
    /// All events.
    pub const ALL: Events = Events(u8::MAX);

    /// Adds an event.
    #[must_use]
    pub const fn with(self, event: Event) -> Self {
        Events(self.0 | event as u8)
    }

    /// Takes an event out.
    #[must_use]
    pub const fn without(self, event: Event) -> Self {
        Events(self.0 & !(event as u8))
    }

    /// Says whether an event is in the set.
    #[must_use]
    pub const fn has(self, event: Event) -> bool {
        self.0 & event as u8 != 0
    }
}

impl FromIterator<Event> for Events {
    fn from_iter<I: IntoIterator<Item = Event>>(events: I) -> Self {
        events.into_iter().fold(Events::NONE, Events::with)
    }
}
