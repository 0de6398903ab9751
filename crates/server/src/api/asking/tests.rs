use super::*;

fn asking(method: Method, route: &str, path: &str) -> Asking {
    let (by, address) = (By::Key("app".to_owned()), IpAddr::from([127, 0, 0, 1]));
    Asking { by, address, method, route: route.to_owned(), path: path.to_owned() }
}

#[test]
fn what_a_route_names_is_read_from_the_path() {
    let ban = asking(Method::DELETE, "/v1/clients/{client}/ban", "/v1/clients/a%20b/ban");
    assert_eq!(ban.event(), "client-unbanned");
    assert_eq!(ban.named("{client}").as_deref(), Some("a b"));
    assert_eq!(ban.named("{channel}"), None);
}

#[test]
fn a_route_that_has_no_word_of_its_own_is_told_of_all_the_same() {
    assert_eq!(asking(Method::PUT, "/v2/anything", "/v2/anything").event(), "managed");
}
