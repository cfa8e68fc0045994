//! The search over everything that came: delivered, held and refused. It walks the rows newest first within the time
//! asked for, at most `limits::SEARCH_ROWS_MAX` of them for one page; a Message-ID has an index of its own.

use crate::columns::{Column, Stored};
use crate::record::Found;
use crate::{Store, cursor, keys};
use postern_quarantine_api::{Failure, Page, TrackQuery, TrackRow};
use postern_vocab::{Timestamp, limits};
use std::net::IpAddr;

/// Rows in a page when none are asked for.
const PAGE_ROWS: usize = 50;

/// A query, read.
struct Wanted<'a> {
    query: &'a TrackQuery,
    from: Option<String>,
    to: Option<String>,
    subject: Vec<String>,
    message_id: Option<String>,
    network: Option<(IpAddr, u8)>,
    attachment: Option<String>,
    policy: Option<String>,
}

impl Store {
    /// One page of rows, newest first.
    pub(crate) fn track(&self, query: &TrackQuery) -> Result<Page<TrackRow>, Failure> {
        let wanted = Wanted::read(query)?;
        let place = match &query.cursor {
            Some(cursor) => cursor::read(cursor, keys::TRACKING_OCTETS)?,
            // The first key before `until`, which itself is not wanted.
            None => match query.until {
                Some(until) => keys::tracking_from(until.minus(std::time::Duration::from_millis(1))).to_vec(),
                None => Vec::new(),
            },
        };
        let (column, prefix) = match &wanted.message_id {
            Some(message_id) => (Column::MessageIds, keys::message_id_prefix(message_id)),
            None => (Column::Tracking, Vec::new()),
        };
        let start = [prefix.as_slice(), &place].concat();
        let limit = match query.limit {
            0 => PAGE_ROWS,
            limit => limit.min(limits::PAGE_ROWS_MAX),
        };
        let mut rows = Vec::new();
        for (looked_at, item) in self.columns.scan(column, &prefix, &start).enumerate() {
            let Stored(key, octets) = item?;
            let key = &key[prefix.len()..];
            if keys::tracking_time(key) < query.since {
                break;
            }
            if rows.len() >= limit || looked_at >= limits::SEARCH_ROWS_MAX {
                let next = Some(cursor::write(key));
                return Ok(Page { rows, next });
            }
            let found: Option<Found> = match column {
                Column::Tracking => Some(self.columns.decode(column, &octets)?),
                _ => self.columns.read(Column::Tracking, key)?,
            };
            rows.extend(found.filter(|found| wanted.fits(found)).map(|found| found.row));
        }
        Ok(Page { rows, next: None })
    }
}

impl<'a> Wanted<'a> {
    fn read(query: &'a TrackQuery) -> Result<Self, Failure> {
        let folded = |text: &Option<String>| text.as_ref().map(|text| text.trim().to_lowercase());
        let message_id = folded(&query.message_id).map(|text| {
            let text = text.strip_prefix('<').unwrap_or(&text);
            text.strip_suffix('>').unwrap_or(text).to_owned()
        });
        let words = query.subject.as_deref().unwrap_or_default();
        Ok(Self {
            query,
            from: folded(&query.from),
            to: folded(&query.to),
            subject: words.split_whitespace().map(str::to_lowercase).collect(),
            message_id,
            network: query.ip.as_deref().map(network).transpose()?,
            attachment: folded(&query.attachment),
            policy: folded(&query.policy),
        })
    }

    fn fits(&self, found: &Found) -> bool {
        let row = &found.row;
        self.fits_state(found)
            && self.from.as_ref().is_none_or(|from| {
                row.sender
                    .as_ref()
                    .is_some_and(|sender| address_fits(sender, from))
            })
            && self
                .to
                .as_ref()
                .is_none_or(|to| row.recipients.iter().any(|one| address_fits(one, to)))
            && self.network.is_none_or(|network| {
                let ip: Option<IpAddr> = row.ip.as_ref().and_then(|ip| ip.parse().ok());
                ip.is_some_and(|ip| is_in(ip, network))
            })
            && self
                .message_id
                .as_ref()
                .is_none_or(|id| row.message_id.to_lowercase() == *id)
            && self.attachment.as_ref().is_none_or(|name| {
                found
                    .attachments
                    .iter()
                    .any(|one| one.to_lowercase().contains(name.as_str()))
            })
            && self
                .policy
                .as_ref()
                .is_none_or(|name| found.policies.iter().any(|one| one.to_lowercase() == *name))
            && self.fits_subject(&row.subject)
    }

    fn fits_state(&self, found: &Found) -> bool {
        let at = found.row.at;
        let after = |since: Timestamp| at >= since;
        let before = |until: Timestamp| at < until;
        (found.refused || !self.query.rejected)
            && self.query.state.is_none_or(|state| found.row.state == state)
            && self.query.since.is_none_or(after)
            && self.query.until.is_none_or(before)
    }

    fn fits_subject(&self, subject: &str) -> bool {
        if self.subject.is_empty() {
            return true;
        }
        let subject = subject.to_lowercase();
        self.subject.iter().all(|word| subject.contains(word.as_str()))
    }
}

/// `@domain` fits whole domains, `<>` the null sender, anything else a part.
fn address_fits(address: &str, wanted: &str) -> bool {
    let address = address.to_lowercase();
    match wanted {
        "<>" => address.is_empty(),
        _ if wanted.starts_with('@') => address.ends_with(wanted),
        _ => address.contains(wanted.trim_start_matches('<').trim_end_matches('>')),
    }
}

fn network(text: &str) -> Result<(IpAddr, u8), Failure> {
    let text = text.trim();
    let wrong = || {
        Failure::Invalid(format!(
            "\"{text}\" is not an address or network; write 192.0.2.7 or 192.0.2.0/24"
        ))
    };
    let (address, bits) = match text.split_once('/') {
        Some((address, bits)) => (address, Some(bits.parse().map_err(|_| wrong())?)),
        None => (text, None),
    };
    let address = address.parse::<IpAddr>().map_err(|_| wrong())?.to_canonical();
    let most = if address.is_ipv4() { 32 } else { 128 };
    match bits.unwrap_or(most) {
        bits if bits <= most => Ok((address, bits)),
        _ => Err(wrong()),
    }
}

fn is_in(ip: IpAddr, (network, bits): (IpAddr, u8)) -> bool {
    match (ip, network) {
        (IpAddr::V4(ip), IpAddr::V4(network)) => {
            let drop = 32 - u32::from(bits);
            u64::from(ip.to_bits()) >> drop == u64::from(network.to_bits()) >> drop
        }
        (IpAddr::V6(ip), IpAddr::V6(network)) => {
            let shift = |bits_of: u128| bits_of.checked_shr(128 - u32::from(bits)).unwrap_or(0);
            shift(ip.to_bits()) == shift(network.to_bits())
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_fit_by_their_bits() {
        let rows = [
            ("192.0.2.7", "192.0.2.7", true),
            ("192.0.2.7", "192.0.2.0/24", true),
            ("192.0.3.7", "192.0.2.0/24", false),
            ("192.0.3.7", "0.0.0.0/0", true),
            ("2001:db8::1", "2001:db8::/32", true),
            ("2001:db9::1", "2001:db8::/32", false),
            ("2001:db9::1", "::/0", true),
            ("192.0.2.7", "::/0", false),
        ];
        for (ip, text, fits) in rows {
            let network = network(text).expect(text);
            assert_eq!(is_in(ip.parse().expect(ip), network), fits, "{ip} in {text}");
        }
        for wrong in ["", "192.0.2", "192.0.2.0/33", "x/8"] {
            assert!(network(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_fit_by_part_domain_or_absence() {
        let rows = [
            ("Bob@example.com", "bob", true),
            ("bob@example.com", "@example.com", true),
            ("bob@example.com.au", "@example.com", false),
            ("", "<>", true),
            ("bob@example.com", "<>", false),
        ];
        for (address, wanted, fits) in rows {
            assert_eq!(address_fits(address, wanted), fits, "{address} {wanted}");
        }
    }
}
