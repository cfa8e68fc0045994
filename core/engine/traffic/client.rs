//! Which addresses are one client. It knows the mail flow policy's significant bits and nothing else.

use ipnet::IpNet;
use postern_policy::FlowPolicy;
use std::net::IpAddr;

/// The network that counts as one client under this policy. An IPv4 address inside IPv6 is the IPv4 address: a
/// listener on `[::]` must not give an IPv4 client a second account. RFC 4291 §2.5.5.2.
#[must_use]
pub fn client_network(address: IpAddr, policy: &FlowPolicy) -> IpNet {
    network_of(address, policy.significant_bits_v4, policy.significant_bits_v6)
}

/// The network of so many leading bits; more than the address has are all of it.
pub(super) fn network_of(address: IpAddr, bits_v4: u8, bits_v6: u8) -> IpNet {
    let address = address.to_canonical();
    let bits = match address {
        IpAddr::V4(_) => bits_v4.min(32),
        IpAddr::V6(_) => bits_v6.min(128),
    };
    IpNet::new(address, bits)
        .expect("no more bits than the address has")
        .trunc()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn significant_bits_make_the_client() {
        let rows = [
            // (address, v4 bits, v6 bits, client, why)
            ("192.0.2.77", 32, 64, "192.0.2.77/32", "the address itself"),
            ("192.0.2.77", 24, 64, "192.0.2.0/24", "its network"),
            ("192.0.2.77", 0, 64, "0.0.0.0/0", "everybody"),
            (
                "192.0.2.77",
                33,
                64,
                "192.0.2.77/32",
                "no more bits than there are",
            ),
            ("2001:db8:1:2:3::4", 32, 64, "2001:db8:1:2::/64", "the usual site"),
            ("2001:db8:1:2:3::4", 32, 255, "2001:db8:1:2:3::4/128", "all bits"),
            ("::ffff:192.0.2.77", 24, 64, "192.0.2.0/24", "IPv4 inside IPv6"),
        ];
        for (address, bits_v4, bits_v6, client, why) in rows {
            let policy = FlowPolicy {
                significant_bits_v4: bits_v4,
                significant_bits_v6: bits_v6,
                ..FlowPolicy::accepted()
            };
            let network = client_network(address.parse().unwrap(), &policy);
            assert_eq!(network.to_string(), client, "{why}");
        }
    }
}
