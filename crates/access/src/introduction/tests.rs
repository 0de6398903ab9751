use super::*;

fn check(data: &str, expected: &str) {
    let read = match Introduction::parse(data) {
        None => "unknown".to_owned(),
        Some(Introduction::Nothing) => "nothing".to_owned(),
        Some(Introduction::Name(name)) => format!("name {name}"),
        Some(Introduction::Password { name, password, is_login }) => {
            format!("password {name} {} {is_login}", password.expose())
        }
        Some(Introduction::Jwt(jwt)) => format!("jwt {}", jwt.expose()),
    };
    assert_eq!(read, expected, "{data}");
}

#[test]
fn each_form_is_understood() {
    check(r#"{"client_name":"ada"}"#, "name ada");
    check(r#" {"client_name":"ada","other":[1]}"#, "name ada");
    check(r#"{"client_name":"ada","password":"p"}"#, "password ada p false");
    check(r#"{"login":{"email":"a@b","password":"p"}}"#, "password a@b p true");
    check(r#"{"login":{"user":"ada","password":"p"}}"#, "password ada p true");
    check(r#"{"login":{"name":"ada","password":"p"}}"#, "password ada p true");
    check(r#"{"jwt":"a.b.c","client_name":"ada"}"#, "jwt a.b.c");
    check("{}", "nothing");
}

#[test]
fn all_else_is_not() {
    // J-28
    let unknown = [
        "",
        "null",
        "7",
        r#""ada""#,
        r#"["ada"]"#,
        r#"{"client_name":7}"#,
        r#"{"client_name":"ada","password":7}"#,
        r#"{"login":{"name":"ada"}}"#,
        r#"{"login":{"password":"p"}}"#,
        r#"{"login":"ada"}"#,
        r#"{"jwt":{}}"#,
    ];
    for data in unknown {
        check(data, "unknown");
    }
}

#[test]
fn what_is_secret_is_not_in_debug() {
    let introduction = Introduction::parse(r#"{"client_name":"ada","password":"sesame"}"#);
    assert!(!format!("{introduction:?}").contains("sesame"));
}
