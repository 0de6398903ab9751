use super::*;

const NOW: UnixMs = 1_800_000_000_123;
const HOUR: Duration = Duration::from_secs(3600);

fn token(origin: TokenOrigin) -> SignedToken {
    SignedToken { client: "ada".to_owned(), issued_at: NOW, origin }
}

#[test]
fn a_token_says_what_was_signed_to_the_millisecond() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let origins = [
        TokenOrigin::Open,
        TokenOrigin::Password,
        TokenOrigin::Certificate,
        TokenOrigin::Application,
    ];
    for origin in origins {
        let text = sign(&key, &token(origin), HOUR).unwrap();
        assert_eq!(read(&key, &text, NOW), Some(token(origin)));
    }
}

#[test]
fn two_tokens_of_one_moment_differ() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let signed = || sign(&key, &token(TokenOrigin::Open), HOUR).unwrap();
    assert_ne!(signed(), signed());
}

#[test]
fn a_token_of_an_earlier_version_is_one_of_open_mode_issued_long_ago() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let claims = serde_json::json!({ "sub": "ada", "exp": NOW / 1000 + 60 });
    let text = jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, key.encoding());
    let expected = SignedToken { issued_at: 0, ..token(TokenOrigin::Open) };
    assert_eq!(read(&key, &text.unwrap(), NOW), Some(expected));
}

#[test]
fn a_token_with_another_key_algorithm_or_content_is_none_of_ours() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let other = SigningKey::from_bytes(&[8; 32]);
    let text = sign(&other, &token(TokenOrigin::Open), HOUR).unwrap();
    assert_eq!(read(&key, &text, NOW), None);

    let claims = serde_json::json!({ "sub": "ada", "exp": NOW / 1000 + 60 });
    let header = Header::new(Algorithm::HS512);
    let text = jsonwebtoken::encode(&header, &claims, key.encoding()).unwrap();
    assert_eq!(read(&key, &text, NOW), None);

    let good = sign(&key, &token(TokenOrigin::Open), HOUR).unwrap();
    let (start, signature) = good.rsplit_once('.').unwrap();
    for text in ["", "..", "a.b.c", start, &format!("{start}."), &format!("{start}x.{signature}")] {
        assert_eq!(read(&key, text, NOW), None, "{text}");
    }
}
