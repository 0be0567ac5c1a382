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
        self.export_raw(&[purpose.label().as_bytes(), &[0], info].concat())
    }

    fn export_raw(&self, context: &[u8]) -> Secret32 {
        Secret32::filled(|out| {
            let exported = match &*self.0 {
                Inner::Sender(inner) => inner.export(context, out),
                Inner::Receiver(inner) => inner.export(context, out),
            };
            let Ok(()) = exported else {
                unreachable!("only outputs of 64 KiB and more are refused")
            };
        })
    }
}

/// A fresh encapsulation to `recipient`.
pub(crate) fn encapsulate(
    recipient: &[u8; 32],
    purpose: Purpose,
    info: &[u8],
) -> Result<([u8; 32], Context), EncapsulateError> {
    encapsulate_with(random()?, recipient, purpose, info)
}

/// The encapsulation that this randomness gives; apart from [`encapsulate`] only for test vectors.
pub(crate) fn encapsulate_with(
    seed: Secret32,
    recipient: &[u8; 32],
    purpose: Purpose,
    info: &[u8],
) -> Result<([u8; 32], Context), EncapsulateError> {
    encapsulate_from(
        seed,
        recipient,
        &[purpose.label().as_bytes(), &[0], info].concat(),
    )
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        let bytes: Vec<u8> = (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect();
        bytes.try_into().unwrap()
    }

    /// RFC 9180, appendix A, DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, export-only AEAD, base mode.
    #[test]
    fn rfc_9180_export_only_vector() {
        let info = hex::<20>("4f6465206f6e2061204772656369616e2055726e");
        let ephemeral =
            hex::<32>("55bc245ee4efda25d38f2d54d5bb6665291b99f8108a8c4b686c2b14893ea5d9");
        let public = hex("194141ca6c3c3beb4792cd97ba0ea1faff09d98435012345766ee33aae2d7664");
        let private = hex::<32>("33d196c830a12f9ac65d6e565a590d80f04ee9b19c83c87f2c170d972a812848");
        let private = Secret32::from_slice(&private).unwrap();
        assert_eq!(public_of(&private), public);

        let seed = Secret32::from_slice(&ephemeral).unwrap();
        let (enc, sender) = encapsulate_from(seed, &public, &info).ok().unwrap();
        assert_eq!(
            enc,
            hex("e5e8f9bfff6c2f29791fc351d2c25ce1299aa5eaca78a757c0b4fb4bcd830918")
        );
        let receiver = decapsulate_from(&private, &enc, &info).ok().unwrap();
        let exported = [
            (
                &b""[..],
                "7a36221bd56d50fb51ee65edfd98d06a23c4dc87085aa5866cb7087244bd2a36",
            ),
            (
                &[0],
                "d5535b87099c6c3ce80dc112a2671c6ec8e811a2f284f948cec6dd1708ee33f0",
            ),
            (
                b"TestContext",
                "ffaabc85a776136ca0c378e5d084c9140ab552b78f039d2e8775f26efff4c70e",
            ),
        ];
        for (context, expected) in exported {
            assert_eq!(*sender.export_raw(context).expose(), hex(expected));
            assert_eq!(*receiver.export_raw(context).expose(), hex(expected));
        }
    }

    #[test]
    fn a_public_key_of_small_order_is_refused_on_both_sides() {
        let order_two = hex("ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f");
        for bad in [[0; 32], order_two] {
            assert_eq!(
                encapsulate(&bad, Purpose::Envelope, &[]).err(),
                Some(EncapsulateError::BadKey)
            );
            let private = random().unwrap();
            assert_eq!(
                decapsulate(&private, &bad, Purpose::Envelope, &[]).err(),
                Some(KeyAgreement)
            );
        }
    }

    #[test]
    fn purpose_and_info_separate_the_exported_keys() {
        let private = random().unwrap();
        let (enc, sender) = encapsulate(&public_of(&private), Purpose::Envelope, b"i")
            .ok()
            .unwrap();
        let receiver = decapsulate(&private, &enc, Purpose::Envelope, b"i")
            .ok()
            .unwrap();
        let key = sender.export(Purpose::Envelope, &[1]);
        assert!(key.equals(&receiver.export(Purpose::Envelope, &[1])));
        assert!(!key.equals(&receiver.export(Purpose::Envelope, &[2])));
        assert!(!key.equals(&receiver.export(Purpose::UploadReply, &[1])));
        for (purpose, info) in [
            (Purpose::SealedRequest, &b"i"[..]),
            (Purpose::Envelope, b"j"),
        ] {
            let other = decapsulate(&private, &enc, purpose, info).ok().unwrap();
            assert!(!key.equals(&other.export(Purpose::Envelope, &[1])));
        }
    }
}
