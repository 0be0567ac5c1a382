//! One data key for each scope, and payloads encrypted under it.
//!
//! The keys are in the database, wrapped under a master key that is not. So a payload that is removed, or a scope whose key is
//! destroyed, is gone from old copies of the database too once the master key moves on. ChaCha20-Poly1305 (RFC 8439) with
//! random 96-bit nonces: a scope would need billions of payloads before two of them met.

use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use rusqlite::{Connection, OptionalExtension, params};
use visitbook_record::cbor::{decode, encode};
use visitbook_record::id::OpId;
use visitbook_record::payload::Payload;
use visitbook_record::scope::Scope;
use visitbook_seal::secret::Secret32;
use zeroize::Zeroizing;

use super::rows::failed;
use crate::store::StoreError;

const WRAP_LABEL: &[u8] = b"visitbook/1/server/scope-key\0";
const PAYLOAD_LABEL: &[u8] = b"visitbook/1/server/payload\0";

/// The data keys that one connection has used. What a transaction made is forgotten with it.
pub(super) struct PayloadKeys {
    master: LessSafeKey,
    random: SystemRandom,
    open: RefCell<HashMap<Scope, Arc<LessSafeKey>>>,
}

impl PayloadKeys {
    pub(super) fn new(master: &Secret32) -> Self {
        Self {
            master: key_from(master.expose()),
            random: SystemRandom::new(),
            open: RefCell::new(HashMap::new()),
        }
    }

    /// Forgets every opened key. Must follow every transaction that was given up: a key made in it exists no more.
    pub(super) fn forget(&self) {
        self.open.borrow_mut().clear();
    }

    pub(super) fn seal(
        &self,
        db: &Connection,
        scope: &Scope,
        op: &OpId,
        payload: &Payload,
    ) -> Result<Vec<u8>, StoreError> {
        let key = match self.find(db, scope)? {
            Some(key) => key,
            None => self.make(db, scope)?,
        };
        let plain = Zeroizing::new(encode(payload));
        seal_with(&self.random, &key, &payload_aad(scope, op), &plain)
    }

    pub(super) fn open(
        &self,
        db: &Connection,
        scope: &Scope,
        op: &OpId,
        sealed: Vec<u8>,
    ) -> Result<Payload, StoreError> {
        let key = self
            .find(db, scope)?
            .ok_or(StoreError::Missing("scope's data key"))?;
        let plain = open_with(&key, &payload_aad(scope, op), sealed)
            .ok_or(StoreError::Unreadable("payload"))?;
        decode(&plain).map_err(|_| StoreError::Unreadable("payload"))
    }

    fn find(&self, db: &Connection, scope: &Scope) -> Result<Option<Arc<LessSafeKey>>, StoreError> {
        if let Some(key) = self.open.borrow().get(scope) {
            return Ok(Some(Arc::clone(key)));
        }
        let name = encode(scope);
        let wrapped: Option<Vec<u8>> = db
            .prepare_cached("SELECT wrapped FROM scope_key WHERE scope = ?1")
            .and_then(|mut s| s.query_row([&name], |row| row.get(0)).optional())
            .map_err(failed)?;
        let Some(wrapped) = wrapped else {
            return Ok(None);
        };
        let bytes = open_with(&self.master, &[WRAP_LABEL, &name].concat(), wrapped)
            .and_then(|bytes| <[u8; 32]>::try_from(&bytes[..]).ok().map(Zeroizing::new))
            .ok_or(StoreError::Unreadable("scope's data key"))?;
        Ok(Some(self.keep(scope, &bytes)))
    }

    fn make(&self, db: &Connection, scope: &Scope) -> Result<Arc<LessSafeKey>, StoreError> {
        let mut bytes = Zeroizing::new([0u8; 32]);
        self.random
            .fill(&mut bytes[..])
            .map_err(|_| StoreError::NoRandomness)?;
        let name = encode(scope);
        let aad = [WRAP_LABEL, &name].concat();
        let wrapped = seal_with(&self.random, &self.master, &aad, &bytes[..])?;
        db.prepare_cached("INSERT INTO scope_key (scope, wrapped) VALUES (?1, ?2)")
            .and_then(|mut s| s.execute(params![name, wrapped]))
            .map_err(failed)?;
        Ok(self.keep(scope, &bytes))
    }

    fn keep(&self, scope: &Scope, bytes: &[u8; 32]) -> Arc<LessSafeKey> {
        let key = Arc::new(key_from(bytes));
        self.open.borrow_mut().insert(*scope, Arc::clone(&key));
        key
    }
}

fn payload_aad(scope: &Scope, op: &OpId) -> Vec<u8> {
    [PAYLOAD_LABEL, &op.0, &encode(scope)].concat()
}

fn key_from(bytes: &[u8; 32]) -> LessSafeKey {
    let Ok(key) = UnboundKey::new(&CHACHA20_POLY1305, bytes) else {
        unreachable!("the key is of the algorithm's length")
    };
    LessSafeKey::new(key)
}

fn seal_with(
    random: &SystemRandom,
    key: &LessSafeKey,
    aad: &[u8],
    plain: &[u8],
) -> Result<Vec<u8>, StoreError> {
    let mut nonce = [0; NONCE_LEN];
    random
        .fill(&mut nonce)
        .map_err(|_| StoreError::NoRandomness)?;
    let mut out = Vec::with_capacity(NONCE_LEN + plain.len() + CHACHA20_POLY1305.tag_len());
    out.extend_from_slice(&nonce);
    out.extend_from_slice(plain);
    let tag = key
        .seal_in_place_separate_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(aad),
            &mut out[NONCE_LEN..],
        )
        .map_err(|_| StoreError::Unreadable("payload"))?;
    out.extend_from_slice(tag.as_ref());
    Ok(out)
}

fn open_with(key: &LessSafeKey, aad: &[u8], mut sealed: Vec<u8>) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, body) = sealed.split_first_chunk_mut::<NONCE_LEN>()?;
    let nonce = Nonce::assume_unique_for_key(*nonce);
    let plain = key.open_in_place(nonce, Aad::from(aad), body).ok()?;
    let plain = Zeroizing::new(plain.to_vec());
    zeroize::Zeroize::zeroize(&mut sealed);
    Some(plain)
}
