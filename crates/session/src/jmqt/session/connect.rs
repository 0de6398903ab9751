//! How a JMQT session is opened: tokens for credentials, and sessions for tokens.

use rialto_broker::{Broker, Connect, Encoder, SessionOpened};
use rialto_domain::{Cause, ClientId, Reject};
use rialto_wire::jmqt::status;

use super::Session;
use crate::{
    Journal, Verdict,
    jmqt::{
        carrier,
        reply::{Answer, code, put_session_opened},
    },
    journal,
};

impl Session {
    pub(super) fn authenticate(&self, broker: &mut Broker<impl Encoder>, verdict: &Verdict) {
        match verdict.authenticated() {
            Ok(grant) => {
                let (at, cl) = (Some(&*grant.token), Some(grant.client.as_str()));
                self.answer(broker, &Answer::Auth { st: status::OK, at, cl, mg: None });
            }
            Err(refusal) => {
                broker.stats_mut().rejected += 1;
                let (st, mg) = (code(&refusal.reject), Some(&*refusal.message));
                self.answer(broker, &Answer::Auth { st, at: None, cl: None, mg });
            }
        }
    }

    pub(super) fn connect(
        &self,
        id: &str,
        broker: &mut Broker<impl Encoder>,
        verdict: &Verdict,
        journal: &dyn Journal,
    ) {
        match broker.client_of(self.connection) {
            Some(present) if present.as_str() != id => {
                journal::session(id, Cause::Rejected, journal);
                return self.refuse_connect(broker, &Reject::NotAllowed);
            }
            // The sessions of other dialects have ids that nobody can ask for.
            _ if broker.is_transient(id) => {
                journal::session(id, Cause::NameTaken, journal);
                return self.refuse_connect(broker, &Reject::NotAllowed);
            }
            _ if id.is_empty() => return self.refuse_connect(broker, &Reject::InvalidPacket),
            _ => {}
        }
        let admission = match verdict.admission() {
            Ok(admission) => admission,
            Err(reject) => return self.refuse_connect(broker, reject),
        };
        if broker.client_of(self.connection).is_some() {
            // J-38: asking again changes nothing.
            let session =
                SessionOpened { silence_max: broker.settings().heartbeat_timeout, resumed: false };
            broker.send(self.connection, |format, out| {
                put_session_opened(carrier(format), session, out);
            });
        } else {
            let client = ClientId::from(id);
            let connect = Connect::stored(&client, admission);
            if let Err(reject) = broker.connect(self.connection, &connect) {
                self.refuse_connect(broker, &reject);
            }
        }
    }

    fn refuse_connect(&self, broker: &mut Broker<impl Encoder>, reject: &Reject) {
        broker.stats_mut().rejected += 1;
        self.answer(broker, &Answer::conn_refused(reject));
    }
}
