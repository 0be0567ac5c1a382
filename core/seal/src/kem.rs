//! HPKE (RFC 9180) in base mode with DHKEM(X25519, HKDF-SHA256), HKDF-SHA256 and the export-only AEAD: one key
//! agreement with the council's public key, from which any number of keys are exported by label. Nothing is ever
//! encrypted by the HPKE context itself, so no context with a running nonce has to be stored.

use std::convert::Infallible;

use hpke::aead::ExportOnlyAead;
use hpke::kdf::HkdfSha256;
use hpke::kem::{Kem, X25519HkdfSha256};
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, OpModeR, OpModeS, Serializable, setup_receiver, setup_sender_with_rng};

use crate::purpose::Purpose;
use crate::secret::{NoRandomness, Secret32, random};

type Private = <X25519HkdfSha256 as Kem>::PrivateKey;
type Public = <X25519HkdfSha256 as Kem>::PublicKey;
type Encapsulated = <X25519HkdfSha256 as Kem>::EncappedKey;

/// The key agreement failed: the other side's key is not usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyAgreement;

/// Randomness drawn beforehand, so that a failing operating system is an error here and not a panic in the library.
/// It serves the one 32-byte draw of an encapsulation; a further draw would repeat, and `fits` would say so.
struct Drawn {
    seed: Secret32,
    used: usize,
}

impl TryRng for Drawn {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut out = [0; 4];
        self.try_fill_bytes(&mut out)?;
        Ok(u32::from_le_bytes(out))
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut out = [0; 8];
        self.try_fill_bytes(&mut out)?;
        Ok(u64::from_le_bytes(out))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        self.used += out.len();
        for (to, from) in out.iter_mut().zip(self.seed.expose().iter().cycle()) {
            *to = *from;
        }
        Ok(())
    }
}

impl TryCryptoRng for Drawn {}

enum Inner {
    Sender(hpke::aead::AeadCtxS<ExportOnlyAead, HkdfSha256, X25519HkdfSha256>),
    Receiver(hpke::aead::AeadCtxR<ExportOnlyAead, HkdfSha256, X25519HkdfSha256>),
}

/// The shared context of one encapsulation; the exporter secret in it is wiped on drop by `hpke`.
pub(crate) struct Context(Box<Inner>);

impl Context {
    /// One exported key (RFC 9180 §5.3). Same purpose and info, same key.
    pub(crate) fn export(&self, purpose: Purpose, info: &[u8]) -> Secret32 {
        let context = [purpose.label().as_bytes(), &[0], info].concat();
        Secret32::filled(|out| {
            // Fails only for outputs of 64 KiB and more.
            let exported = match &*self.0 {
                Inner::Sender(inner) => inner.export(&context, out),
                Inner::Receiver(inner) => inner.export(&context, out),
            };
            debug_assert!(exported.is_ok());
        })
    }
}

/// A fresh encapsulation to `recipient`.
pub(crate) fn encapsulate(
    recipient: &[u8; 32],
    purpose: Purpose,
    info: &[u8],
) -> Result<([u8; 32], Context), EncapsulateError> {
    let context_info = [purpose.label().as_bytes(), &[0], info].concat();
    encapsulate_from(random()?, recipient, &context_info)
}

/// Why there is no encapsulation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EncapsulateError {
    NoRandomness,
    BadKey,
}

impl From<NoRandomness> for EncapsulateError {
    fn from(_: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

fn encapsulate_from(
    seed: Secret32,
    recipient: &[u8; 32],
    info: &[u8],
) -> Result<([u8; 32], Context), EncapsulateError> {
    let recipient = Public::from_bytes(recipient).map_err(|_| EncapsulateError::BadKey)?;
    let mut rng = Drawn { seed, used: 0 };
    let (enc, context): (Encapsulated, _) =
        setup_sender_with_rng(&OpModeS::Base, &recipient, info, &mut rng)
            .map_err(|_| EncapsulateError::BadKey)?;
    debug_assert_eq!(rng.used, 32);
    Ok((
        enc.to_bytes().into(),
        Context(Box::new(Inner::Sender(context))),
    ))
}

/// The context that `enc` stands for.
pub(crate) fn decapsulate(
    private: &Secret32,
    enc: &[u8; 32],
    purpose: Purpose,
    info: &[u8],
) -> Result<Context, KeyAgreement> {
    let context_info = [purpose.label().as_bytes(), &[0], info].concat();
    decapsulate_from(private, enc, &context_info)
}

fn decapsulate_from(
    private: &Secret32,
    enc: &[u8; 32],
    info: &[u8],
) -> Result<Context, KeyAgreement> {
    let private = Private::from_bytes(private.expose()).map_err(|_| KeyAgreement)?;
    let enc = Encapsulated::from_bytes(enc).map_err(|_| KeyAgreement)?;
    let context = setup_receiver(&OpModeR::Base, &private, &enc, info).map_err(|_| KeyAgreement)?;
    Ok(Context(Box::new(Inner::Receiver(context))))
}

/// The public half of a private key; every 32 bytes are a private key (RFC 7748 §5 clamps them).
pub(crate) fn public_of(private: &Secret32) -> [u8; 32] {
    let Ok(private) = Private::from_bytes(private.expose()) else {
        unreachable!("only a length other than 32 is refused, and the type excludes it")
    };
    X25519HkdfSha256::sk_to_pk(&private).to_bytes().into()
}
