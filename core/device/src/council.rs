//! What the device keeps in the clear about its council: where it is, and its public keys, which a locked device needs
//! to reach it. None of it is secret, and none is believed without the root key's fingerprint.

use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};
use visitbook_record::cbor::{decode, encode};
use visitbook_seal::bundle::{BundleError, KeyBundle, SignedBundle};

use crate::files::{self, Folder};

/// The file `council`.
#[derive(Clone, Encode, Decode)]
#[cbor(array)]
pub(crate) struct CouncilFile {
    #[n(0)]
    pub(crate) address: String,
    #[n(1)]
    root: ByteArray<32>,
    #[n(2)]
    bundle: ByteVec,
}

impl CouncilFile {
    pub(crate) fn new(address: String, root: [u8; 32], bundle: Vec<u8>) -> Self {
        Self {
            address,
            root: root.into(),
            bundle: bundle.into(),
        }
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// The file of a device's folder; `None` if there is none that can be read.
    pub(crate) fn read(folder: &Folder) -> std::io::Result<Option<Self>> {
        let bytes = files::read(&folder.council())?;
        Ok(bytes.and_then(|bytes| decode(&bytes).ok()))
    }

    /// The council's public keys; `None` if they do not verify.
    pub(crate) fn bundle(&self) -> Option<KeyBundle> {
        verified(&self.bundle, &self.root).ok()
    }

    /// The further TLS roots for the council's server; none if the bundle does not verify.
    pub(crate) fn tls_roots(&self) -> Vec<Vec<u8>> {
        verified(&self.bundle, &self.root).map_or_else(|_| Vec::new(), |bundle| bundle.tls_roots)
    }
}

/// The bundle in these bytes, if the council with this root key made it.
pub(crate) fn verified(bytes: &[u8], root: &[u8; 32]) -> Result<KeyBundle, BundleError> {
    let bundle = SignedBundle::decode(bytes)?;
    Ok(bundle.verify(root)?.clone())
}
