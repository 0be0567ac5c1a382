//! Whom the device talks to: a server that a root of the council's own, or one the platform trusts, vouches for.
//!
//! The council's roots come from its key bundle, which was checked against the enrolment code, so they need no public
//! authority. They are tried first; the platform's verifier is asked about any other certificate, so that a council may
//! stand behind a public one. TLS 1.2 and 1.3 only, ring's suites only.
//!
//! TLS is the outer wrapper here: requests and replies are sealed inside it, and who opens it reads neither.

use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{self, CryptoProvider};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};

/// Verifies against these roots (DER) and the platform's.
///
/// # Errors
/// A root is not a certificate.
pub(super) fn verifying(roots: &[Vec<u8>]) -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(crypto::ring::default_provider());
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(CertificateDer::from(root.clone()))?;
    }
    let council: Option<Arc<dyn ServerCertVerifier>> = if store.is_empty() {
        None
    } else {
        let verifier =
            WebPkiServerVerifier::builder_with_provider(Arc::new(store), Arc::clone(&provider))
                .build()
                .map_err(|error| Error::General(error.to_string()))?;
        Some(verifier)
    };
    // A machine without any platform roots still reaches a council that has its own.
    let platform = rustls_platform_verifier::Verifier::new(Arc::clone(&provider))
        .ok()
        .map(|verifier| Arc::new(verifier) as Arc<dyn ServerCertVerifier>);
    let vouching = council.into_iter().chain(platform).collect();
    config(provider.clone(), Arc::new(Vouched { vouching, provider }))
}

/// Accepts whatever certificate is shown. Only for fetching the key bundle, whose fingerprint the enrolment code names:
/// the bundle is public, is compared with that before anything in it is used, and the request says nothing. A person in
/// the middle can keep it back, as anybody can who cuts the line, and nothing else.
///
/// # Errors
/// The protocol versions do not fit the suites, which cannot happen with ring's.
pub(super) fn accepting_any() -> Result<Arc<ClientConfig>, Error> {
    let provider = Arc::new(crypto::ring::default_provider());
    config(provider.clone(), Arc::new(Anybody { provider }))
}

fn config(
    provider: Arc<CryptoProvider>,
    verifier: Arc<dyn ServerCertVerifier>,
) -> Result<Arc<ClientConfig>, Error> {
    let config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[derive(Debug)]
struct Vouched {
    /// In the order in which they are asked.
    vouching: Vec<Arc<dyn ServerCertVerifier>>,
    provider: Arc<CryptoProvider>,
}

#[derive(Debug)]
struct Anybody {
    provider: Arc<CryptoProvider>,
}

macro_rules! verify_signatures {
    () => {
        fn verify_tls12_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let algorithms = &self.provider.signature_verification_algorithms;
            crypto::verify_tls12_signature(message, cert, dss, algorithms)
        }

        fn verify_tls13_signature(
            &self,
            message: &[u8],
            cert: &CertificateDer<'_>,
            dss: &DigitallySignedStruct,
        ) -> Result<HandshakeSignatureValid, Error> {
            let algorithms = &self.provider.signature_verification_algorithms;
            crypto::verify_tls13_signature(message, cert, dss, algorithms)
        }

        fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
            self.provider
                .signature_verification_algorithms
                .supported_schemes()
        }
    };
}

impl ServerCertVerifier for Vouched {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let mut refused = Error::General("no root certificates".to_owned());
        for verifier in &self.vouching {
            match verifier.verify_server_cert(end_entity, intermediates, name, ocsp, now) {
                Ok(verified) => return Ok(verified),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    verify_signatures!();
}

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    verify_signatures!();
}
