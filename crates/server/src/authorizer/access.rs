//! Who a client is, and whether its session may be opened: the server's own access first, slowed
//! where somebody guesses, then the application.
//!
//! What nobody can guess is judged at once: failures of others, behind the same address, are nothing
//! to whoever has it. Everything else takes its place in the count of failures before it is judged.

use std::{mem, sync::Arc};

use rialto_access::{Access, Attempt, Identity};
use rialto_application::{
    AuthenticateRequest, Authentication, ConnectRequest, Event, Protocol, SessionStart,
};
use rialto_domain::{Admission, Grant, Refusal, Reject};
use rialto_session::Verdict;
use tokio::time::sleep;

use super::{Authorizer, Caller, hashing::TooMany};
use crate::{
    audit::{self, Details, Reason, told},
    entrance::Origin,
};

/// Whose word a refusal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// The server's own.
    Access,
    Application,
}

/// Somebody whose session may be opened.
struct Entrant {
    identity: Arc<Identity>,
    /// What the application adds; its groups are the identity's already.
    start: SessionStart,
}

impl Authorizer {
    pub(super) async fn authenticate(
        &self,
        caller: &Caller,
        request: AuthenticateRequest,
    ) -> Result<Grant, Refusal> {
        let data = request.data.clone();
        let attempt = if self.is_trial(caller, &data) {
            let name = Access::claimed_name(&data).unwrap_or_default();
            Some(self.wait_for_turn(caller.origin(), &name, Some(&name)).await)
        } else {
            None
        };
        let (result, by) = match self.ask_who(request).await {
            Ok(Authentication::Default) => {
                (self.authenticate_here(caller, data.clone()).await, By::Access)
            }
            Ok(Authentication::Client { id, token }) => {
                let token = token.map_or_else(|| self.sign(id.as_str()), Ok);
                (token.map(|token| Grant { client: id, token }), By::Application)
            }
            Err(reject) => (Err(refusal(reject)), By::Application),
        };
        let has_failed = result.as_ref().is_err_and(|refusal| is_failure(&refusal.reject));
        self.judged(attempt.as_ref(), has_failed);
        result.inspect_err(|refusal| self.note_unauthenticated(caller, &data, refusal, by))
    }

    pub(super) async fn connect(
        &self,
        caller: &Caller,
        request: ConnectRequest,
    ) -> Result<Admission, Reject> {
        Ok(self.admission(self.let_in(caller, request).await?))
    }

    /// Says who it is whose session may be opened, and what the application adds to that.
    async fn let_in(&self, caller: &Caller, request: ConnectRequest) -> Result<Entrant, Reject> {
        let (client, token) = (request.client.clone(), request.token.clone());
        let (client, token) = (client.as_str(), token.as_str());
        let own = self.identify(caller, client, token);
        let is_trial = match &own {
            Ok(identity) => identity.is_guessable(),
            Err(reject) => is_failure(reject),
        };
        if !is_trial {
            return self.ask_whether(request, own).await.map_err(|(reject, by)| {
                self.note_no_session(caller, client, &reject, by);
                reject
            });
        }
        let attempt = self.wait_for_turn(caller.origin(), client, Some(client)).await;
        let own = match own {
            Err(Reject::InvalidToken) if self.may_be_password(caller, token) => {
                self.identify_by_password(caller, client, token).await
            }
            own => own,
        };
        let has_failed = own.as_ref().is_err_and(is_failure);
        let result = self.ask_whether(request, own).await;
        self.judged(Some(&attempt), has_failed && result.is_err());
        result.map_err(|(reject, by)| {
            self.note_no_session(caller, client, &reject, by);
            reject
        })
    }

    /// Says what a client may do that shows who it is with a request of HTTP.
    ///
    /// # Errors
    /// Why it is not let in, of which there is a trace.
    pub(crate) async fn admit(
        &self,
        caller: &Caller,
        client: &str,
        token: &str,
    ) -> Result<Admission, Reject> {
        let request = ConnectRequest {
            client: client.into(),
            token: token.to_owned(),
            verdict: Err(Reject::Undecided),
            peer: (*caller.peer).clone(),
        };
        let admission = self.connect(caller, request).await?;
        // It opens no session: nothing is begun for it.
        Ok(Admission { rights: admission.rights, ..Admission::default() })
    }

    /// Says who it is that signs in to the console as a client.
    ///
    /// # Errors
    /// Why it is not let in, of which there is a trace.
    pub(crate) async fn sign_in(
        &self,
        caller: &Caller,
        client: &str,
        secret: &str,
    ) -> Result<Arc<Identity>, Reject> {
        let request = ConnectRequest {
            client: client.into(),
            token: secret.to_owned(),
            verdict: Err(Reject::Undecided),
            peer: (*caller.peer).clone(),
        };
        Ok(self.let_in(caller, request).await?.identity)
    }

    /// Returns how a session is opened without a word of the client, if it is: for CoreMQ, where
    /// connections have one from the beginning.
    pub(crate) async fn welcome(&self, caller: &Caller, id: &str) -> Verdict {
        let shown = caller.certificate.as_ref();
        // The certificate says who it is; the id is only the session's.
        let certified =
            shown.and_then(|it| self.access.identify(it.client(), "", shown, self.now()).ok());
        let anybody = || self.access.anybody(id, self.now());
        let own = certified.or_else(anybody).ok_or(Reject::InvalidToken);
        let request = ConnectRequest {
            client: id.into(),
            token: String::new(),
            verdict: Err(Reject::Undecided),
            peer: (*caller.peer).clone(),
        };
        let entrant = self.ask_whether(request, own).await;
        entrant.map_or(Verdict::None, |entrant| Verdict::Admitted(Ok(self.admission(entrant))))
    }

    /// Counts a wrong key of the API that was shown, and waits until it may be answered.
    pub(crate) async fn slow_down_wrong_key(&self, origin: Origin<'_>) {
        // They are no client's: one name for each address.
        let name = format!("the API, from {}", origin.address.ip());
        let _ = self.wait_for_turn(origin, &name, None).await;
    }

    /// Says whether trying again and again could find what authenticates a client.
    fn is_trial(&self, caller: &Caller, data: &str) -> bool {
        let is_judged = Access::is_trial(data) || self.asked_about(Event::Authenticate).is_some();
        is_judged && !self.access.shows_proof(data, caller.certificate.as_ref(), self.now())
    }

    async fn ask_who(&self, request: AuthenticateRequest) -> Result<Authentication, Reject> {
        match self.asked_about(Event::Authenticate) {
            Some(slot) => slot.application.authenticate(request).await,
            None => Ok(Authentication::Default),
        }
    }

    async fn authenticate_here(&self, caller: &Caller, data: String) -> Result<Grant, Refusal> {
        let (access, certificate) = (self.access.clone(), caller.certificate.clone());
        let now = self.now();
        // Passwords are slow to check, which is what protects them.
        let is_slow = Access::has_password(&data);
        let judge = move || access.authenticate(&data, certificate.as_ref(), now);
        let result = if is_slow {
            self.apart(caller, judge).await.map_err(|TooMany| refusal(Reject::Undecided))?
        } else {
            judge()
        };
        result.map(|(grant, _)| grant)
    }

    /// Asks the application whether a session may be opened, and with what.
    async fn ask_whether(
        &self,
        request: ConnectRequest,
        own: Result<Arc<Identity>, Reject>,
    ) -> Result<Entrant, (Reject, By)> {
        let client = request.client.clone();
        let client = client.as_str();
        // Whoever was sent away stays away, whatever an application says of a token.
        if let Some(ban) = self.access.ban_of(client, self.now()) {
            return Err((Reject::Denied(ban.message().into()), By::Access));
        }
        let Some(slot) = self.asked_about(Event::Connect) else {
            let identity = own.map_err(|reject| (reject, By::Access))?;
            return Ok(Entrant { identity, start: SessionStart::default() });
        };
        let verdict = own.as_ref().map(|_| ()).map_err(Clone::clone);
        let request = ConnectRequest { verdict, ..request };
        let start = slot.application.connect(request).await;
        let mut start = start.map_err(|reject| (reject, By::Application))?;
        let groups = mem::take(&mut start.groups);
        let identity = match own {
            Ok(identity) if groups.is_empty() => identity,
            Ok(identity) => Arc::new(identity.in_groups(groups)),
            Err(_) => Arc::new(Identity::of_application(client, groups.into_iter().collect())),
        };
        Ok(Entrant { identity, start })
    }

    /// Puts together what a session begins with.
    fn admission(&self, Entrant { identity, start }: Entrant) -> Admission {
        let mut admission = self.access.admission(identity);
        admission.subscriptions.extend(start.subscriptions);
        admission.announcements = start.announcements.into_iter().map(Into::into).collect();
        admission
    }

    /// Says who a client is that shows a token or a certificate, or needs to show nothing.
    fn identify(
        &self,
        caller: &Caller,
        client: &str,
        token: &str,
    ) -> Result<Arc<Identity>, Reject> {
        let (access, now) = (&self.access, self.now());
        let needs_nothing = matches!(caller.protocol, Protocol::Pubsubx | Protocol::Http);
        let anybody = || access.anybody(client, now).filter(|_| needs_nothing);
        if token.is_empty()
            && let Some(anybody) = anybody()
        {
            return Ok(anybody);
        }
        let shown = access.identify(client, token, caller.certificate.as_ref(), now);
        // In open mode PubSubX takes what stands behind the name for nothing, unless there are users.
        let is_pubsubx = caller.protocol == Protocol::Pubsubx;
        let anybody = || anybody().filter(|_| is_pubsubx && !access.has_users());
        shown.or_else(|reject| anybody().ok_or(reject))
    }

    /// Says whether a token may be a password: in the dialects that have no other place for it.
    fn may_be_password(&self, caller: &Caller, token: &str) -> bool {
        let has_other_place = matches!(caller.protocol, Protocol::Jmqt | Protocol::JmqtWebsocket);
        !has_other_place && !token.is_empty() && self.access.has_users()
    }

    async fn identify_by_password(
        &self,
        caller: &Caller,
        client: &str,
        password: &str,
    ) -> Result<Arc<Identity>, Reject> {
        let (access, now) = (self.access.clone(), self.now());
        let (client, password) = (client.to_owned(), password.to_owned());
        let judge = move || access.identify_by_password(&client, &password, now);
        self.apart(caller, judge).await.unwrap_or(Err(Reject::Undecided))
    }

    fn sign(&self, client: &str) -> Result<String, Refusal> {
        self.access.sign(client, self.now()).map_err(|message| {
            let reject = Reject::Failed(message.as_str().into());
            Refusal { message, reject }
        })
    }

    /// Counts an attempt, and waits until it may be judged: guessing takes long, also when many guess
    /// at once. `name` is what it counts for besides the address, `client` who it says that it is.
    async fn wait_for_turn(&self, origin: Origin<'_>, name: &str, client: Option<&str>) -> Attempt {
        let address = origin.address.ip();
        let attempt = self.throttle.load().count(address, name, self.clock.now().uptime);
        if !attempt.delay.is_zero() {
            let reason = Reason::TooManyFailures;
            self.audit.refused(origin, (audit::Event::Guessing, reason), || {
                let details = Details::new(reason)
                    .rule("access.failed_attempts_max")
                    .detail(&format!("answered in {} ms", attempt.delay.as_millis()));
                client.iter().fold(details, |details, client| details.client(client))
            });
            sleep(attempt.delay).await;
        }
        attempt
    }

    fn note_unauthenticated(&self, caller: &Caller, data: &str, refusal: &Refusal, by: By) {
        let reason = match by {
            By::Application => told::by_application(&refusal.reject),
            By::Access => told::authentication_reason(&refusal.reject, data),
        };
        self.audit.refused(caller.origin(), (audit::Event::Authentication, reason), || {
            let details = Details::new(reason);
            let details = match by {
                By::Application => details,
                // The words of access quote nothing that was sent.
                By::Access => details.detail(&refusal.message),
            };
            let name = Access::claimed_name(data);
            name.iter().fold(details, |details, name| details.client(name))
        });
    }

    fn note_no_session(&self, caller: &Caller, client: &str, reject: &Reject, by: By) {
        let reason = match (by, reject) {
            (By::Application, _) => told::by_application(reject),
            // The server's own access denies nothing else.
            (By::Access, Reject::Denied(_)) => Reason::Banned,
            (By::Access, _) => told::of_reject(reject),
        };
        self.audit.refused(caller.origin(), (audit::Event::Session, reason), || {
            Details::new(reason).client(client)
        });
    }

    /// Takes back the count of an attempt that did not fail.
    fn judged(&self, attempt: Option<&Attempt>, has_failed: bool) {
        if let Some(attempt) = attempt.filter(|_| !has_failed) {
            self.throttle.load().give_back(attempt);
        }
    }

    /// Does what keeps a core busy for long on a thread of its own, when it is the caller's turn. Given
    /// up while it waits, it is not done at all.
    async fn apart<T, F>(&self, caller: &Caller, judge: F) -> Result<T, TooMany>
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let turn = self.hashing.turn(caller.address.ip()).await?;
        let judging = tokio::task::spawn_blocking(move || {
            let judged = judge();
            // Only now, even if nobody waits for the answer any more: the core was busy.
            drop(turn);
            judged
        });
        Ok(judging.await.expect("checking a password does not panic"))
    }

    fn now(&self) -> u64 {
        self.clock.now().unix_ms
    }
}

/// Says whether a refusal tells that what was shown is wrong.
fn is_failure(reject: &Reject) -> bool {
    matches!(reject, Reject::Failed(_) | Reject::WithStatus { .. } | Reject::InvalidToken)
}

fn refusal(reject: Reject) -> Refusal {
    Refusal { message: reject.to_string(), reject }
}
