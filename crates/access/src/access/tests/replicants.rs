//! Who may be a replicant.

use super::*;

/// Says whether the identity may, from an address of the cluster's hosts or from another.
fn may(access: &Arc<Access>, identity: Arc<Identity>) -> (bool, bool) {
    let rights = access.admission(identity).rights.unwrap();
    (rights.may_replicate(true), rights.may_replicate(false))
}

fn naming(client: &str, mode: Mode) -> Settings {
    let clients = BTreeSet::from([client.to_owned()]);
    let replicants = Replicants { clients, by_address: false };
    Settings { replicants, ..with_certificates(mode) }
}

#[test]
fn in_tokens_mode_only_whom_the_settings_name_may_wherever_it_is() {
    let access = access(naming("pump", Mode::Tokens));
    let pump = access.identify("pump", "secret", None, NOW).unwrap();
    assert_eq!(may(&access, pump), (true, true));
    let certified =
        access.identify("pump", "", Some(&certificate("pump", NOW + 1000)), NOW).unwrap();
    assert_eq!(may(&access, certified), (true, true));
    let other = access.identify("ada", "", Some(&certificate("ada", NOW + 1000)), NOW).unwrap();
    assert_eq!(may(&access, other), (false, false));
    assert!(access.replicant_by_address("id").is_none());
}

#[test]
fn in_open_mode_an_address_is_enough_and_a_name_that_is_only_said_is_not() {
    let access = access(naming("ada", Mode::Open));
    assert_eq!(may(&access, access.anybody("ada", NOW).unwrap()), (true, false));
    let (grant, _) = access.authenticate(r#"{"client_name":"ada"}"#, None, NOW).unwrap();
    let with_token = access.identify("ada", &grant.token, None, NOW).unwrap();
    assert_eq!(may(&access, with_token), (true, false));
    // Nor is it when the mode has changed since.
    access.replace(naming("ada", Mode::Tokens)).unwrap();
    let with_token = access.identify("ada", &grant.token, None, NOW).unwrap();
    assert_eq!(may(&access, with_token), (false, false));
}

#[test]
fn where_the_settings_say_so_an_address_is_enough_until_they_say_so_no_more() {
    let by_address = Replicants { by_address: true, ..Replicants::default() };
    let access = access(Settings { replicants: by_address, ..settings(Mode::Tokens) });
    let rights = access.replicant_by_address("id").unwrap().rights.unwrap();
    assert!(rights.may_replicate(true) && !rights.may_replicate(false));
    assert!(rights.renewed(NOW).is_some());
    access.replace(settings(Mode::Tokens)).unwrap();
    assert!(rights.renewed(NOW).is_none());
}

#[test]
fn whoever_is_named_no_more_loses_the_right_and_keeps_its_session() {
    let access = access(naming("pump", Mode::Tokens));
    let pump = access.identify("pump", "secret", None, NOW).unwrap();
    let rights = access.admission(pump).rights.unwrap();
    access.replace(settings(Mode::Tokens)).unwrap();
    assert!(!rights.renewed(NOW).unwrap().may_replicate(true));
}
