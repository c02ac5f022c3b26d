//! How far an address reaches: one that is nearer to the client than the server that names it leads
//! where that server cannot go itself, and would have the client go in its place.

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

/// How far an address reaches, the nearest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Reach {
    /// This machine: 127.0.0.0/8, `::1`, 0.0.0.0/8, `::`, names under `localhost` (RFC 6761 §6.3).
    Machine,
    /// What is on the same link: 169.254.0.0/16, `fe80::/10`. Clouds give out credentials there.
    Link,
    /// A network of one's own: RFC 1918, RFC 4193, and RFC 6598's shared addresses.
    Site,
    /// Everything else. Of a name nobody can tell: where it leads is for the DNS to say, and a name with
    /// private addresses is usual behind a hospital's firewall.
    World,
}

impl Reach {
    pub(crate) fn of(url: &Url) -> Self {
        match url.host() {
            Some(Host::Domain(name)) => of_name(name),
            Some(Host::Ipv4(address)) => of_v4(address),
            Some(Host::Ipv6(address)) => of_v6(address),
            None => Self::World,
        }
    }

    /// For messages: what kind of address it is.
    pub(crate) const fn in_words(self) -> &'static str {
        match self {
            Self::Machine => "an address of the machine that asks",
            Self::Link => "a link-local address",
            Self::Site => "a private address",
            Self::World => "a public address",
        }
    }
}

fn of_name(name: &str) -> Reach {
    let name = name.strip_suffix('.').unwrap_or(name);
    if name == "localhost" || name.ends_with(".localhost") { Reach::Machine } else { Reach::World }
}

fn of_v4(address: Ipv4Addr) -> Reach {
    match address.octets() {
        [0 | 127, ..] => Reach::Machine,
        // Broadcast, and clouds' services (RFC 6890 §2.2.2).
        [169, 254, ..] | [255, 255, 255, 255] | [192, 0, 0, _] => Reach::Link,
        [100, second, ..] if second & 0xC0 == 64 => Reach::Site,
        _ if address.is_private() => Reach::Site,
        _ => Reach::World,
    }
}

fn of_v6(address: Ipv6Addr) -> Reach {
    let segments = address.segments();
    match segments {
        [0, 0, 0, 0, 0, 0, 0, 0 | 1] => Reach::Machine,
        // Addresses with an IPv4 address in them: mapped, compatible, translated and NAT64 (RFC 4291 §2.5.5,
        // RFC 2765 §2.1, RFC 6052 §2.1, RFC 8215), 6to4 (RFC 3056 §2).
        [0, 0, 0, 0, 0, 0xFFFF | 0, high, low]
        | [0, 0, 0, 0, 0xFFFF, 0, high, low]
        | [0x64, 0xFF9B, 0, 0, 0, 0, high, low]
        | [0x64, 0xFF9B, 1, _, _, _, high, low]
        | [0x2002, high, low, ..] => {
            let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
            of_v4(Ipv4Addr::new(a, b, c, d))
        }
        [first, ..] if first & 0xFFC0 == 0xFE80 => Reach::Link,
        // fec0::/10 was for sites, too, until RFC 3879.
        [first, ..] if first & 0xFE00 == 0xFC00 || first & 0xFFC0 == 0xFEC0 => Reach::Site,
        _ => Reach::World,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_told_by_how_far_they_reach_in_every_spelling() {
        let rows: [(Reach, &[&str]); 4] = [
            (
                Reach::Machine,
                &[
                    "localhost",
                    "LOCALHOST",
                    "localhost.",
                    "a.localhost",
                    "127.0.0.1",
                    "127.255.0.1",
                    "0x7f.1",
                    "2130706433",
                    "0177.0.0.1",
                    "0.0.0.0",
                    "0",
                    "[::]",
                    "[::1]",
                    "[::ffff:127.0.0.1]",
                    "[::ffff:7f00:1]",
                    "[::127.0.0.1]",
                    "[64:ff9b::7f00:1]",
                    "[64:ff9b:1::7f00:1]",
                    "[::ffff:0:127.0.0.1]",
                    "[2002:7f00:1::]",
                ],
            ),
            (
                Reach::Link,
                &[
                    "169.254.169.254",
                    "192.0.0.192",
                    "255.255.255.255",
                    "[fe80::1]",
                    "[febf::1]",
                    "[::ffff:169.254.169.254]",
                ],
            ),
            (
                Reach::Site,
                &[
                    "10.0.0.1",
                    "10.255.255.255",
                    "172.16.0.1",
                    "172.31.255.255",
                    "192.168.1.1",
                    "100.64.0.1",
                    "100.127.255.255",
                    "[fc00::1]",
                    "[fd12:3456::1]",
                    "[fec0::1]",
                    "[::ffff:10.1.2.3]",
                ],
            ),
            (
                Reach::World,
                &[
                    "fhir.example.org",
                    "localhost.example.org",
                    "notlocalhost",
                    "9.255.255.255",
                    "11.0.0.1",
                    "100.63.0.1",
                    "100.128.0.1",
                    "128.0.0.1",
                    "169.253.0.1",
                    "172.15.0.1",
                    "172.32.0.1",
                    "192.167.0.1",
                    "203.0.113.1",
                    "[2001:db8::1]",
                    "[fe00::1]",
                    "[::ffff:8.8.8.8]",
                ],
            ),
        ];
        for (reach, hosts) in rows {
            for host in hosts {
                let url = Url::parse(&format!("https://{host}/token")).unwrap();
                assert_eq!(Reach::of(&url), reach, "{host}");
            }
        }
    }

    #[test]
    fn the_nearer_comes_first() {
        assert!(Reach::Machine < Reach::Link && Reach::Link < Reach::Site);
        assert!(Reach::Site < Reach::World);
    }
}
