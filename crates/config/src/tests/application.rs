//! The webhook and the API: what is read, and what each mistake is answered with.

use expect_test::expect;

use crate::tests::errors::check_files;
use crate::tests::load_with_file;
use crate::{ApiRight, Sources, WebhookEvent, WhenDown};

const KEY: &str = "[[api.keys]]\nname = \"shop\"\nkey = \"0123456789abcdef\"\n";

#[test]
fn a_webhook_is_for_all_events_unless_some_are_named() {
    let url = "[webhook]\nurl = \"https://app.example/rialto\"\nsecret = \"hunter2\"\n";
    let webhook =
        |more: &str| load_with_file(&format!("{url}{more}"), Sources::default()).unwrap().webhook;
    let all = webhook("");
    assert_eq!((all.events.len(), all.when_down), (8, WhenDown::Deny));
    let some = webhook("events = [\"auth\", \"close\"]\nwhen_down = \"allow\"\n");
    assert_eq!(some.events, [WebhookEvent::Auth, WebhookEvent::Close]);
    assert_eq!(some.when_down, WhenDown::Allow);
}

#[test]
fn a_webhook_that_cannot_be_asked_is_refused() {
    let url = "[webhook]\nurl = \"http://app.example\"\n";
    check_files(
        &[
            url,
            "[webhook]\nurl = \"app.example\"\nsecret = \"hunter2\"\n",
            "[webhook]\nurl = \"https:///rialto\"\nsecret = \"hunter2\"\n",
            "[webhook]\nurl = \"https://a:b@app.example/\"\nsecret = \"hunter2\"\n",
            &format!("{url}secret = \"hunter2\"\nevents = []\n"),
            &format!("{url}secret = \"hunter2\"\nevents = [\"auth\", \"login\"]\n"),
            &format!("{url}secret = 5\n"),
            &format!("{url}when_down = \"ask\"\n"),
            &format!("{url}timeout = \"1m\"\n"),
        ],
        &expect![[r#"
            rialto.toml:2:7: `webhook.url` is set and `webhook.secret` is not: the application could not tell who asks it; set webhook.secret to a text that the application knows as well
            rialto.toml:2:7: `webhook.url` is not an address for HTTP; write http:// or https://, a host and a path
            rialto.toml:2:7: `webhook.url` is not an address for HTTP; write http:// or https://, a host and a path
            rialto.toml:2:7: `webhook.url` has a user or a password in it, which logs would show; remove what stands before the @
            rialto.toml:4:10: `webhook.events` is empty, while `webhook.url` is set; name the events it is for, or remove the url
            rialto.toml:4:19: entry 2 of `webhook.events` is wrong: unknown variant `login`, expected one of `auth`, `connect`, `subscribe`, `unsubscribe`, `publish`, `control`, `disconnect`, `close`; expected a list of "auth", "connect", "subscribe", "unsubscribe", "publish", "control", "disconnect" and "close", or some of them
            rialto.toml:3:10: `webhook.secret` does not have the right form; expected a text
            rialto.toml:3:13: `webhook.when_down` cannot be "ask"; expected "deny" or "allow"
            rialto.toml:3:11: `webhook.timeout` cannot be "1m"; expected a time such as "500ms", "10s", "5m", "1h" or "30d", from 10ms to 30s
        "#]],
    );
}

#[test]
fn a_key_of_the_api_has_all_rights_unless_some_are_named() {
    let rights = |more: &str| {
        let settings = load_with_file(&format!("{KEY}{more}"), Sources::default()).unwrap();
        settings.api.keys[0].allow.clone()
    };
    assert_eq!(rights(""), [ApiRight::Read, ApiRight::Publish, ApiRight::Manage]);
    assert_eq!(rights("allow = [\"read\"]\n"), [ApiRight::Read]);
}

#[test]
fn a_key_of_the_api_that_cannot_be_used_is_refused() {
    check_files(
        &[
            "[[api.keys]]\nname = \"shop\"\n",
            "[[api.keys]]\nname = \"shop\"\nkey = \"0123456789abcde\"\n",
            "[[api.keys]]\nkey = \"0123456789abcdef\"\n",
            &format!("{KEY}allow = []\n"),
            &format!("{KEY}allow = [\"hunter2\"]\n"),
            &format!("{KEY}alow = [\"read\"]\n"),
            &format!("{KEY}{KEY}"),
            &format!("{KEY}{}", KEY.replace("shop", "office")),
        ],
        &expect![[r#"
            rialto.toml:1:1: the entry `shop` of `api.keys` has a key of 0 bytes, which can be guessed; give at least 16 bytes, such as `openssl rand -hex 16` prints
            rialto.toml:1:1: the entry `shop` of `api.keys` has a key of 15 bytes, which can be guessed; give at least 16 bytes, such as `openssl rand -hex 16` prints
            rialto.toml:1:1: entry 1 of `api.keys` has no name; set name; logs call whoever has the key by it
            rialto.toml:1:1: the entry `shop` of `api.keys` allows nothing; name some of "read", "publish", "manage" and "inspect", or leave allow out for the first three
            rialto.toml:1:1: entry 1 of `api.keys` is wrong: in `allow`; expected a list of tables like { name = "shop", key = "secret", allow = ["publish"] }
            rialto.toml:1:1: entry 1 of `api.keys` is wrong: unknown key `alow`; did you mean `allow`?; expected a list of tables like { name = "shop", key = "secret", allow = ["publish"] }
            rialto.toml:4:1: two entries of `api.keys` have the name `shop`; give each a name of its own
            rialto.toml:4:1: two entries of `api.keys` have the same key; give each a key of its own, so that one can be taken away alone
            rialto.toml:4:1: two entries of `api.keys` have the same key; give each a key of its own, so that one can be taken away alone
        "#]],
    );
}

#[test]
fn the_api_alone_may_be_reached_by_other_machines() {
    let reachable = "[listeners.http]\naddress = \"0.0.0.0:8080\"\n";
    check_files(
        &[
            reachable,
            &format!("{reachable}{KEY}"),
            &format!("{reachable}[api]\nstatus_page = false\n"),
        ],
        &expect![[r#"
            rialto.toml:2:11: `listeners.http.address` is 0.0.0.0:8080, which other machines can reach, and its dialect is "http", with a status page that needs no key: anybody who can reach it could see what the server does; use an address of loopback, or set api.status_page = false and api.keys, or, if that is what you want, set access.open_beyond_loopback = true
            rialto.toml:2:11: `listeners.http.address` is 0.0.0.0:8080, which other machines can reach, and its dialect is "http", with a status page that needs no key: anybody who can reach it could see what the server does; use an address of loopback, or set api.status_page = false and api.keys, or, if that is what you want, set access.open_beyond_loopback = true
            rialto.toml:2:11: `listeners.http.address` is 0.0.0.0:8080, which other machines can reach, and its dialect is "http", and api.keys has no key, so that nobody could use it; use an address of loopback, or set api.keys, or, if that is what you want, set access.open_beyond_loopback = true
        "#]],
    );
    for mode in ["open", "tokens"] {
        let file =
            format!("{reachable}[access]\nmode = \"{mode}\"\n[api]\nstatus_page = false\n{KEY}");
        assert!(load_with_file(&file, Sources::default()).is_ok(), "{mode}");
    }
}

#[test]
fn a_console_that_others_reach_has_tls_and_a_way_to_sign_in() {
    let reachable = "[listeners.http]\naddress = \"0.0.0.0:8080\"\n[console]\nenabled = true\n";
    let tls = "[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n";
    let quiet = "[api]\nstatus_page = false\nsample = \"always\"\n";
    check_files(
        &[&format!("{reachable}{quiet}{KEY}"), &format!("{reachable}{quiet}{tls}")],
        &expect![[r#"
            rialto.toml:2:11: `listeners.http.address` is 0.0.0.0:8080, which other machines can reach, and console.enabled is true, without TLS, so that whoever can read the network could act as whoever signs in; set tls.certificate and tls.key, or put a proxy that speaks TLS in front of it and name it in access.trusted_proxies, use an address of loopback, or set console.enabled = "auto"
            rialto.toml:2:11: `listeners.http.address` is 0.0.0.0:8080, which other machines can reach, and console.enabled is true, while nobody could sign in; set console.roles for the groups of users, or api.keys, use an address of loopback, or set console.enabled = "auto"
        "#]],
    );
    let role = "[[console.roles]]\ngroup = \"operators\"\nallow = [\"manage\"]\n";
    for good in [
        format!("{reachable}{quiet}{tls}{KEY}"),
        format!("{reachable}{role}{quiet}{tls}"),
        format!("{reachable}{quiet}[access]\ntrusted_proxies = [\"10.0.0.0/8\"]\n{KEY}"),
        // Only those are served it who come over TLS, or from this machine.
        format!("{reachable}{quiet}{KEY}").replace("= true", "= \"auto\""),
    ] {
        let loaded = load_with_file(&good, Sources::default());
        assert!(loaded.is_ok(), "{good}\n{}", loaded.unwrap_err());
    }
}

#[test]
fn hosts_and_roles_of_the_console_say_something() {
    check_files(
        &[
            "[console]\nhosts = [\"mq.example\", \"https://mq.example\"]\n",
            "[[console.roles]]\ngroup = \"\"\nallow = [\"read\"]\n",
            "[[console.roles]]\ngroup = \"a\"\nallow = []\n",
            "[[console.roles]]\ngroup = \"a\"\nallow = [\"read\"]\n[[console.roles]]\ngroup = \"a\"\nallow = [\"read\"]\n",
            "[console]\nenabled = \"sometimes\"\n",
        ],
        &expect![[r#"
            rialto.toml:2:24: `console.hosts` has `https://mq.example`, which is no name of a host; give the name alone, such as mq.example, without https:// and without a port
            rialto.toml:1:1: entry 1 of `console.roles` has no group; set group, and see rialto user add --group
            rialto.toml:1:1: the entry `a` of `console.roles` allows nothing; name some of "read", "publish", "manage" and "inspect"
            rialto.toml:4:1: two entries of `console.roles` are for the group `a`; put all of its rights into one
            rialto.toml:2:11: `console.enabled` cannot be "sometimes"; expected true, false or "auto"
        "#]],
    );
}
