//! Issuers of JWTs: what is read, and what each mistake is answered with.

use std::path::Path;
use std::time::Duration;

use expect_test::expect;

use crate::tests::errors::check_files;
use crate::tests::load_with_file;
use crate::{JwtAlgorithm, JwtIssuer, JwtKeys, Sources};

fn issuers(toml: &str) -> Vec<JwtIssuer> {
    load_with_file(toml, Sources::default()).unwrap().access.jwt
}

#[test]
fn an_issuer_has_its_keys_in_one_of_four_places() {
    let issuers = issuers(
        r#"
        [access]
        jwt = [
            { name = "a", algorithms = ["HS256", "HS512"], secret = "hunter2" },
            { name = "b", algorithms = ["ES256", "EdDSA"], key_file = "b.pem" },
            { name = "c", jwks_file = "c.json", issuer = "https://c", audience = "rialto" },
            { name = "d", jwks_url = "https://d.example/jwks", refresh = "5m", client_claim = "uid" },
        ]
        "#,
    );
    let [a, b, c, d] = &issuers[..] else { panic!("{issuers:?}") };
    assert!(matches!(a.keys(), Some(JwtKeys::Secret(secret)) if secret.expose() == "hunter2"));
    assert_eq!(b.keys(), Some(JwtKeys::KeyFile(Path::new("b.pem"))));
    assert_eq!(b.algorithms, [JwtAlgorithm::Es256, JwtAlgorithm::EdDsa]);
    assert_eq!(c.keys(), Some(JwtKeys::JwksFile(Path::new("c.json"))));
    assert_eq!((c.issuer.as_deref(), c.audience.as_deref()), (Some("https://c"), Some("rialto")));
    assert_eq!(
        (&c.algorithms[..], c.refresh.get()),
        (&[JwtAlgorithm::Rs256][..], Duration::from_secs(600))
    );
    assert_eq!(c.client_claim, "sub");
    assert_eq!((c.groups_claim.as_str(), c.rights_claim.as_str()), ("groups", "rialto"));
    assert_eq!(d.keys(), Some(JwtKeys::JwksUrl("https://d.example/jwks")));
    assert_eq!((d.client_claim.as_str(), d.refresh.get()), ("uid", Duration::from_secs(300)));
}

#[test]
fn an_issuer_that_cannot_be_used_is_refused() {
    let issuers = [
        "name = \"a\"",
        "key_file = \"a.pem\"",
        "name = \"a\"\nkey_file = \"a.pem\"\njwks_file = \"a.json\"",
        "name = \"a\"\nkey_file = \"a.pem\"\nalgorithms = []",
        "name = \"a\"\nkey_file = \"a.pem\"\nalgorithms = [\"RS256\", \"HS256\"]",
        "name = \"a\"\nsecret = \"hunter2\"",
        "name = \"a\"\njwks_url = \"a.example/jwks\"",
        "name = \"a\"\njwks_url = \"https://ada:hunter2@a.example/jwks\"",
        "name = \"a\"\njwks_url = \"https://a.example/jwks\"\nrefresh = \"0s\"",
        "name = \"a\"\nkey_file = \"a.pem\"\nclient_claim = \"\"",
        "name = \"a\"\nkey_file = \"a.pem\"\n[[access.jwt]]\nname = \"a\"\nkey_file = \"b.pem\"",
    ];
    let files = issuers.map(|issuer| format!("[[access.jwt]]\n{issuer}\n"));
    check_files(
        &files.each_ref().map(String::as_str),
        &expect![[r#"
            rialto.toml:1:1: the entry `a` of `access.jwt` must say in one way where its keys are; set exactly one of secret, key_file, jwks_file and jwks_url
            rialto.toml:1:1: entry 1 of `access.jwt` has no name; set name; logs call it by that
            rialto.toml:1:1: the entry `a` of `access.jwt` must say in one way where its keys are; set exactly one of secret, key_file, jwks_file and jwks_url
            rialto.toml:1:1: the entry `a` of `access.jwt` takes no algorithms; leave them out, and it takes RS256
            rialto.toml:1:1: the entry `a` of `access.jwt` has public keys, and takes HS256, which needs a secret; set algorithms to those of its keys, such as ["RS256"] or ["ES256"]
            rialto.toml:1:1: the entry `a` of `access.jwt` has a secret, and takes RS256, which needs a public key; set algorithms = ["HS256"], or a key_file in place of the secret
            rialto.toml:1:1: the entry `a` of `access.jwt` has a jwks_url that is not an address for HTTP; write http:// or https://, a host and a path
            rialto.toml:1:1: the entry `a` of `access.jwt` has a jwks_url that has a user or a password in it, which logs would show; remove what stands before the @
            rialto.toml:1:1: the entry `a` of `access.jwt` has refresh = "0s"; give at least 1s; 10m is usual
            rialto.toml:1:1: the entry `a` of `access.jwt` has an empty client_claim, groups_claim or rights_claim; leave it out, and it has its default
            rialto.toml:4:1: two entries of `access.jwt` have the name `a`; give each a name of its own
        "#]],
    );
}

#[test]
fn a_secret_of_an_issuer_is_not_quoted() {
    check_files(
        &[
            "[[access.jwt]]\nsecrt = \"hunter2\"\n",
            "[[access.jwt]]\nname = \"a\"\nalgorithms = [\"hunter2\"]\n",
            "[access]\njwt = \"hunter2\"\n",
        ],
        &expect![[r#"
            rialto.toml:1:1: entry 1 of `access.jwt` is wrong: unknown key `secrt`; did you mean `secret`?; expected a list of tables like { name = "login", algorithms = ["RS256"], jwks_url = "https://…" }
            rialto.toml:1:1: entry 1 of `access.jwt` is wrong: in `algorithms`; expected a list of tables like { name = "login", algorithms = ["RS256"], jwks_url = "https://…" }
            rialto.toml:2:7: `access.jwt` does not have the right form; expected a list of tables like { name = "login", algorithms = ["RS256"], jwks_url = "https://…" }
        "#]],
    );
}
