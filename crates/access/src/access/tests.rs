use std::{
    collections::BTreeSet,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rialto_domain::{Certificate, ForcedSubscription, Grant, Refusal, Reject};
use serde_json::json;

use super::*;
use crate::{
    Ban, ConnectSubscription, Effect, Issuer, IssuerKeys, Mode, PresetToken, Proof, Replicants,
    TokenOrigin, Users, UsersFile,
};

const NOW: UnixMs = 1_800_000_000_000;
const SECRET: &[u8] = b"thirty-two bytes make a secret..";

fn settings(mode: Mode) -> Settings {
    let groups = groups(&["pumps"]);
    Settings {
        mode,
        token_lifetime: Duration::from_secs(60),
        presets: vec![PresetToken { client: "pump".into(), token: "secret".into(), groups }],
        client_id_bytes_max: 10,
        users: Users::default(),
        rules: Vec::new(),
        unmatched: Effect::Deny,
        subscribe: Vec::new(),
        issuers: Vec::new(),
        accepts_certificates: false,
        replicants: Replicants::default(),
    }
}

fn with_users(mode: Mode) -> Settings {
    Settings { users: users("sesame", NOW - 1000), ..settings(mode) }
}

fn with_issuer(mode: Mode) -> Settings {
    Settings { issuers: vec![corp(IssuerKeys::Secret(SECRET.to_vec()))], ..settings(mode) }
}

fn with_certificates(mode: Mode) -> Settings {
    Settings { accepts_certificates: true, ..settings(mode) }
}

fn corp(keys: IssuerKeys) -> Issuer {
    Issuer {
        name: "corp".into(),
        algorithms: vec![Algorithm::HS256],
        keys,
        issuer: None,
        audience: Vec::new(),
        client_claim: "sub".into(),
        groups_claim: "groups".into(),
        rights_claim: "rialto".into(),
    }
}

fn groups(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|&name| name.to_owned()).collect()
}

/// Returns one user, `ada`, of the group `staff`.
fn users(password: &str, since: UnixMs) -> Users {
    let directory = tempfile::tempdir().unwrap();
    let mut file = UsersFile::read_or_new(&directory.path().join("users.toml")).unwrap();
    file.add("ada", password, groups(&["staff"]), since).unwrap();
    file.users().clone()
}

fn access(settings: Settings) -> Arc<Access> {
    Access::new(settings, SigningKey::from_bytes(&[7; 32]), Revocations::in_memory()).unwrap()
}

fn grant(access: &Access, data: &str) -> Grant {
    access.authenticate(data, None, NOW).unwrap().0
}

fn refusal(access: &Access, data: &str) -> Refusal {
    access.authenticate(data, None, NOW).map(|_| ()).unwrap_err()
}

fn opens(access: &Access, client: &str, token: &str, now: UnixMs) -> Result<(), Reject> {
    access.identify(client, token, None, now).map(|_| ())
}

fn jwt(client: &str, seconds: u64) -> String {
    let claims = json!({
        "sub": client, "iat": NOW / 1000, "exp": NOW / 1000 + seconds, "groups": ["guests"],
    });
    let key = EncodingKey::from_secret(SECRET);
    jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &key).unwrap()
}

/// Returns whether the session would go on.
fn stays(access: &Arc<Access>, identity: &Arc<Identity>) -> bool {
    let rights = access.admission(Arc::clone(identity)).rights.unwrap();
    rights.renewed(NOW).is_some()
}

/// Returns whether the session would go on if that were the time.
fn stays_until(access: &Arc<Access>, identity: &Arc<Identity>, now: UnixMs) -> bool {
    let rights = access.admission(Arc::clone(identity)).rights.unwrap();
    rights.renewed(now).is_some()
}

/// A certificate that counts until a time, which a test can change.
#[derive(Debug)]
struct TestCertificate {
    client: &'static str,
    until: AtomicU64,
}

impl TestCertificate {
    fn new(client: &'static str, until: UnixMs) -> Self {
        TestCertificate { client, until: AtomicU64::new(until) }
    }
}

impl Certificate for TestCertificate {
    fn client(&self) -> &str {
        self.client
    }

    fn counts_until(&self, now: UnixMs) -> Option<UnixMs> {
        Some(self.until.load(Ordering::Relaxed)).filter(|&until| now < until)
    }
}

fn certificate(client: &'static str, until: UnixMs) -> Arc<dyn Certificate> {
    Arc::new(TestCertificate::new(client, until))
}

mod opening;
mod proving;
mod replicants;
mod signing_in;
mod staying;

#[test]
fn settings_that_are_wrong_are_refused_whole() {
    let access = access(settings(Mode::Open));
    let twice = vec![corp(IssuerKeys::Url("u".into())), corp(IssuerKeys::Url("u".into()))];
    let empty = PresetToken { client: "x".into(), token: "".into(), groups: groups(&[]) };
    let wrong = [
        Settings { issuers: twice, ..settings(Mode::Tokens) },
        Settings {
            issuers: vec![corp(IssuerKeys::Secret(b"short".to_vec()))],
            ..settings(Mode::Tokens)
        },
        Settings { presets: vec![empty], ..settings(Mode::Tokens) },
    ];
    let texts = wrong.map(|settings| access.replace(settings).unwrap_err().to_string());
    assert_eq!(
        texts,
        [
            "there are two issuers called \"corp\"; rename one of them",
            "issuer \"corp\": its secret has 5 bytes; at least 32 are needed",
            "the preset token of client \"x\" is empty, or its client id is",
        ]
    );
    assert!(access.anybody("bob", NOW).is_some(), "the mode is still open");
}

#[test]
fn secrets_are_not_in_debug() {
    let settings = Settings { users: users("sesame", NOW), ..with_issuer(Mode::Open) };
    let shown = format!("{settings:?}");
    for secret in ["secret\"", "argon2id", "116, 104", "sesame"] {
        assert!(!shown.contains(secret), "{secret} in {shown}");
    }
    let access = access(settings);
    let identity = access.identify("pump", "secret", None, NOW).unwrap();
    let rights = access.admission(Arc::clone(&identity)).rights.unwrap();
    let shown = format!("{access:?} {identity:?} {rights:?}");
    assert!(!shown.contains("secret"), "{shown}");
    assert_eq!(format!("{:?}", SigningKey::from_bytes(&[7; 32])), "SigningKey(********)");
}

#[test]
fn clients_are_subscribed_to_what_is_configured_for_them() {
    let subscription =
        |channel: &str, client: Option<&str>, group: Option<&str>| ConnectSubscription {
            channel: channel.to_owned(),
            persistent: group.is_some(),
            client: client.map(str::to_owned),
            group: group.map(str::to_owned),
        };
    let subscribe = vec![
        subscription("update", None, None),
        subscription("to/{client}", None, None),
        subscription("pumps", None, Some("pumps")),
        subscription("others", Some("x*"), None),
    ];
    let access = access(Settings { subscribe, ..settings(Mode::Open) });
    let channels = |identity: Arc<Identity>| {
        let subscriptions = access.admission(identity).subscriptions;
        let shown = |ForcedSubscription { channel, persistent }| format!("{channel} {persistent}");
        subscriptions.into_iter().map(shown).collect::<Vec<_>>().join(", ")
    };
    let anybody = |client: &str| channels(access.anybody(client, NOW).unwrap());
    assert_eq!(anybody("bob"), "update false, to/bob false");
    assert_eq!(anybody("x*"), "update false, to/x* false, others false");
    assert_eq!(anybody("{client}"), "update false, to/{client} false");
    let pump = access.identify("pump", "secret", None, NOW).unwrap();
    assert_eq!(channels(pump), "update false, to/pump false, pumps true");
}

#[test]
fn an_identity_for_a_test_has_the_groups_of_its_user_and_its_tokens() {
    let access = access(with_users(Mode::Tokens));
    let of = |client, more: &[&str]| {
        let more = more.iter().map(|&group| group.to_owned()).collect::<Vec<_>>();
        access.identity_for_test(client, &more, Map::new()).groups().clone()
    };
    assert_eq!(of("ada", &["more"]), groups(&["more", "staff"]));
    assert_eq!(of("pump", &[]), groups(&["pumps"]));
    assert_eq!(of("bob", &[]), groups(&[]));
    let explanation = access.explain(
        &access.identity_for_test("ada", &[], Map::new()),
        Action::Publish,
        "anything",
    );
    assert!(explanation.is_allowed);
}
