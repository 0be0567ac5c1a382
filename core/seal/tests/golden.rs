//! Stored vectors: what an earlier version wrote must be read for ever, and what has one encoding must keep it. The
//! files were made once; a test that needs one of them changed has found a break of the wire or file format.
//!
//! Each file holds lines `name = value`, the value in hexadecimal unless the name says text.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use visitbook_seal::attachment::{self, AttachmentId, ChunkFrame, ChunkList, ListFrame};
use visitbook_seal::bundle::{
    EpochStatement, KeyBundle, ReceiptKey, SignedBundle, certify_control,
};
use visitbook_seal::certificate::{CertificateRole, DeviceCertificate, SignedCertificate};
use visitbook_seal::enrol::EnrolmentCode;
use visitbook_seal::envelope::{EnvelopeKind, IngestKey, IngestKeys, SendClass};
use visitbook_seal::family::{End, FamilyChain, FirstKey, open_family_post_with};
use visitbook_seal::hardware::SoftwareKeys;
use visitbook_seal::reply::open_reply;
use visitbook_seal::secret::{Secret, Secret32};
use visitbook_seal::sign::{PublicKey, SigningKey};
use visitbook_seal::vault::{self, ExitError, VaultImage};
use visitbook_seal::{fingerprint, receipt, sha256};

struct Vector(&'static str);

impl Vector {
    fn text(&self, name: &str) -> &'static str {
        self.0
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "))
            .expect(name)
    }

    fn bytes(&self, name: &str) -> Vec<u8> {
        let line = self.text(name);
        (0..line.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&line[at..at + 2], 16).unwrap())
            .collect()
    }

    fn fixed<const N: usize>(&self, name: &str) -> [u8; N] {
        self.bytes(name).try_into().unwrap()
    }

    fn secret(&self, name: &str) -> Secret32 {
        Secret::from_slice(&self.bytes(name)).unwrap()
    }
}

fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(&Secret::from_slice(&[seed; 32]).unwrap())
}

fn certificate(role: CertificateRole) -> SignedCertificate {
    DeviceCertificate {
        council: [0xc0; 16],
        device: key(2).public().key_id(),
        public_key: key(2).public(),
        holder: [0x40; 16],
        label: "phone 3".into(),
        serial: 300,
        role,
    }
    .sign(&key(1))
    .unwrap()
}

#[test]
fn envelope() {
    let vector = Vector(include_str!("vectors/envelope.txt"));
    let keys = IngestKeys::from_iter([IngestKey::from_secret(vector.secret("ingest secret"))]);
    let opened = keys.open(&vector.bytes("envelope")).ok().unwrap();
    assert_eq!(opened.plaintext, vector.bytes("plaintext"));
    assert_eq!(
        (opened.header.kind, opened.header.class),
        (EnvelopeKind::Commit, SendClass::Now)
    );
    assert_eq!(opened.header.number, 258);
    assert_eq!(opened.header.ingest_key, vector.fixed("ingest id"));
    let session = keys
        .open_session(opened.header.enc, opened.header.ingest_key)
        .ok()
        .unwrap();
    assert_eq!(
        session.reply_secret().expose()[..],
        vector.bytes("reply secret")
    );
    let reply = open_reply(&session.reply_secret(), &vector.bytes("reply")).unwrap();
    assert_eq!(reply, vector.bytes("reply plaintext"));
}

/// The posts were made by another implementation of the written layout.
#[test]
fn family_posts() {
    let vector = Vector(include_str!("vectors/family.txt"));
    let keys = IngestKeys::from_iter([IngestKey::from_secret(vector.secret("ingest secret"))]);
    let drop_key = vector.secret("drop secret");
    let first = FirstKey::from_secret(&Secret::from_slice(&vector.bytes("first key")).unwrap());
    let posts = [vector.bytes("post 0"), vector.bytes("post 1")];
    for (number, post) in posts.iter().enumerate() {
        let council = keys.open_family_post(post).ok().unwrap();
        let worker = open_family_post_with(&drop_key, post).ok().unwrap();
        for opened in [council, worker] {
            assert_eq!(opened.content, vector.bytes(&format!("content {number}")));
            assert_eq!(opened.index, number as u64);
            assert_eq!(opened.session, first.session());
            assert_eq!(
                opened.record_id,
                vector.fixed(&format!("record id {number}"))
            );
            assert_eq!(
                opened.reply_secret().expose()[..],
                vector.bytes(&format!("reply secret {number}"))
            );
        }
    }
    let end = FamilyChain::verify(&first, posts.iter().map(Vec::as_slice), Some(2));
    assert_eq!(end, Ok(End::Confirmed));
}

/// As the family posts: made by another implementation. Sealing has no randomness, so both directions are checked.
#[test]
fn attachments() {
    let vector = Vector(include_str!("vectors/attachment.txt"));
    let key = vector.secret("content key");
    let small = vector.bytes("small content");
    let (list, sealed) = attachment::seal(&key, 513, &small).unwrap();
    assert_eq!(list.id(), AttachmentId(vector.fixed("small id")));
    assert_eq!(list.encode(), vector.bytes("small list"));
    assert_eq!(sealed, vector.bytes("small sealed"));
    let read = ChunkList::decode(&list.id(), &vector.bytes("small list")).unwrap();
    assert_eq!(attachment::open(&key, &read, &sealed).unwrap(), small);
    assert_eq!(
        ChunkFrame::new(&list, 0, &sealed).unwrap().encode(),
        vector.bytes("small chunk frame")
    );
    assert_eq!(
        ListFrame::new(list).encode(),
        vector.bytes("small list frame")
    );

    let (list, sealed) = attachment::seal(&key, 1, &[]).unwrap();
    assert_eq!(list.id(), AttachmentId(vector.fixed("empty id")));
    assert_eq!(sealed, vector.bytes("empty sealed"));

    let large: Vec<u8> = (0..2 * attachment::CHUNK + 5)
        .map(|at| (at * 7 + at / 251) as u8)
        .collect();
    let (list, sealed) = attachment::seal(&key, 513, &large).unwrap();
    assert_eq!(list.id(), AttachmentId(vector.fixed("large id")));
    assert_eq!(list.encode(), vector.bytes("large list"));
    assert_eq!(sha256(&sealed), vector.fixed("large sealed hash"));
    assert_eq!(attachment::open(&key, &list, &sealed).unwrap(), large);
}

#[test]
fn request() {
    let vector = Vector(include_str!("vectors/request.txt"));
    let keys = IngestKeys::from_iter([IngestKey::from_secret(vector.secret("ingest secret"))]);
    let (plaintext, _) = keys
        .open_request(vector.text("route text"), &vector.bytes("request"))
        .ok()
        .unwrap();
    assert_eq!(plaintext, vector.bytes("plaintext"));
}

#[test]
fn receipt_statement() {
    let vector = Vector(include_str!("vectors/receipt.txt"));
    let statement = vector.bytes("statement");
    let key = SigningKey::from_seed(&vector.secret("receipt key seed"));
    assert_eq!(key.public(), PublicKey(vector.fixed("receipt key")));
    assert_eq!(receipt::statement_hash(&statement), vector.fixed("hash"));
    let signature = receipt::sign(&key, &statement);
    assert_eq!(signature.0, vector.fixed("signature"));
    receipt::verify(&key.public(), &statement, &signature).unwrap();
}

#[test]
fn device_certificate() {
    let vector = Vector(include_str!("vectors/certificate.txt"));
    let signed = certificate(CertificateRole::Device);
    assert_eq!(signed.encode(), vector.bytes("certificate"));
    let read = SignedCertificate::decode(&vector.bytes("certificate")).unwrap();
    let believed = read
        .verify(&PublicKey(vector.fixed("control key")), &[0xc0; 16])
        .unwrap();
    assert_eq!(believed.device, vector.fixed("key id"));
}

#[test]
fn key_bundle() {
    let vector = Vector(include_str!("vectors/bundle.txt"));
    let (root, control) = (key(3), key(1));
    let ingest = |seed| IngestKey::from_secret(Secret::from_slice(&[seed; 32]).unwrap()).public();
    let signed = KeyBundle {
        council: [0xc0; 16],
        council_name: "Westmere".into(),
        serial: 2,
        root: root.public(),
        control: control.public(),
        control_signature: certify_control(&root, &[0xc0; 16], &control.public()),
        ingest: vec![ingest(5), ingest(4)],
        receipts: vec![ReceiptKey {
            epoch: 1,
            key: key(6).public(),
        }],
        writers: vec![certificate(CertificateRole::Writer)],
        tls_roots: vec![vec![0x30, 0x03, 0x02, 0x01, 0x01]],
        epoch: EpochStatement {
            number: 2,
            id: [7; 16],
            base: vec![(vec![1, 2], 1000)],
        }
        .sign(&control),
    }
    .sign(&control);
    assert_eq!(signed.encode(), vector.bytes("bundle"));
    let read = SignedBundle::decode(&vector.bytes("bundle")).unwrap();
    let root = vector.fixed("root fingerprint");
    assert_eq!(root, fingerprint(&key(3).public().0));
    assert!(read.verify(&root).is_ok());
}

#[test]
fn enrolment_code() {
    let vector = Vector(include_str!("vectors/enrolment.txt"));
    let code = EnrolmentCode {
        address: "https://visitbook.example.gov.uk".into(),
        secret: Secret::from_slice(&[0xa7; 16]).unwrap(),
        root_fingerprint: fingerprint(&key(3).public().0),
    };
    assert_eq!(code.to_string(), vector.text("code text"));
}

#[test]
fn vault_file() {
    let vector = Vector(include_str!("vectors/vault.txt"));
    let hw = SoftwareKeys::from_bytes(&vector.bytes("keystore")).unwrap();
    let mut image = VaultImage::decode(&vector.bytes("vault")).ok().unwrap();
    assert_eq!(image.encode(), vector.bytes("vault"));
    let attempt = vault::begin_attempt(&mut image, &hw, vector.text("pin text").as_bytes(), 1)
        .ok()
        .unwrap();
    let keys = attempt.finish(&mut image, &hw).ok().unwrap();
    assert_eq!(
        keys.raw_key_spec().as_slice(),
        vector.text("raw key text").as_bytes()
    );
    assert_eq!(keys.signing_key().public().0, vector.fixed("signing key"));
    assert_eq!(keys.derive("vector").expose()[..], vector.bytes("derived"));
    let by_finger = vault::unlock_biometric(&mut image, &hw).ok().unwrap();
    assert!(by_finger.database_key().equals(keys.database_key()));
}

/// The second version of the file, with two wrong PINs at the exit of family mode in it.
#[test]
fn vault_file_with_exit_tries() {
    let vector = Vector(include_str!("vectors/vault-exit.txt"));
    let hw = SoftwareKeys::from_bytes(&vector.bytes("keystore")).unwrap();
    let mut image = VaultImage::decode(&vector.bytes("vault")).ok().unwrap();
    assert_eq!(image.encode(), vector.bytes("vault"));
    let pin = vector.text("pin text").as_bytes();
    for now in [2_000, 2_000] {
        let attempt = vault::begin_exit_attempt(&mut image, &hw, b"111222", now)
            .ok()
            .unwrap();
        assert_eq!(
            attempt.finish(&mut image, &hw).err(),
            Some(ExitError::WrongPin {
                wait_until_ms: None
            })
        );
    }
    let attempt = vault::begin_exit_attempt(&mut image, &hw, b"111222", 2_000)
        .ok()
        .unwrap();
    assert_eq!(
        attempt.finish(&mut image, &hw).err(),
        Some(ExitError::WrongPin {
            wait_until_ms: Some(32_000)
        }),
        "the fifth wrong PIN, two of them from the file"
    );
    let attempt = vault::begin_attempt(&mut image, &hw, pin, 2_000)
        .ok()
        .unwrap();
    let keys = attempt.finish(&mut image, &hw).ok().unwrap();
    assert_eq!(keys.derive("vector").expose()[..], vector.bytes("derived"));
}
