//! The server's own TLS identity: a P-256 root that only this council's devices know, and a short-lived certificate under it.
//!
//! Devices learn the root from the signed key bundle, so no public authority is needed; a council that has a certificate from one
//! puts it in front. TLS hides routes and sizes; what is said is sealed apart from it in any case.

use chrono::{DateTime, Datelike, Duration};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use visitbook_record::time::WallMillis;
use zeroize::Zeroizing;

const ROOT_YEARS: i64 = 20;
/// The longest that Apple's systems accept under a root which an organisation added is 825 days.
const LEAF_DAYS: i64 = 397;

/// The identity could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TlsError {
    /// The certificate library refused.
    #[error("the TLS identity could not be made")]
    NotMade,
    /// The clock is not within the years that a certificate can name.
    #[error("the clock is not within the years that a certificate can name")]
    Clock,
}

/// The root's certificate and key.
pub(crate) struct Root {
    /// For the key bundle.
    pub(crate) certificate_der: Vec<u8>,
    /// For the chain.
    pub(crate) certificate_pem: String,
    /// To be stored.
    pub(crate) key_pem: Zeroizing<String>,
    issuer: Issuer<'static, KeyPair>,
}

/// A server certificate with the root behind it, and its key.
pub(crate) struct Leaf {
    /// Leaf, then root.
    pub(crate) certificate_pem: String,
    /// To be stored.
    pub(crate) key_pem: Zeroizing<String>,
    /// When it ends.
    pub(crate) ends: WallMillis,
}

fn refused(_: rcgen::Error) -> TlsError {
    TlsError::NotMade
}

/// Makes a root.
///
/// # Errors
/// [`TlsError`].
pub(crate) fn make_root(council: &str, now: WallMillis) -> Result<Root, TlsError> {
    let key = KeyPair::generate().map_err(refused)?;
    let mut params = root_params(council)?;
    valid(&mut params, &day(now, -1)?, &day(now, ROOT_YEARS * 365)?);
    let certificate = params.self_signed(&key).map_err(refused)?;
    Ok(Root {
        certificate_der: certificate.der().to_vec(),
        certificate_pem: certificate.pem(),
        key_pem: Zeroizing::new(key.serialize_pem()),
        issuer: Issuer::new(params, key),
    })
}

/// Takes up the root that [`make_root`] made.
///
/// # Errors
/// [`TlsError::NotMade`] if the key does not read.
pub(crate) fn read_root(
    certificate_pem: String,
    key_pem: String,
    council: &str,
) -> Result<Root, TlsError> {
    let key_pem = Zeroizing::new(key_pem);
    let key = KeyPair::from_pem(&key_pem).map_err(refused)?;
    Ok(Root {
        certificate_der: Vec::new(),
        certificate_pem,
        key_pem,
        issuer: Issuer::new(root_params(council)?, key),
    })
}

fn root_params(council: &str) -> Result<CertificateParams, TlsError> {
    let mut params = CertificateParams::new(Vec::new()).map_err(refused)?;
    // X.520 limits a common name to 64 characters.
    let name: String = format!("Visitbook TLS root, {council}")
        .chars()
        .take(64)
        .collect();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    Ok(params)
}

/// Makes a certificate for `host`, `localhost` and the loopback addresses.
///
/// # Errors
/// [`TlsError`].
pub(crate) fn make_leaf(root: &Root, host: &str, now: WallMillis) -> Result<Leaf, TlsError> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"]
        .map(str::to_owned)
        .to_vec();
    if !names.iter().any(|name| name == host) {
        names.push(host.to_owned());
    }
    let key = KeyPair::generate().map_err(refused)?;
    let mut params = CertificateParams::new(names).map_err(refused)?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params
        .distinguished_name
        .push(DnType::CommonName, "Visitbook server");
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let last = day(now, LEAF_DAYS)?;
    valid(&mut params, &day(now, -1)?, &last);
    let certificate = params.signed_by(&key, &root.issuer).map_err(refused)?;
    Ok(Leaf {
        certificate_pem: certificate.pem() + &root.certificate_pem,
        key_pem: Zeroizing::new(key.serialize_pem()),
        ends: last.midnight,
    })
}

struct Day {
    year: i32,
    month: u8,
    day: u8,
    midnight: WallMillis,
}

/// The day that is so many days from now.
fn day(now: WallMillis, days: i64) -> Result<Day, TlsError> {
    let date = DateTime::from_timestamp_millis(now.0)
        .and_then(|now| now.checked_add_signed(Duration::days(days)))
        .map(|then| then.date_naive())
        .filter(|date| (2000..9000).contains(&date.year()))
        .ok_or(TlsError::Clock)?;
    let midnight = date
        .and_hms_opt(0, 0, 0)
        .ok_or(TlsError::Clock)?
        .and_utc()
        .timestamp_millis();
    Ok(Day {
        year: date.year(),
        month: u8::try_from(date.month()).map_err(|_| TlsError::Clock)?,
        day: u8::try_from(date.day()).map_err(|_| TlsError::Clock)?,
        midnight: WallMillis(midnight),
    })
}

fn valid(params: &mut CertificateParams, from: &Day, until: &Day) {
    params.not_before = date_time_ymd(from.year, from.month, from.day);
    params.not_after = date_time_ymd(until.year, until.month, until.day);
}

/// The host in an address such as `https://visitbook.example.gov.uk:8443`.
#[must_use]
pub(crate) fn host_of(address: &str) -> Option<String> {
    let rest = address.strip_prefix("https://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let host = match authority.strip_prefix('[') {
        Some(v6) => v6.split_once(']')?.0,
        None => authority
            .rsplit_once(':')
            .map_or(authority, |(host, _)| host),
    };
    let fits = host
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':'));
    (!host.is_empty() && fits).then(|| host.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_read_from_addresses() {
        let cases = [
            ("https://localhost:1", Some("localhost")),
            ("https://a.example.gov.uk", Some("a.example.gov.uk")),
            ("https://127.0.0.1:8443/v1", Some("127.0.0.1")),
            ("https://[::1]:8443", Some("::1")),
            ("http://localhost", None),
            ("https://:8443", None),
            ("https://a b", None),
        ];
        for (address, host) in cases {
            assert_eq!(host_of(address).as_deref(), host, "{address}");
        }
    }

    #[test]
    fn a_clock_beyond_all_years_is_an_error_and_not_a_panic() {
        for clock in [i64::MIN, i64::MAX, -1, 300_000_000_000_000] {
            assert!(make_root("x", WallMillis(clock)).is_err(), "{clock}");
        }
    }
}
