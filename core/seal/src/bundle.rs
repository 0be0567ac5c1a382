//! The council's public keys in one signed document. A device fetches it over a connection it need not trust and
//! checks it against the root key's fingerprint, which came with its enrolment code: root vouches for control,
//! control vouches for everything else. So no certificate authority has to be believed.

use crate::cbor::{Malformed, Reader, Writer, exact};
use crate::certificate::{CertificateError, CertificateRole, SignedCertificate};
use crate::envelope::IngestPublicKey;
use crate::hash::fingerprint;
use crate::purpose::Purpose;
use crate::secret::equal;
use crate::sign::{self, BadSignature, PublicKey, Signature, SigningKey};

const VERSION: u64 = 1;
const MAX_NAME: usize = 200;
/// Most entries of each list in a bundle, and most scopes in an epoch statement.
const MAX_ENTRIES: usize = 1000;
const MAX_SCOPES: usize = 1_000_000;

/// The statement that opens an epoch, the life of the server's log between restores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochStatement {
    /// 1 at installation, one more after each restore.
    pub number: u64,
    /// 128 random bits, so that two restores of one back-up are not taken for each other.
    pub id: [u8; 16],
    /// For each scope (opaque bytes) the last position that was kept; empty in epoch 1.
    pub base: Vec<(Vec<u8>, u64)>,
}

/// An epoch statement with the control key's signature over its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedEpoch {
    /// The statement's one encoding.
    pub statement: Vec<u8>,
    /// By the control key.
    pub signature: Signature,
}

/// The key that signs receipts in one epoch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReceiptKey {
    /// Number of the epoch.
    pub epoch: u64,
    /// The key.
    pub key: PublicKey,
}

/// The council's public keys.
#[derive(Clone, PartialEq, Eq)]
pub struct KeyBundle {
    /// The council.
    pub council: [u8; 16],
    /// Its name, for people.
    pub council_name: String,
    /// Grows with every bundle; a device that has seen a higher one ignores a lower one.
    pub serial: u64,
    /// The root key, known by its fingerprint.
    pub root: PublicKey,
    /// The control key.
    pub control: PublicKey,
    /// The root key's signature over the control key; see [`certify_control`].
    pub control_signature: Signature,
    /// Ingest keys, newest first; devices seal to the first.
    pub ingest: Vec<IngestPublicKey>,
    /// Receipt keys of this and earlier epochs.
    pub receipts: Vec<ReceiptKey>,
    /// Certificates of the server's writers.
    pub writers: Vec<SignedCertificate>,
    /// Further TLS roots for the council's own server, DER.
    pub tls_roots: Vec<Vec<u8>>,
    /// The epoch that the server is in.
    pub epoch: SignedEpoch,
}

/// A bundle with the control key's signature.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedBundle {
    bundle: KeyBundle,
    signature: Signature,
}

/// Why a bundle is not accepted. Saving goes on with the bundle that the device already has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BundleError {
    /// Not a bundle, or not in its one encoding.
    #[error("not a key bundle")]
    Malformed,
    /// The root key is not the one in the enrolment code: another council, or an impostor.
    #[error("the key bundle is not from the council in the enrolment code")]
    OtherRoot,
    /// A signature in it does not verify.
    #[error("a signature in the key bundle does not verify")]
    BadSignature,
    /// A writer's certificate is for another council, or for a device.
    #[error("a writer's certificate in the key bundle is not for a writer of this council")]
    BadWriter,
    /// It holds no ingest key, so nothing could be sealed.
    #[error("the key bundle holds no ingest key")]
    NoIngestKey,
}

impl From<Malformed> for BundleError {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl From<BadSignature> for BundleError {
    fn from(_: BadSignature) -> Self {
        Self::BadSignature
    }
}

/// The root key's word that `control` is this council's control key.
#[must_use]
pub fn certify_control(root: &SigningKey, council: &[u8; 16], control: &PublicKey) -> Signature {
    root.sign(Purpose::ControlKey, &[&council[..], &control.0].concat())
}

impl EpochStatement {
    /// Signs with the control key.
    #[must_use]
    pub fn sign(&self, control: &SigningKey) -> SignedEpoch {
        let statement = self.encode();
        let signature = control.sign(Purpose::Epoch, &statement);
        SignedEpoch {
            statement,
            signature,
        }
    }

    fn encode(&self) -> Vec<u8> {
        let mut w = Writer::array(4);
        w.uint(VERSION)
            .uint(self.number)
            .bytes(&self.id)
            .nested(self.base.len());
        for (scope, position) in &self.base {
            w.nested(2).bytes(scope).uint(*position);
        }
        w.finish()
    }
}

impl SignedEpoch {
    /// Checks the signature and reads the statement.
    ///
    /// # Errors
    /// [`BundleError::BadSignature`], [`BundleError::Malformed`].
    pub fn verify(&self, control: &PublicKey) -> Result<EpochStatement, BundleError> {
        sign::verify(Purpose::Epoch, control, &self.statement, &self.signature)?;
        let read = |r: &mut Reader<'_>| {
            r.array(4)?;
            if r.uint()? != VERSION {
                return Err(Malformed);
            }
            Ok(EpochStatement {
                number: r.uint()?,
                id: r.fixed()?,
                base: r.list(MAX_SCOPES, |r| {
                    r.array(2)?;
                    Ok((r.bytes()?.to_vec(), r.uint()?))
                })?,
            })
        };
        Ok(exact(&self.statement, read, EpochStatement::encode)?)
    }
}

impl KeyBundle {
    /// Signs with the control key.
    #[must_use]
    pub fn sign(self, control: &SigningKey) -> SignedBundle {
        let signature = control.sign(Purpose::KeyBundle, &self.encode());
        SignedBundle {
            bundle: self,
            signature,
        }
    }

    /// The key that receipts of this epoch are signed with.
    #[must_use]
    pub fn receipt_key(&self, epoch: u64) -> Option<&PublicKey> {
        self.receipts
            .iter()
            .find(|receipt| receipt.epoch == epoch)
            .map(|receipt| &receipt.key)
    }

    fn encode(&self) -> Vec<u8> {
        let mut w = Writer::array(12);
        w.uint(VERSION)
            .bytes(&self.council)
            .text(&self.council_name)
            .uint(self.serial);
        w.bytes(&self.root.0)
            .bytes(&self.control.0)
            .bytes(&self.control_signature.0);
        w.nested(self.ingest.len());
        for key in &self.ingest {
            w.bytes(&key.key);
        }
        w.nested(self.receipts.len());
        for receipt in &self.receipts {
            w.nested(2).uint(receipt.epoch).bytes(&receipt.key.0);
        }
        w.nested(self.writers.len());
        for writer in &self.writers {
            w.bytes(&writer.encode());
        }
        w.nested(self.tls_roots.len());
        for root in &self.tls_roots {
            w.bytes(root);
        }
        w.nested(2)
            .bytes(&self.epoch.statement)
            .bytes(&self.epoch.signature.0);
        w.finish()
    }

    fn decode(bytes: &[u8]) -> Result<Self, Malformed> {
        let read = |r: &mut Reader<'_>| {
            r.array(12)?;
            if r.uint()? != VERSION {
                return Err(Malformed);
            }
            let bundle = Self {
                council: r.fixed()?,
                council_name: r.text()?.to_owned(),
                serial: r.uint()?,
                root: PublicKey(r.fixed()?),
                control: PublicKey(r.fixed()?),
                control_signature: Signature(r.fixed()?),
                ingest: r.list(MAX_ENTRIES, |r| Ok(IngestPublicKey::from_key(r.fixed()?)))?,
                receipts: r.list(MAX_ENTRIES, |r| {
                    r.array(2)?;
                    Ok(ReceiptKey {
                        epoch: r.uint()?,
                        key: PublicKey(r.fixed()?),
                    })
                })?,
                writers: r.list(MAX_ENTRIES, |r| {
                    SignedCertificate::decode(r.bytes()?).map_err(|_: CertificateError| Malformed)
                })?,
                tls_roots: r.list(MAX_ENTRIES, |r| Ok(r.bytes()?.to_vec()))?,
                epoch: {
                    r.array(2)?;
                    SignedEpoch {
                        statement: r.bytes()?.to_vec(),
                        signature: Signature(r.fixed()?),
                    }
                },
            };
            if bundle.council_name.len() > MAX_NAME {
                Err(Malformed)
            } else {
                Ok(bundle)
            }
        };
        exact(bytes, read, Self::encode)
    }
}

impl SignedBundle {
    /// The bytes that are stored and sent.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut w = Writer::array(2);
        w.bytes(&self.bundle.encode()).bytes(&self.signature.0);
        w.finish()
    }

    /// Reads what [`SignedBundle::encode`] wrote. The content is reached only through [`SignedBundle::verify`].
    ///
    /// # Errors
    /// [`BundleError::Malformed`].
    pub fn decode(bytes: &[u8]) -> Result<Self, BundleError> {
        let read = |r: &mut Reader<'_>| {
            r.array(2)?;
            Ok(Self {
                bundle: KeyBundle::decode(r.bytes()?)?,
                signature: Signature(r.fixed()?),
            })
        };
        Ok(exact(bytes, read, Self::encode)?)
    }

    /// Checks the whole chain from the root key's fingerprint down and gives the bundle. Whether its serial is new
    /// enough is for the caller, who knows what was seen before.
    ///
    /// # Errors
    /// [`BundleError`].
    pub fn verify(&self, root_fingerprint: &[u8; 32]) -> Result<&KeyBundle, BundleError> {
        let bundle = &self.bundle;
        if !equal(&fingerprint(&bundle.root.0), root_fingerprint) {
            return Err(BundleError::OtherRoot);
        }
        let control = [&bundle.council[..], &bundle.control.0].concat();
        sign::verify(
            Purpose::ControlKey,
            &bundle.root,
            &control,
            &bundle.control_signature,
        )?;
        sign::verify(
            Purpose::KeyBundle,
            &bundle.control,
            &bundle.encode(),
            &self.signature,
        )?;
        bundle.epoch.verify(&bundle.control)?;
        for writer in &bundle.writers {
            match writer.verify(&bundle.control, &bundle.council) {
                Ok(certificate) if certificate.role == CertificateRole::Writer => {}
                Err(CertificateError::BadSignature) => return Err(BundleError::BadSignature),
                _ => return Err(BundleError::BadWriter),
            }
        }
        if bundle.ingest.is_empty() {
            return Err(BundleError::NoIngestKey);
        }
        Ok(bundle)
    }
}
