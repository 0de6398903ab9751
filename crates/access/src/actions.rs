//! The core's actions as places in an array, as sets, and in words.

use rialto_domain::Action;

/// How many actions there are.
pub(crate) const ACTION_COUNT: usize = 5;

/// All of them, in the order of [`index`].
pub(crate) const ALL: [Action; ACTION_COUNT] =
    [Action::Publish, Action::Subscribe, Action::Control, Action::Direct, Action::History];

/// A set of actions in one byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Actions(u8);

impl Actions {
    pub(crate) fn all() -> Self {
        ALL.into_iter().collect()
    }

    pub(crate) fn contains(self, action: Action) -> bool {
        self.0 & bit(action) != 0
    }

    pub(crate) fn or(self, other: Actions) -> Self {
        Actions(self.0 | other.0)
    }

    pub(crate) fn without(self, other: Actions) -> Self {
        Actions(self.0 & !other.0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn iter(self) -> impl Iterator<Item = Action> {
        ALL.into_iter().filter(move |&action| self.contains(action))
    }
}

impl FromIterator<Action> for Actions {
    fn from_iter<I: IntoIterator<Item = Action>>(actions: I) -> Self {
        Actions(actions.into_iter().fold(0, |bits, action| bits | bit(action)))
    }
}

/// Returns the action's place in an array of [`ACTION_COUNT`].
pub(crate) fn index(action: Action) -> usize {
    match action {
        Action::Publish => 0,
        Action::Subscribe => 1,
        Action::Control => 2,
        Action::Direct => 3,
        Action::History => 4,
    }
}

/// Returns the name the action goes by in a token's rights.
pub(crate) fn name(action: Action) -> &'static str {
    match action {
        Action::Publish => "publish",
        Action::Subscribe => "subscribe",
        Action::Control => "control",
        Action::Direct => "p2p",
        Action::History => "history",
    }
}

/// Says the action in a sentence about one channel.
pub(crate) fn phrase(action: Action) -> &'static str {
    match action {
        Action::Publish => "publishing to this channel",
        Action::Subscribe => "subscribing to this channel",
        Action::Control => "asking this control channel",
        Action::Direct => "sending to this client",
        Action::History => "reading the history of this channel",
    }
}

fn bit(action: Action) -> u8 {
    1 << index(action)
}
