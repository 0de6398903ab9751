//! Rules, groups and channels at connect: what is read, and what each mistake is answered with.

use expect_test::expect;

use crate::tests::errors::check_files;
use crate::tests::load_with_file;
use crate::{AccessAction, AccessMode, Settings, Sources, Unmatched};

#[test]
fn rules_are_read_in_order_with_all_they_ask_for() {
    let access = load_with_file(
        r#"
        [access]
        mode = "tokens"
        unmatched = "allow"
        presence_channel = "presence"
        websocket_origins = ["https://app.example", "http://localhost:3000"]

        [[access.tokens]]
        client = "ada"
        token = "hunter2"
        groups = ["staff"]

        [[access.rules]]
        name = "own"
        client = "dev-*"
        claim = "tenant=a=b"
        allow = ["publish", "subscribe"]
        channels = ["devices.{client}.*"]

        [[access.rules]]
        group = "guests"
        deny = ["control", "p2p", "history"]
        channels = ["*"]

        [[access.subscribe]]
        channel = "news.{client}"
        persistent = true
        group = "staff"
        "#,
        Sources::default(),
    )
    .unwrap()
    .access;
    assert_eq!((access.mode, access.unmatched), (AccessMode::Tokens, Unmatched::Allow));
    assert_eq!(access.tokens[0].groups, ["staff"]);
    let [own, guests] = &access.rules[..] else { panic!("{:?}", access.rules) };
    assert_eq!(own.verdict(), (true, &[AccessAction::Publish, AccessAction::Subscribe][..]));
    assert_eq!(own.claim(), Some(("tenant", "a=b")));
    assert_eq!(own.client.as_deref(), Some("dev-*"));
    let refused = [AccessAction::Control, AccessAction::P2p, AccessAction::History];
    assert_eq!(guests.verdict(), (false, &refused[..]));
    assert_eq!((guests.claim(), guests.group.as_deref()), (None, Some("guests")));
    let subscription = &access.subscribe[0];
    assert_eq!((subscription.channel.as_str(), subscription.persistent), ("news.{client}", true));
}

#[test]
fn users_are_in_the_data_directory_unless_a_file_is_named() {
    let mut settings = Settings::default();
    settings.server.data_dir = "data".into();
    assert_eq!(settings.users_file(), std::path::Path::new("data/users.toml"));
    settings.access.users_file = "staff.toml".into();
    assert_eq!(settings.users_file(), std::path::Path::new("staff.toml"));
}

#[test]
fn a_list_names_the_entry_that_is_wrong() {
    let good = "[[access.rules]]\nallow = [\"publish\"]\nchannels = [\"*\"]\n";
    check_files(
        &[
            &format!("{good}[[access.rules]]\nalow = [\"publish\"]\nchannels = [\"*\"]\n"),
            &format!("{good}[[access.rules]]\nallow = [\"publsh\"]\nchannels = [\"*\"]\n"),
            &format!("{good}[[access.rules]]\nallow = \"publish\"\nchannels = [\"*\"]\n"),
            "[access]\nrules = \"publish\"\n",
            "[access]\nunmatched = \"refuse\"\n",
            "[access]\nfailed_attempts_max = 0\n",
            "[[access.subscribe]]\nchanel = \"a\"\n",
        ],
        &expect![[r#"
            rialto.toml:4:1: entry 2 of `access.rules` is wrong: unknown key `alow`; did you mean `allow`?; expected a list of tables like { group = "staff", allow = ["publish"], channels = ["news.*"] }
            rialto.toml:4:1: entry 2 of `access.rules` is wrong: in `allow`: unknown variant `publsh`, expected one of `publish`, `subscribe`, `control`, `p2p`, `history`; expected a list of tables like { group = "staff", allow = ["publish"], channels = ["news.*"] }
            rialto.toml:4:1: entry 2 of `access.rules` is wrong: in `allow`: invalid type: string "publish", expected a sequence; expected a list of tables like { group = "staff", allow = ["publish"], channels = ["news.*"] }
            rialto.toml:2:9: `access.rules` cannot be "publish"; expected a list of tables like { group = "staff", allow = ["publish"], channels = ["news.*"] }
            rialto.toml:2:13: `access.unmatched` cannot be "refuse"; expected "deny" or "allow"
            rialto.toml:2:23: `access.failed_attempts_max` cannot be 0; expected a whole number, from 1 to 1000
            rialto.toml:1:1: entry 1 of `access.subscribe` is wrong: unknown key `chanel`; did you mean `channel`?; expected a list of tables like { channel = "news.{client}", persistent = true }
        "#]],
    );
}

#[test]
fn a_rule_that_says_nothing_or_too_much_is_refused() {
    let rules = [
        "channels = [\"*\"]",
        "allow = []\nchannels = [\"*\"]",
        "name = \"x\"\nallow = [\"publish\"]\ndeny = [\"subscribe\"]\nchannels = [\"*\"]",
        "allow = [\"publish\"]",
        "allow = [\"publish\"]\nchannels = [\"a\", \"\"]",
        "deny = [\"publish\"]\nchannels = [\"of.{clientid}\"]",
        "deny = [\"publish\"]\nchannels = [\"*\"]\ngroup = \"\"",
        "deny = [\"publish\"]\nchannels = [\"*\"]\nclient = \"\"",
        "deny = [\"publish\"]\nchannels = [\"*\"]\nclaim = \"admin\"",
        "deny = [\"publish\"]\nchannels = [\"*\"]\nclaim = \"=yes\"",
    ];
    let files = rules.map(|rule| format!("[[access.rules]]\n{rule}\n"));
    check_files(
        &files.each_ref().map(String::as_str),
        &expect![[r#"
            rialto.toml:1:1: entry 1 of `access.rules` neither allows nor denies anything; give it allow or deny, such as allow = ["subscribe"]
            rialto.toml:1:1: entry 1 of `access.rules` neither allows nor denies anything; give it allow or deny, such as allow = ["subscribe"]
            rialto.toml:1:1: the entry `x` of `access.rules` both allows and denies; make two rules of it
            rialto.toml:1:1: entry 1 of `access.rules` has no channels, or an empty name among them; channels = ["*"] stands for all
            rialto.toml:1:1: entry 1 of `access.rules` has no channels, or an empty name among them; channels = ["*"] stands for all
            rialto.toml:1:1: entry 1 of `access.rules` has the channels `of.{clientid}`; the only thing that may stand in braces is {client}, the client's id
            rialto.toml:1:1: entry 1 of `access.rules` asks for an empty client or group, which nobody has; leave it out, and the rule is for all
            rialto.toml:1:1: entry 1 of `access.rules` asks for an empty client or group, which nobody has; leave it out, and the rule is for all
            rialto.toml:1:1: entry 1 of `access.rules` has a claim without a name or a value; write claim = "name=value"
            rialto.toml:1:1: entry 1 of `access.rules` has a claim without a name or a value; write claim = "name=value"
        "#]],
    );
}

#[test]
fn channels_and_origins_that_cannot_be_are_refused() {
    check_files(
        &[
            "[[access.subscribe]]\npersistent = true\n",
            "[[access.subscribe]]\nchannel = \"#ada\"\n",
            "[[access.subscribe]]\nchannel = \"of.{group}\"\n",
            "[access]\npresence_channel = \"$presence\"\n",
            "[access]\npresence_channel = \"#ada\"\n",
            "[access]\nwebsocket_origins = [\"app.example\"]\n",
            "[access]\nwebsocket_origins = [\"https://app.example\", \"https://app.example/\"]\n",
            "[access]\nwebsocket_origins = [\"https://*.example\"]\n",
        ],
        &expect![[r#"
            rialto.toml:1:1: clients cannot be subscribed to the channel ``; give a name that does not begin with $ or #, and in which nothing but {client} stands in braces
            rialto.toml:1:1: clients cannot be subscribed to the channel `#ada`; give a name that does not begin with $ or #, and in which nothing but {client} stands in braces
            rialto.toml:1:1: clients cannot be subscribed to the channel `of.{group}`; give a name that does not begin with $ or #, and in which nothing but {client} stands in braces
            rialto.toml:2:20: who comes and goes cannot be published on the channel `$presence`; give a name that does not begin with $ or #; empty publishes nothing
            rialto.toml:2:20: who comes and goes cannot be published on the channel `#ada`; give a name that does not begin with $ or #; empty publishes nothing
            rialto.toml:2:22: `app.example` is not the origin of a page; write it as browsers do, "https://app.example" or with a port "http://localhost:3000", without a path and without *
            rialto.toml:2:45: `https://app.example/` is not the origin of a page; write it as browsers do, "https://app.example" or with a port "http://localhost:3000", without a path and without *
            rialto.toml:2:22: `https://*.example` is not the origin of a page; write it as browsers do, "https://app.example" or with a port "http://localhost:3000", without a path and without *
        "#]],
    );
}
