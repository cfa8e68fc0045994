//! One connection to the directory: TLS, who we are there, and one search. RFC 4511 §4.2 (bind), §4.5 (search), §4.14
//! (StartTLS); RFC 4513 §5.1.2 (a name without a password is nobody, so it is not sent).

use ldap3::result::SearchResult;
use ldap3::{Ldap, LdapConnAsync, LdapConnSettings, Scope, SearchOptions};
use postern_policy::Directory;
use postern_vocab::limits;
use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use std::path::Path;
use std::sync::Arc;
use tokio::time::Instant;

/// RFC 4511 §4.1.9.
const SUCCESS: u32 = 0;
/// RFC 4511 §4.1.9: there are more entries than the one that was asked for.
const SIZE_LIMIT_EXCEEDED: u32 = 4;
/// RFC 4511 §4.5.1.8: no attributes, only whether there is an entry.
const NO_ATTRIBUTES: [&str; 1] = ["1.1"];

/// Why it is not known whether there is an entry. The texts name cause and remedy, and are for the administrator only.
#[derive(Debug)]
pub(super) enum Failure {
    /// There was no answer, or nobody to ask.
    NoAnswer(String),
    /// The directory answered with an error of its own.
    Complaint(String),
}

/// A connection that is logged in.
pub(super) struct Connection {
    ldap: Ldap,
    last_used: Instant,
}

impl Connection {
    /// Connects and logs in. The caller has the deadline.
    pub(super) async fn open(settings: &Directory) -> Result<Self, Failure> {
        let url = &settings.url;
        let tls = ldap_settings(settings).map_err(Failure::NoAnswer)?;
        let (driver, mut ldap) = LdapConnAsync::with_settings(tls, url)
            .await
            .map_err(|error| {
                Failure::NoAnswer(format!(
                    "cannot connect to the directory {url}: {error}; check [directory] url, start_tls and authorities"
                ))
            })?;
        // It ends with the last handle; how it ended, the search under way hears.
        tokio::spawn(async move { driver.drive().await.is_ok() });
        if !settings.bind_dn.is_empty() {
            let password = password(settings).map_err(Failure::NoAnswer)?;
            let bound = ldap.simple_bind(&settings.bind_dn, &password).await;
            bound.and_then(ldap3::LdapResult::success).map_err(|error| {
                let who = &settings.bind_dn;
                Failure::NoAnswer(format!(
                    "the directory {url} does not let {who} in: {error}; check [directory] bind_dn and bind_password_file"
                ))
            })?;
        }
        let last_used = Instant::now();
        Ok(Self { ldap, last_used })
    }

    /// Whether it can be used again.
    pub(super) fn is_good(&mut self) -> bool {
        !self.ldap.is_closed() && self.last_used.elapsed() < limits::DIRECTORY_IDLE
    }

    /// Whether at least one entry fits a filter.
    pub(super) async fn has_entry(&mut self, settings: &Directory, filter: &str) -> Result<bool, Failure> {
        self.last_used = Instant::now();
        let time_limit = i32::try_from(limits::RECIPIENT_CHECK_TIMEOUT.as_secs()).unwrap_or(i32::MAX);
        let options = SearchOptions::new().sizelimit(1).timelimit(time_limit);
        let search = self.ldap.with_search_options(options);
        let found = search
            .search(&settings.base, Scope::Subtree, filter, NO_ATTRIBUTES)
            .await;
        let url = &settings.url;
        match found {
            Ok(found) => judge(&found).map_err(|why| {
                let base = &settings.base;
                Failure::Complaint(format!(
                    "the directory {url} does not search below \"{base}\": {why}; check [directory] base and filter"
                ))
            }),
            Err(ldap3::LdapError::FilterParsing) => Err(Failure::Complaint(format!(
                "\"{filter}\" is not a search filter: check [directory] filter"
            ))),
            Err(error) => Err(Failure::NoAnswer(format!(
                "the directory {url} does not answer: {error}; check that it is up"
            ))),
        }
    }
}

/// What a search found. An error is never "no such entry": a base that is not there would make every recipient unknown.
fn judge(found: &SearchResult) -> Result<bool, String> {
    let SearchResult(entries, result) = found;
    let elsewhere = result.refs.iter().find(|one| may_hold_recipients(one));
    match (result.rc, elsewhere) {
        (SUCCESS | SIZE_LIMIT_EXCEEDED, _) if !entries.is_empty() => Ok(true),
        (SUCCESS, None) => Ok(false),
        (SUCCESS, Some(other)) => Err(format!("it has no entry, and refers to {other}")),
        _ => Err(result.to_string()),
    }
}

/// Whether somebody could be found where a search was referred to. Each search below the root of an Active Directory
/// refers to these partitions.
fn may_hold_recipients(url: &str) -> bool {
    let url = url.to_ascii_lowercase();
    let partitions = ["dc=domaindnszones,", "dc=forestdnszones,", "cn=configuration,"];
    !partitions.iter().any(|one| url.contains(one))
}

/// What is read of files is read at each new connection, so that a new password or authority needs no restart. They are
/// small, and this is no shard's thread.
fn ldap_settings(settings: &Directory) -> Result<LdapConnSettings, String> {
    let base = LdapConnSettings::new().set_starttls(settings.start_tls);
    let Some(authorities) = &settings.authorities else {
        return Ok(base);
    };
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS is not to be had: {error}"))?
        .with_root_certificates(roots(authorities)?)
        .with_no_client_auth();
    Ok(base.set_config(Arc::new(config)))
}

fn roots(file: &Path) -> Result<RootCertStore, String> {
    let unusable = |why: String| {
        let file = file.display();
        format!("{file} has no usable certificate: {why}; check [directory] authorities")
    };
    let mut roots = RootCertStore::empty();
    let certificates = CertificateDer::pem_file_iter(file).map_err(|error| unusable(error.to_string()))?;
    for certificate in certificates {
        let certificate = certificate.map_err(|error| unusable(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| unusable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unusable("there is none in it".to_owned()));
    }
    Ok(roots)
}

/// The first line of the file.
fn password(settings: &Directory) -> Result<String, String> {
    let who = &settings.bind_dn;
    let Some(file) = &settings.bind_password_file else {
        return Err(format!(
            "{who} has no password: set [directory] bind_password_file"
        ));
    };
    let shown = file.display();
    let text = std::fs::read_to_string(file)
        .map_err(|error| format!("{shown} cannot be read: {error}; check [directory] bind_password_file"))?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(line.to_owned()),
        _ => Err(format!(
            "{shown} has no password on its first line: the directory would take us for nobody"
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ldap3::{LdapResult, ResultEntry};

    fn search(entries: usize, rc: u32, refs: &[&str]) -> SearchResult {
        let entry = ldap3::asn1::StructureTag {
            class: ldap3::asn1::TagClass::Application,
            id: 4,
            payload: ldap3::asn1::PL::C(Vec::new()),
        };
        let result = LdapResult {
            rc,
            matched: String::new(),
            text: String::new(),
            refs: refs.iter().map(ToString::to_string).collect(),
            ctrls: Vec::new(),
        };
        SearchResult(vec![ResultEntry::new(entry); entries], result)
    }

    #[test]
    fn only_a_search_that_was_whole_says_that_nobody_is_there() {
        let zones = "ldap://DomainDnsZones.example.com/DC=DomainDnsZones,DC=example,DC=com";
        let child = "ldap://child.example.com/DC=child,DC=example,DC=com";
        let none: &[&str] = &[];
        let rows = [
            (1, 0, none, Some(true), "an entry"),
            (1, 4, none, Some(true), "the first of several"),
            (1, 0, &[child][..], Some(true), "an entry is an entry"),
            (0, 0, none, Some(false), "nobody"),
            (
                0,
                0,
                &[zones][..],
                Some(false),
                "an Active Directory's own partitions hold nobody",
            ),
            (0, 0, &[zones, child][..], None, "a child domain may"),
            (0, 4, none, None, "a limit, and no entry"),
            (0, 3, none, None, "out of time"),
            (0, 10, &[child][..], None, "referral"),
            (0, 32, none, None, "no such base"),
            (0, 50, none, None, "not allowed to look"),
            (0, 51, none, None, "busy"),
        ];
        for (entries, rc, refs, expected, reason) in rows {
            let judged = judge(&search(entries, rc, refs));
            assert_eq!(judged.ok(), expected, "{reason}");
        }
    }
}
