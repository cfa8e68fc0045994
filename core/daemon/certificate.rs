//! A certificate of our own making, so that TLS works before anyone has thought of certificates. Mail servers that
//! deliver take it: they encrypt to whom they deliver, and do not ask who that is (RFC 7435).

use super::directories;
use jiff::civil::Date;
use postern_engine::policy::{CertificateFiles, Config};
use postern_engine::tls;
use postern_vocab::Domain;
use rcgen::{CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose};
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// Years for which it is valid. Nobody checks it, so nobody would renew it.
const VALID_YEARS: i32 = 10;

/// Where the self-signed certificate is. It is made where it is needed and missing, or has another host's name; else it
/// is kept, so that those who pinned it (RFC 7672 has hashes of it in the DNS) go on knowing us.
///
/// # Errors
/// A sentence for the administrator.
pub fn prepare(config: &Config) -> Result<CertificateFiles, String> {
    let files = files(config);
    let (directory, file) = (config.data_dir.join("keys"), files.key.clone());
    if !config.tls.certificates.is_empty() {
        return Ok(files);
    }
    if file.exists() {
        let names = tls::names(&files)
            .map_err(|error| format!("{error}; or remove {}, and it is made anew", file.display()))?;
        if names.iter().any(|name| name == config.hostname.as_str()) {
            return Ok(files);
        }
        eprintln!(
            "postern: the self-signed certificate is for {}; a new one is made for {}",
            names.join(", "),
            config.hostname
        );
    }
    let pem = self_signed(&config.hostname, jiff::Zoned::now().date()).map_err(|error| {
        format!(
            "no self-signed certificate can be made for {}: {error}",
            config.hostname
        )
    })?;
    keep(&directory, &file, pem.as_bytes()).map_err(|error| {
        format!(
            "the self-signed certificate {} cannot be written: {error}; make room, or give data_dir to the user that \
             postern runs as",
            file.display()
        )
    })?;
    eprintln!(
        "postern: made a self-signed certificate for {} in {}",
        config.hostname,
        file.display()
    );
    Ok(files)
}

/// The self-signed certificate, if it is there already and needed.
pub fn existing(config: &Config) -> Option<CertificateFiles> {
    let files = files(config);
    (config.tls.certificates.is_empty() && files.certificate.exists()).then_some(files)
}

fn files(config: &Config) -> CertificateFiles {
    let file = config.data_dir.join("keys").join("tls.pem");
    CertificateFiles {
        certificate: file.clone(),
        key: file,
    }
}

/// A key (ECDSA P-256: every client knows it) and its certificate, PEM.
fn self_signed(hostname: &Domain, today: Date) -> Result<String, rcgen::Error> {
    let key = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256)?;
    let mut params = CertificateParams::new([hostname.as_str().to_owned()])?;
    params
        .distinguished_name
        .push(DnType::CommonName, hostname.as_str());
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // From the day before, for clients whose clock or time zone is behind ours; to a day that every February has.
    let from = today.yesterday().unwrap_or(today);
    let (year, month, day) = (
        i32::from(from.year()),
        from.month().unsigned_abs(),
        from.day().unsigned_abs(),
    );
    params.not_before = rcgen::date_time_ymd(year, month, day);
    params.not_after = rcgen::date_time_ymd(year + VALID_YEARS, month, day.min(28));
    let certificate = params.self_signed(&key)?;
    Ok(format!("{}{}", certificate.pem(), key.serialize_pem()))
}

/// All of it, or nothing.
fn keep(directory: &Path, file: &Path, pem: &[u8]) -> io::Result<()> {
    directories::make(directory)?;
    let unfinished = file.with_extension("pem.new");
    match std::fs::remove_file(&unfinished) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut made = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&unfinished)?;
    made.write_all(pem)?;
    made.sync_all()?;
    std::fs::rename(&unfinished, file)?;
    File::open(directory)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;
    use postern_engine::policy;
    use postern_engine::tls::ServerTls;
    use std::os::unix::fs::PermissionsExt;

    fn config(data_dir: &Path, hostname: &str) -> Config {
        let text = format!(
            "hostname = \"{hostname}\"\ndata_dir = \"{}\"\n[[listener]]\nname = \"in\"\naddress = \"127.0.0.1:25\"\n\
             [[domain]]\nname = \"example.test\"\nroute = \"127.0.0.1:26\"\n",
            data_dir.display()
        );
        policy::load(&text, "test.toml").expect("a good configuration")
    }

    #[test]
    fn it_is_made_once_and_anew_for_another_name() {
        let place = tempfile::tempdir().expect("a directory");
        let read = |file: &Path| std::fs::read(file).expect("it is there");

        let files = prepare(&config(place.path(), "mx.example.test")).expect("made");
        let first = read(&files.certificate);
        let mode = |path: &Path| std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
        assert_eq!(mode(&files.key), 0o600, "the key is for us alone");
        assert_eq!(mode(&place.path().join("keys")), 0o700);
        assert_eq!(tls::names(&files), Ok(vec!["mx.example.test".to_owned()]));
        let tls =
            ServerTls::new(&config(place.path(), "mx.example.test").tls, &files).expect("it can be used");
        assert!(tls.in_force().warnings().is_empty(), "it is valid now");

        prepare(&config(place.path(), "mx.example.test")).expect("kept");
        assert_eq!(
            read(&files.certificate),
            first,
            "the same name: the same certificate"
        );
        prepare(&config(place.path(), "mail.example.test")).expect("made");
        assert_ne!(
            read(&files.certificate),
            first,
            "another name: another certificate"
        );
        assert_eq!(tls::names(&files), Ok(vec!["mail.example.test".to_owned()]));
    }

    #[test]
    fn none_is_made_where_there_are_certificates() {
        let place = tempfile::tempdir().expect("a directory");
        let mut config = config(place.path(), "mx.example.test");
        let own = CertificateFiles {
            certificate: "/etc/postern/tls.pem".into(),
            key: "/etc/postern/tls.pem".into(),
        };
        config.tls.certificates.push(own);
        let files = prepare(&config).expect("nothing to do");
        assert!(!files.certificate.exists());
    }

    #[test]
    fn a_file_that_is_broken_is_not_overwritten() {
        let place = tempfile::tempdir().expect("a directory");
        let config = config(place.path(), "mx.example.test");
        directories::make(&place.path().join("keys")).expect("made");
        let file = place.path().join("keys/tls.pem");
        std::fs::write(&file, "no certificate").expect("written");
        let error = prepare(&config).expect_err("it cannot be used");
        assert!(
            error.contains("tls.pem") && error.contains("made anew"),
            "{error}"
        );
        assert_eq!(std::fs::read(&file).expect("it is there"), b"no certificate");
    }
}
