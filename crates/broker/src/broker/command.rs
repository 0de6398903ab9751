//! The one way in for commands, and how those that await the store are followed.

use rialto_domain::Reject;

use crate::{ClientKey, ConnectionKey, Encoder};

use super::{
    Broker,
    batch::Pending,
    message::{Answer, Command, CommandOutcome, Issuer},
};

impl<E: Encoder> Broker<E> {
    /// Carries out a command; says how far it has come.
    ///
    /// With [`Answer::To`] the connection that gave it is answered: at once, or once the store has
    /// committed it. A publish of QoS 1 is answered when it is on its way to the receivers. A
    /// subscribe is followed by the channel's retained message; an existing subscription keeps its
    /// persistence and gets the retained message again. To unsubscribe where there is no
    /// subscription succeeds. Control channels are answered only to [`Issuer::Client`] and
    /// [`Answer::To`].
    ///
    /// # Errors
    /// Why it is refused, if that is known at once; the asker has been told as far as it is to be.
    /// [`Reject::NotAllowed`] on a connection without a session, which is not told; to the server,
    /// [`Reject::ClientOffline`] when the client is not connected and the subscription would not be
    /// persistent, or ends one of a client that is not known. A persistent subscription makes it known;
    /// the client must have been [claimed](Self::claim).
    ///
    /// # Cost
    /// A publish of QoS 0: one look-up and one copy of the payload for each format in use, whatever
    /// the number of receivers; those are paid once a run.
    #[inline]
    pub fn command(
        &mut self,
        issuer: Issuer<'_>,
        command: &Command<'_>,
        answer: Answer<'_>,
    ) -> Result<CommandOutcome, Reject> {
        match *command {
            Command::Publish(publish) => self.publish(issuer, publish, answer),
            Command::Subscribe { channel, persistent } => {
                self.subscribe(issuer, channel, persistent, answer)
            }
            Command::Unsubscribe { channel } => self.unsubscribe(issuer, channel, answer),
        }
    }

    /// Has [`Effect::Resolved`](crate::Effect::Resolved) say with this ticket when all changes of the
    /// round are stored, or that they are not.
    pub fn resolve_when_stored(&mut self, ticket: u64) {
        self.settle();
        self.batch.push_behind(Pending::Barrier(ticket));
    }

    /// Returns the client whose subscriptions a command is about, and the connection it came on,
    /// unless it is the server's.
    pub(super) fn subscriber(
        &self,
        issuer: Issuer<'_>,
    ) -> Result<(ClientKey, Option<ConnectionKey>), Reject> {
        match issuer {
            Issuer::Client(connection) | Issuer::Gateway(connection, _) => {
                let client = self.session(connection).ok_or(Reject::NotAllowed)?;
                Ok((client, Some(connection)))
            }
            Issuer::ServerFor(client) => {
                let client = self.client_keys.get(client).ok_or(Reject::ClientOffline)?;
                Ok((*client, None))
            }
            Issuer::Server => Err(Reject::NotAllowed),
        }
    }

    /// Lets the holder of a ticket wait for a subscription change that was just handed in.
    pub(super) fn follow(&mut self, outcome: CommandOutcome, answer: Answer<'_>) -> CommandOutcome {
        if let (CommandOutcome::AwaitsCommit, Answer::Ticket(ticket)) = (outcome, answer) {
            self.batch.push_behind(Pending::Barrier(ticket));
        }
        outcome
    }
}
