use std::{os::unix::fs::PermissionsExt as _, time::Duration};

use super::*;
use crate::{
    TokenOrigin,
    signed_token::{self, SignedToken},
};

#[test]
fn a_key_is_made_once_for_its_owner_only_and_read_again() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("signing.key");
    let made = SigningKey::load_or_create(&file).unwrap();
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let read = SigningKey::load_or_create(&file).unwrap();

    let token = SignedToken { client: "ada".into(), issued_at: 0, origin: TokenOrigin::Open };
    let signed = signed_token::sign(&made, &token, Duration::from_secs(60)).unwrap();
    assert_eq!(signed_token::read(&read, &signed, 0), Some(token));
    assert_eq!(signed_token::read(&SigningKey::random().unwrap(), &signed, 0), None);
}

#[test]
fn a_file_that_holds_no_key_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("signing.key");
    fs::write(&file, "short").unwrap();
    let error = SigningKey::load_or_create(&file).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::InvalidData);
    assert_eq!(fs::read(&file).unwrap(), b"short");
}
