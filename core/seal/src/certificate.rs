//! The council's word that a signing key belongs to a device (or to the server's own writer) and to the person who
//! holds it. Certificates travel with the commits they vouch for, so that every device can check every author.

use crate::cbor::{Malformed, Reader, Writer, exact};
use crate::purpose::Purpose;
use crate::sign::{self, BadSignature, PublicKey, Signature, SigningKey};

const VERSION: u64 = 1;
/// Longest label, in bytes.
pub const MAX_LABEL: usize = 200;

/// What a certified key may write as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum CertificateRole {
    /// A worker's device.
    Device = 1,
    /// The server's writer: imports, assignments, acts at the console.
    Writer = 2,
}

/// What the control key vouches for. No `Debug`: the label may name a person.
#[derive(Clone, PartialEq, Eq)]
pub struct DeviceCertificate {
    /// The council.
    pub council: [u8; 16],
    /// The device, or the server instance.
    pub device: [u8; 16],
    /// The key that signs its commits.
    pub public_key: PublicKey,
    /// The worker who holds the device; for a writer, the council's own id.
    pub holder: [u8; 16],
    /// What people call the device, at most [`MAX_LABEL`] bytes.
    pub label: String,
    /// Grows with every certificate that the council issues; of two for one device the higher counts.
    pub serial: u64,
    /// What the key may write as.
    pub role: CertificateRole,
}

/// A certificate with the control key's signature.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedCertificate {
    /// What is vouched for. Not to be believed before [`SignedCertificate::verify`].
    pub certificate: DeviceCertificate,
    /// By the control key, over the certificate's encoding.
    pub signature: Signature,
}

/// Why a certificate is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not a certificate, or not in its one encoding.
    #[error("not a certificate")]
    Malformed,
    /// Not signed by this council's control key.
    #[error("the certificate is not signed by the council's control key")]
    BadSignature,
    /// Properly signed, for another council.
    #[error("the certificate is for another council")]
    OtherCouncil,
}

impl From<Malformed> for CertificateError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl From<BadSignature> for CertificateError {
    fn from(_: BadSignature) -> Self {
        Self::BadSignature
    }
}

impl DeviceCertificate {
    /// Signs with the council's control key.
    ///
    /// # Errors
    /// [`CertificateError::Malformed`] if the label is longer than [`MAX_LABEL`].
    pub fn sign(self, control: &SigningKey) -> Result<SignedCertificate, CertificateError> {
        if self.label.len() > MAX_LABEL {
            return Err(CertificateError::Malformed);
        }
        let signature = control.sign(Purpose::Certificate, &self.encode());
        Ok(SignedCertificate {
            certificate: self,
            signature,
        })
    }

    fn encode(&self) -> Vec<u8> {
        let mut w = Writer::array(8);
        w.uint(VERSION)
            .bytes(&self.council)
            .bytes(&self.device)
            .bytes(&self.public_key.0)
            .bytes(&self.holder);
        w.text(&self.label).uint(self.serial).uint(self.role as u64);
        w.finish()
    }

    fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let read = |r: &mut Reader<'_>| {
            r.array(8)?;
            if r.uint()? != VERSION {
                return Err(Malformed);
            }
            let certificate = Self {
                council: r.fixed()?,
                device: r.fixed()?,
                public_key: PublicKey(r.fixed()?),
                holder: r.fixed()?,
                label: r.text()?.to_owned(),
                serial: r.uint()?,
                role: match r.uint()? {
                    1 => CertificateRole::Device,
                    2 => CertificateRole::Writer,
                    _ => return Err(Malformed),
                },
            };
            if certificate.label.len() > MAX_LABEL {
                Err(Malformed)
            } else {
                Ok(certificate)
            }
        };
        exact(bytes, read, Self::encode)
    }
}

impl SignedCertificate {
    /// The bytes that are stored and sent.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::array(2);
        w.bytes(&self.certificate.encode()).bytes(&self.signature.0);
        w.finish()
    }

    /// Reads what [`SignedCertificate::encode`] wrote. Checks no signature.
    ///
    /// # Errors
    /// [`CertificateError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, CertificateError> {
        let read = |r: &mut Reader<'_>| {
            r.array(2)?;
            Ok(Self {
                certificate: DeviceCertificate::decode(r.bytes()?)?,
                signature: Signature(r.fixed()?),
            })
        };
        Ok(exact(bytes, read, Self::encode)?)
    }

    /// Checks the signature and the council, and gives what can then be believed.
    ///
    /// # Errors
    /// [`CertificateError::BadSignature`], [`CertificateError::OtherCouncil`].
    pub fn verify(
        &self,
        control: &PublicKey,
        council: &[u8; 16],
    ) -> Result<&DeviceCertificate, CertificateError> {
        sign::verify(
            Purpose::Certificate,
            control,
            &self.certificate.encode(),
            &self.signature,
        )?;
        if self.certificate.council != *council {
            return Err(CertificateError::OtherCouncil);
        }
        Ok(&self.certificate)
    }
}
