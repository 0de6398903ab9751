//! Who a client is, and whether its session may be opened: the server's own access first, slowed
//! where somebody guesses, then the application.

use std::{net::IpAddr, sync::Arc};

use rialto_access::{Access, Identity};
use rialto_application::{
    AuthenticateRequest, Authentication, ConnectRequest, Event, Peer, Protocol, SessionStart,
};
use rialto_broker::{Admission, Grant, Refusal, Reject};
use tokio::time::sleep;

use super::{Carried, Doorkeeper};

impl Doorkeeper {
    pub(super) async fn authenticate(&self, peer: &Peer, data: String) -> Result<Grant, Refusal> {
        let name = Access::claimed_name(&data).unwrap_or_default();
        self.slow_down(peer, &name).await;
        let result = match self.ask_who(peer, &data).await {
            Ok(Authentication::Default) => self.authenticate_here(peer, data).await,
            Ok(Authentication::Client { id, token }) => {
                let token = token.map_or_else(|| self.sign(id.as_str()), Ok);
                token.map(|token| Grant { client: id, token })
            }
            Err(reject) => Err(Refusal { message: reject.to_string(), reject }),
        };
        if let Err(Refusal { reject: Reject::Failed(_) | Reject::InvalidToken, .. }) = &result {
            self.throttle.load().note_failure(peer.address.ip(), &name, self.clock.now().unix_ms);
        }
        result
    }

    pub(super) async fn connect(
        &self,
        peer: &Peer,
        client: &str,
        token: String,
    ) -> Result<Admission, Reject> {
        self.slow_down(peer, client).await;
        let own = self.identify(peer, client, &token).await;
        let has_failed = matches!(own, Err(Reject::InvalidToken | Reject::Failed(_)));
        let result = self.ask_whether(peer, client, token, own).await;
        if has_failed && result.is_err() {
            self.throttle.load().note_failure(peer.address.ip(), client, self.clock.now().unix_ms);
        }
        result
    }

    /// Returns how a session is opened without a word of the client, if it is: for CoreMQ, where
    /// connections have one from the beginning.
    pub(crate) async fn welcome(&self, peer: &Peer, id: &str) -> Option<Admission> {
        let anybody = match &peer.certificate {
            // The certificate says who it is; the id is only the session's.
            Some(name) => self.access.identify(name, "", Some(name), self.now()).ok(),
            None => None,
        };
        let own = anybody.or_else(|| self.access.anybody(id)).ok_or(Reject::InvalidToken);
        self.ask_whether(peer, id, String::new(), own).await.ok()
    }

    /// Lets a program at an address that showed wrong keys of the API wait.
    pub(crate) async fn slow_down_address(&self, address: IpAddr) {
        let delay = self.throttle.load().delay(address, &of_the_api(address), self.now());
        if !delay.is_zero() {
            sleep(delay).await;
        }
    }

    /// Notes that a wrong key of the API was shown from an address.
    pub(crate) fn note_failure_of(&self, address: IpAddr) {
        self.throttle.load().note_failure(address, &of_the_api(address), self.now());
    }

    async fn ask_who(&self, peer: &Peer, data: &str) -> Result<Authentication, Reject> {
        match self.asked_about(Event::Authenticate) {
            Some(carried) => {
                let request = AuthenticateRequest { data: data.to_owned(), peer: peer.clone() };
                carried.application.authenticate(request).await
            }
            None => Ok(Authentication::Default),
        }
    }

    async fn authenticate_here(&self, peer: &Peer, data: String) -> Result<Grant, Refusal> {
        let (access, certificate, now) =
            (self.access.clone(), peer.certificate.clone(), self.now());
        // Passwords are slow to check, which is what protects them.
        let is_slow = Access::has_password(&data);
        let judge = move || access.authenticate(&data, certificate.as_deref(), now);
        let result = if is_slow { self.apart(judge).await } else { judge() };
        result.map(|(grant, _)| grant)
    }

    /// Asks the application whether a session may be opened, and puts together what it begins with.
    async fn ask_whether(
        &self,
        peer: &Peer,
        client: &str,
        token: String,
        own: Result<Arc<Identity>, Reject>,
    ) -> Result<Admission, Reject> {
        // Whoever was sent away stays away, whatever an application says of a token.
        if let Some(ban) = self.access.ban_of(client, self.now()) {
            return Err(Reject::Denied(ban.message().into()));
        }
        let Some(carried) = self.asked_about(Event::Connect) else {
            return own.map(|identity| self.access.admission(identity));
        };
        let request = ConnectRequest {
            client: client.into(),
            token,
            verdict: own.as_ref().map(|_| ()).map_err(Clone::clone),
            peer: peer.clone(),
        };
        let SessionStart { groups, subscriptions } = carried.application.connect(request).await?;
        let identity = match own {
            Ok(identity) if groups.is_empty() => identity,
            Ok(identity) => Arc::new(identity.in_groups(groups)),
            Err(_) => Arc::new(Identity::of_application(client, groups.into_iter().collect())),
        };
        let mut admission = self.access.admission(identity);
        admission.subscriptions.extend(subscriptions);
        Ok(admission)
    }

    fn asked_about(&self, event: Event) -> Option<Arc<Carried>> {
        self.application().filter(|carried| carried.events.has(event))
    }

    /// Says who a client is that shows a token, a certificate or, in the dialects that have no other
    /// place for it, a password.
    async fn identify(
        &self,
        peer: &Peer,
        client: &str,
        token: &str,
    ) -> Result<Arc<Identity>, Reject> {
        let (access, now) = (self.access.clone(), self.now());
        let certificate = peer.certificate.clone();
        match peer.protocol {
            Protocol::Jmqt | Protocol::JmqtWebsocket => {
                access.identify(client, token, certificate.as_deref(), now)
            }
            Protocol::Pubsubx
                if token.is_empty()
                    && let Some(anybody) = access.anybody(client) =>
            {
                Ok(anybody)
            }
            _ if !access.has_users() => {
                let anybody = || self.anybody_with_name(peer, client);
                access
                    .identify(client, token, certificate.as_deref(), now)
                    .or_else(|reject| anybody().ok_or(reject))
            }
            _ => {
                let (client, token) = (client.to_owned(), token.to_owned());
                let judge = move || {
                    access.identify_with_password(&client, &token, certificate.as_deref(), now)
                };
                self.apart(judge).await
            }
        }
    }

    /// In open mode PubSubX takes what stands behind the name for nothing.
    fn anybody_with_name(&self, peer: &Peer, client: &str) -> Option<Arc<Identity>> {
        let is_pubsubx = peer.protocol == Protocol::Pubsubx;
        is_pubsubx.then(|| self.access.anybody(client))?
    }

    fn sign(&self, client: &str) -> Result<String, Refusal> {
        self.access.sign(client, self.now()).map_err(|message| {
            let reject = Reject::Failed(message.as_str().into());
            Refusal { message, reject }
        })
    }

    /// Lets somebody who failed before wait, so that guessing takes long.
    async fn slow_down(&self, peer: &Peer, name: &str) {
        let delay = self.throttle.load().delay(peer.address.ip(), name, self.now());
        if !delay.is_zero() {
            tracing::debug!(address = %peer.address.ip(), ?delay, "an attempt has to wait");
            sleep(delay).await;
        }
    }

    /// Does what keeps a core busy for long on a thread of its own, a few at a time.
    async fn apart<T, F>(&self, judge: F) -> T
    where
        T: Send + 'static,
        F: FnOnce() -> T + Send + 'static,
    {
        let _turn = self.hashing.acquire().await.expect("the semaphore is never closed");
        tokio::task::spawn_blocking(judge).await.expect("checking a password does not panic")
    }

    fn now(&self) -> u64 {
        self.clock.now().unix_ms
    }
}

/// The name under which failures at the API count, one for each address: they are no client's.
fn of_the_api(address: IpAddr) -> String {
    format!("the API, from {address}")
}
