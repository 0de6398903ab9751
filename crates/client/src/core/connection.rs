//! The beginning and the end of one connection.

use std::time::Instant;

use rialto_wire::jmqt::ClientPacket;

use crate::credentials::{Credentials, Identity};
use crate::error::{ConnectError, Disconnected};
use crate::message::RequestOptions;
use crate::reason::Reason;

use super::requests::Asker;
use super::{Core, Greeting};

impl<T> Core<T> {
    /// Begins on a new connection, as `credentials` say; these are values.
    pub(crate) fn on_open(&mut self, credentials: &Credentials) {
        self.out.clear_bytes();
        self.greeting = Greeting::Open;
        self.broken = None;
        self.presented = None;
        match credentials {
            Credentials::Auth(data) => self.out.send(&ClientPacket::Auth(data.get())),
            Credentials::Token(identity) => self.present(identity.clone()),
            // Its owner has asked the provider.
            Credentials::Provider(_) => {}
        }
    }

    /// Returns what the broker thinks of the client on the present connection.
    pub(crate) fn greeting(&self) -> &Greeting {
        &self.greeting
    }

    /// Takes why the present connection must end, if it must.
    pub(crate) fn take_broken(&mut self) -> Option<Disconnected> {
        self.broken.take()
    }

    /// Takes the failure of an attempt.
    pub(crate) fn on_failed(&mut self, now: Instant, error: ConnectError) {
        self.out.clear_bytes();
        self.link.on_failed(now, error, &mut self.out);
    }

    /// Takes the end of the connection.
    pub(crate) fn on_lost(&mut self, now: Instant, loss: Disconnected) {
        self.out.clear_bytes();
        self.quiet.clear();
        // What ends with the client is told why by its end.
        if self.link.heartbeat().is_some() && !self.link.is_end(&loss) {
            self.outbox.on_lost(loss.reason() == Reason::TooLarge, &mut self.out);
            self.requests.on_lost(&mut self.out);
            self.channels.on_lost(&mut self.out);
        }
        self.out.room();
        self.link.on_lost(now, loss, &mut self.out);
    }

    /// Notes a sign of life from the broker, or that nobody listened for one.
    pub(crate) fn on_heard(&mut self, now: Instant) {
        if let Some(heartbeat) = self.link.heartbeat_mut() {
            heartbeat.heard(now);
        }
    }

    pub(super) fn ask_for_subscriptions(&mut self, now: Instant) {
        let (number, frame) = self.encode_question("$mySubscriptions", "{}");
        self.out.send_frame(&frame);
        let deadline = now + RequestOptions::default().timeout;
        self.requests.ask(number, frame, (deadline, false), Asker::Client);
    }

    pub(super) fn present(&mut self, identity: Identity) {
        let (token, client) = ((&identity.token).into(), (&identity.client).into());
        self.out.send(&ClientPacket::Conn { token, client });
        self.presented = Some(identity);
    }
}
