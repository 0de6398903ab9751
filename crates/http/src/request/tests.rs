use super::*;

fn written(request: Request) -> hyper::Request<Full<Bytes>> {
    request.finish().unwrap()
}

#[test]
fn user_and_password_of_a_url_go_into_a_header_and_nowhere_else() {
    let url = Url::parse("https://ada:a%3Ab%20c@example.org/path?query=1").unwrap();
    let request = written(Request::new(Method::GET, &url));
    assert_eq!(request.uri(), "https://example.org/path?query=1");
    let header = &request.headers()[AUTHORIZATION];
    assert!(header.is_sensitive());
    let text = header.to_str().unwrap().strip_prefix("Basic ").unwrap();
    assert_eq!(BASE64_STANDARD.decode(text).unwrap(), b"ada:a:b c");
}

#[test]
fn a_url_without_a_user_has_no_such_header() {
    let url = Url::parse("http://example.org:8080/").unwrap();
    let request = written(Request::new(Method::GET, &url));
    assert_eq!(request.uri(), "http://example.org:8080/");
    assert!(!request.headers().contains_key(AUTHORIZATION));
}

#[test]
fn a_secret_replaces_what_the_url_says() {
    let url = Url::parse("http://ada:secret@example.org/").unwrap();
    let request = Request::new(Method::GET, &url).secret(AUTHORIZATION, "Bearer key");
    let request = written(request);
    let headers = request.headers().get_all(AUTHORIZATION).iter().collect::<Vec<_>>();
    assert_eq!(headers, ["Bearer key"]);
}

#[test]
fn what_no_header_can_hold_is_an_error() {
    let url = Url::parse("http://example.org/").unwrap();
    let request = Request::new(Method::GET, &url).secret(AUTHORIZATION, "Bearer \n");
    assert!(matches!(request.finish(), Err(Error::Request(_))));
}
