use super::*;

/// Computed with Python's `hmac`.
const SIGNATURE: &str = "sha256=fdd4278f3f61327ae81481862a7478c05b7768e55f875db6ec75c79fdfc405af";

#[test]
fn a_signature_is_that_of_other_implementations() {
    let signature = Signer::new(b"secret").sign("1700000000", r#"{"event":"close"}"#);
    assert_eq!(signature, SIGNATURE);
}

#[test]
fn a_signature_holds_for_no_other_time_body_or_secret() {
    let signer = Signer::new(b"secret");
    assert_ne!(signer.sign("1700000001", r#"{"event":"close"}"#), SIGNATURE);
    assert_ne!(signer.sign("1700000000", r#"{"event":"clone"}"#), SIGNATURE);
    assert_ne!(Signer::new(b"other").sign("1700000000", r#"{"event":"close"}"#), SIGNATURE);
}
