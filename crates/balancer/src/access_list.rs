//! Who may connect at all.

use std::net::IpAddr;

use rialto_config::Network;

/// Which networks may connect.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct AccessList {
    /// Those that may; all, if there are none.
    pub(crate) allow: Vec<Network>,
    /// Those that may not, also if they are among those that may.
    pub(crate) deny: Vec<Network>,
}

impl AccessList {
    /// Says whether a client at this address may connect.
    pub(crate) fn admits(&self, address: IpAddr) -> bool {
        let has = |networks: &[Network]| networks.iter().any(|it| it.contains(address));
        !has(&self.deny) && (self.allow.is_empty() || has(&self.allow))
    }
}

#[cfg(test)]
mod tests {
    use super::AccessList;

    #[test]
    fn who_is_denied_is_out_and_who_is_not_allowed_too() {
        let list = |allow: &[&str], deny: &[&str]| {
            let networks = |texts: &[&str]| {
                texts.iter().map(|text| text.parse().expect("a network")).collect()
            };
            AccessList { allow: networks(allow), deny: networks(deny) }
        };
        let admits =
            |list: &AccessList, address: &str| list.admits(address.parse().expect("an address"));
        assert!(admits(&list(&[], &[]), "192.0.2.1"));
        assert!(!admits(&list(&[], &["192.0.2.0/24"]), "::ffff:192.0.2.1"));
        assert!(!admits(&list(&["10.0.0.0/8"], &[]), "192.0.2.1"));
        assert!(!admits(&list(&["10.0.0.0/8"], &["10.1.0.0/16"]), "10.1.0.1"));
        assert!(admits(&list(&["10.0.0.0/8"], &["10.1.0.0/16"]), "10.2.0.1"));
    }
}
