//! The sample application, as files of the HTTP listener. How it works in a browser is tested in
//! `clients/js/tests/sample.test.js`.

use super::{
    http::{ask, field},
    start,
};

#[test]
fn the_sample_application_is_there_as_the_settings_say() {
    let status = |settings: &str| ask(&start(settings), "GET /sample/", None, "").status;
    assert_eq!(status(""), 200);
    assert_eq!(status("api.sample = \"never\"\n"), 404);
    assert_eq!(status("access.mode = \"tokens\"\n"), 404);
    assert_eq!(status("access.mode = \"tokens\"\napi.sample = \"always\"\n"), 200);
}

#[test]
fn its_files_have_their_types_and_say_where_the_broker_is() {
    let broker = start("");
    let get = |path: &str| ask(&broker, &format!("GET {path}"), None, "");
    let redirect = get("/sample");
    assert_eq!((redirect.status, field(&redirect.head, "location")), (308, Some("sample/")));
    for (path, kind) in [
        ("/sample/", "text/html; charset=utf-8"),
        ("/sample/app.js", "text/javascript; charset=utf-8"),
        ("/sample/client/browser.js", "text/javascript; charset=utf-8"),
        ("/sample/sample.css", "text/css; charset=utf-8"),
        ("/sample/mark.svg", "image/svg+xml"),
    ] {
        let answer = get(path);
        assert_eq!((answer.status, field(&answer.head, "content-type")), (200, Some(kind)));
        let policy = field(&answer.head, "content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
    }
    let told = get("/sample/broker.json").json();
    let listeners = told["listeners"].as_array().unwrap();
    assert!(!listeners.is_empty(), "{told}");
    for listener in listeners {
        assert!(listener["port"].is_u64() && listener["tls"].is_string(), "{listener}");
    }
}
