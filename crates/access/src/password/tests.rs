use super::*;

#[test]
fn a_password_fits_its_own_hash_only() {
    let hash = hash("sesame").unwrap();
    assert!(is_hash(&hash));
    assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
    assert!(verify("sesame", Some(&hash)));
    assert!(!verify("Sesame", Some(&hash)));
    assert!(!verify("", Some(&hash)));
}

#[test]
fn one_password_has_a_different_hash_each_time() {
    assert_ne!(hash("sesame").unwrap(), hash("sesame").unwrap());
}

#[test]
fn nobodys_hash_costs_what_a_users_does_and_lets_nobody_in() {
    assert!(is_hash(NOBODYS_HASH));
    let own = hash("x").unwrap();
    let parameters = |hash: &str| hash.split('$').nth(3).map(str::to_owned);
    assert_eq!(parameters(NOBODYS_HASH), parameters(&own));
    assert!(!verify("sesame", None));
    assert!(!verify("", None));
}

#[test]
fn what_is_no_argon2id_hash_is_told_apart() {
    let others = [
        "",
        "sesame",
        "$2b$12$abcdefghijklmnopqrstuv",
        "$argon2id$v=19$m=19456,t=2,p=1$cmlhbHRvIG5vYm9keSBhdA",
        "$argon2i$v=19$m=19456,t=2,p=1$cmlhbHRvIG5vYm9keSBhdA$RAXsGrMdY8cOrr3CbdlxZBmn8aw7K1CfyGx2nJmHPxk",
    ];
    for text in others {
        assert!(!is_hash(text), "{text}");
    }
}
