//! What counts as one address wherever peers are counted by it.

use std::net::IpAddr;

/// Returns what stands for an address wherever something is counted by address.
///
/// An IPv4 address is itself, also where it came mapped into IPv6 (`::ffff:192.0.2.1`), as on a
/// listener that serves both. An IPv6 address is its network of 64 bits: a customer is given at
/// least one of those, and could come from another address of it each time.
#[must_use]
pub fn network_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => IpAddr::V4(address),
        IpAddr::V6(address) => {
            let network = address.to_bits() & !u128::from(u64::MAX);
            IpAddr::V6(network.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_address_is_one_however_it_came_and_an_ipv6_address_is_its_network() {
        let cases = [
            ("192.0.2.1", "192.0.2.1"),
            ("::ffff:192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::"),
            ("2001:db8:1:3::1", "2001:db8:1:3::"),
            ("::1", "::"),
        ];
        for (address, network) in cases {
            assert_eq!(network_of(address.parse().unwrap()), network.parse::<IpAddr>().unwrap());
        }
    }
}
