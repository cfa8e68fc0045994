use super::*;

/// A line, what it stands for (or a part of what is said about it), and why.
const LINES: &str = r"
192.0.2.7                      | net 192.0.2.7/32               | one address
2001:DB8::7                    | net 2001:db8::7/128            | one address, IPv6, any case
::ffff:192.0.2.7               | net 192.0.2.7/32               | an IPv4 address in IPv6's clothes
192.0.2.0/24                   | net 192.0.2.0/24               | CIDR
2001:db8::/32                  | net 2001:db8::/32              | CIDR, IPv6
::ffff:192.0.2.0/120           | net 192.0.2.0/24               | mapped
0.0.0.0/0                      | net 0.0.0.0/0                  | all of IPv4
10.1.                          | net 10.1.0.0/16                | partial, with its dot
10.1                           | net 10.1.0.0/16                | partial, without it
10.                            | net 10.0.0.0/8                 | one number
10.1.1.                        | net 10.1.1.0/24                | three
10.1.1.10-20                   | from 10.1.1.10 to 10.1.1.20    | a range of last numbers
10.1.1.10-10.1.1.20            | from 10.1.1.10 to 10.1.1.20    | a range of addresses
10.1.1.10 - 10.1.2.20          | from 10.1.1.10 to 10.1.2.20    | with room around the dash
10.1.1-5.                      | from 10.1.1.0 to 10.1.5.255    | a range of networks
10.1-2                         | from 10.1.0.0 to 10.2.255.255  | and of larger ones
2001:db8::1-2001:DB8::ff       | from 2001:db8::1 to 2001:db8::ff | IPv6 range
Mail.Example.ORG               | host mail.example.org          | a name
mail.example.org.              | host mail.example.org          | with the root's dot
.Example.org                   | below .example.org             | everything within
1and1.example                  | host 1and1.example             | a name that begins with a digit
ALL                            | all                            | any case
sbrs[-10.0:-3.0]               | score -10.0 -3.0               | as it is written elsewhere
SBRS[ -3 : 10 ]                | score -3.0 10.0                | whole numbers, spaces
sbrs[6.50:6.5]                 | score 6.5 6.5                  | a zero more
SBRS[none]                     | no score                       | no reputation
dnslist[Bl.Example.org]        | list bl.example.org            | a DNS list
dnslist[bl.example.org=127.0.0.2] | list bl.example.org 127.0.0.2 | one of its answers
Country[de]                    | country DE                     | a country
                           | none of the forms              | nothing
192.0.2.1/24                   | write 192.0.2.0/24 for the network, or 192.0.2.1 | host bits
192.0.2.0/33                   | is no network                  | a prefix too long
10.1.1.20-10                   | write 10.1.1.10-10.1.1.20      | backwards
10.1.1.1-2001:db8::1           | begins in IPv4 and ends in IPv6 | two families
2001:db8::1-ff                 | without a whole address        | IPv6 has no short range
10.1.1.256                     | four numbers from 0 to 255     | no number of an address
10.1.1.1.1                     | four numbers                   | too many
10.1.1.1.                      | four numbers                   | a whole address and a dot
10..1                          | four numbers                   | a hole
sbrs[3:-3]                     | write sbrs[-3.0:3.0]           | backwards
sbrs[-11:3]                    | no score from -10.0 to 10.0    | out of range
sbrs[1.25:3]                   | in steps of 0.1                | too fine
sbrs[5]                        | sbrs[LOWEST:HIGHEST]           | one number
sbrs[]                         | sbrs[LOWEST:HIGHEST]           | none
dnslist[a.example, b.example]  | which is no zone               | two lists are two lines
dnslist[bl.example=2]          | no IPv4 address                | no answer
country[deu]                   | the two letters of one country | three letters
sbo:33                         | name the addresses             | another vendor's numbers
network[1]                     | where sbrs, dnslist or country | an unknown word
*.example.org                  | none of the forms              | no stars
user@example.org               | none of the forms              | no addresses of people
[192.0.2.1]                    | none of the forms              | no literals
";

fn shown(hosts: &Hosts) -> String {
    match hosts {
        Hosts::Network(network) => format!("net {network}"),
        Hosts::Range(first, last) => format!("from {first} to {last}"),
        Hosts::Host(name) => format!("host {name}"),
        Hosts::Below(name) => format!("below {name}"),
        Hosts::Score(lowest, highest) => format!("score {lowest} {highest}"),
        Hosts::NoScore => "no score".into(),
        Hosts::DnsList(zone) => format!("list {zone}"),
        Hosts::DnsListCode(zone, code) => format!("list {zone} {code}"),
        Hosts::Country(country) => format!("country {country}"),
        Hosts::All => "all".into(),
    }
}

#[test]
fn every_form_of_an_appliance_is_read_and_everything_else_explained() {
    for row in LINES.trim_matches('\n').lines() {
        let columns: Vec<&str> = row.split(" | ").map(str::trim).collect();
        match columns[0].parse::<HostPattern>() {
            Ok(pattern) => {
                assert_eq!(shown(&pattern.hosts), columns[1], "{row}");
                assert_eq!(pattern.to_string(), columns[0], "as it is written");
            }
            Err(why) => assert!(why.contains(columns[1]), "{row}: {why}"),
        }
    }
}

#[test]
fn a_range_falls_into_the_networks_that_cover_it() {
    let networks = |line: &str| {
        let pattern: HostPattern = line.parse().expect("valid");
        let networks = pattern.hosts.networks();
        networks.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(networks("10.1.1.10-13"), ["10.1.1.10/31", "10.1.1.12/31"]);
    assert_eq!(networks("0.0.0.0-255.255.255.255"), ["0.0.0.0/0"]);
    assert_eq!(networks("2001:db8::1-2001:db8::1"), ["2001:db8::1/128"]);
    assert_eq!(networks("all"), [""; 0]);
}
