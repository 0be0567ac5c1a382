//! Attacks on certificates and on the key bundle.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use visitbook_seal::bundle::{
    BundleError, EpochStatement, KeyBundle, ReceiptKey, SignedBundle, certify_control,
};
use visitbook_seal::certificate::{
    CertificateError, CertificateRole, DeviceCertificate, MAX_LABEL, SignedCertificate,
};
use visitbook_seal::envelope::IngestKey;
use visitbook_seal::fingerprint;
use visitbook_seal::purpose::Purpose;
use visitbook_seal::sign::{PublicKey, Signature, SigningKey};

const COUNCIL: [u8; 16] = [0xc0; 16];

fn certificate(role: CertificateRole) -> DeviceCertificate {
    DeviceCertificate {
        council: COUNCIL,
        device: [0xd1; 16],
        public_key: PublicKey([0x11; 32]),
        holder: [0x40; 16],
        label: "phone 3".into(),
        serial: 7,
        role,
    }
}

fn key() -> SigningKey {
    SigningKey::generate().unwrap()
}

fn bundle(root: &SigningKey, control: &SigningKey) -> KeyBundle {
    KeyBundle {
        council: COUNCIL,
        council_name: "Westmere".into(),
        serial: 3,
        root: root.public(),
        control: control.public(),
        control_signature: certify_control(root, &COUNCIL, &control.public()),
        ingest: vec![
            IngestKey::generate().unwrap().public(),
            IngestKey::generate().unwrap().public(),
        ],
        receipts: vec![
            ReceiptKey {
                epoch: 1,
                key: key().public(),
            },
            ReceiptKey {
                epoch: 2,
                key: key().public(),
            },
        ],
        writers: vec![certificate(CertificateRole::Writer).sign(control).unwrap()],
        tls_roots: vec![vec![0x30, 0x82, 1, 2]],
        epoch: EpochStatement {
            number: 2,
            id: [9; 16],
            base: vec![(b"scope a".to_vec(), 41), (vec![], 0)],
        }
        .sign(control),
    }
}

fn fails(bundle: &SignedBundle, root: &SigningKey) -> BundleError {
    bundle.verify(&fingerprint(&root.public().0)).err().unwrap()
}

#[test]
fn a_certificate_survives_the_wire_and_is_believed_by_its_own_council_only() {
    let control = key();
    let signed = certificate(CertificateRole::Device).sign(&control).unwrap();
    let read = SignedCertificate::decode(&signed.encode()).unwrap();
    assert!(read == signed);
    assert!(
        *read.verify(&control.public(), &COUNCIL).unwrap() == certificate(CertificateRole::Device)
    );
    assert_eq!(
        read.verify(&key().public(), &COUNCIL).err(),
        Some(CertificateError::BadSignature)
    );
    assert_eq!(
        read.verify(&control.public(), &[0; 16]).err(),
        Some(CertificateError::OtherCouncil)
    );
}

#[test]
fn no_byte_of_a_certificate_can_be_changed_or_cut_off() {
    let control = key();
    let bytes = certificate(CertificateRole::Device)
        .sign(&control)
        .unwrap()
        .encode();
    for at in 0..bytes.len() {
        for bit in 0..8 {
            let mut changed = bytes.clone();
            changed[at] ^= 1 << bit;
            let believed = SignedCertificate::decode(&changed)
                .and_then(|read| read.verify(&control.public(), &COUNCIL).map(|_| ()));
            assert!(believed.is_err(), "byte {at} bit {bit}");
        }
        assert!(
            SignedCertificate::decode(&bytes[..at]).is_err(),
            "cut to {at}"
        );
    }
    assert!(SignedCertificate::decode(&[&bytes[..], &[0]].concat()).is_err());
}

#[test]
fn a_device_cannot_make_itself_a_writer_or_take_a_longer_label() {
    let control = key();
    let mut signed = certificate(CertificateRole::Device).sign(&control).unwrap();
    signed.certificate.role = CertificateRole::Writer;
    assert_eq!(
        signed.verify(&control.public(), &COUNCIL).err(),
        Some(CertificateError::BadSignature)
    );
    let mut long = certificate(CertificateRole::Device);
    long.label = "x".repeat(MAX_LABEL + 1);
    assert_eq!(long.sign(&control).err(), Some(CertificateError::Malformed));
}

#[test]
fn a_signature_for_another_purpose_is_no_certificate() {
    let control = key();
    let mut signed = certificate(CertificateRole::Device).sign(&control).unwrap();
    let bytes = signed.encode();
    // The certified bytes, signed by the right key for something else.
    let body = &bytes[3..bytes.len() - 66];
    assert!(
        signed.signature == control.sign(Purpose::Certificate, body),
        "this is what is signed"
    );
    signed.signature = control.sign(Purpose::KeyBundle, body);
    assert_eq!(
        signed.verify(&control.public(), &COUNCIL).err(),
        Some(CertificateError::BadSignature)
    );
}

#[test]
fn a_bundle_survives_the_wire() {
    let (root, control) = (key(), key());
    let original = bundle(&root, &control);
    let signed = original.clone().sign(&control);
    let read = SignedBundle::decode(&signed.encode()).unwrap();
    let believed = read.verify(&fingerprint(&root.public().0)).unwrap();
    assert!(*believed == original);
    assert_eq!(believed.receipt_key(2), Some(&original.receipts[1].key));
    assert_eq!(believed.receipt_key(3), None);
    let epoch = believed.epoch.verify(&believed.control).unwrap();
    assert_eq!((epoch.number, epoch.base[0].1), (2, 41));
}

#[test]
fn a_bundle_of_an_impostor_is_refused_at_each_link() {
    let (root, control, impostor) = (key(), key(), key());
    let good = || bundle(&root, &control);
    // Another root.
    let other = bundle(&impostor, &control).sign(&control);
    assert_eq!(fails(&other, &root), BundleError::OtherRoot);
    // The right root's public key, over the impostor's control key.
    let mut forged = good();
    forged.control = impostor.public();
    assert_eq!(
        fails(&forged.sign(&impostor), &root),
        BundleError::BadSignature
    );
    // The impostor's control key signed by itself.
    let mut forged = good();
    forged.control = impostor.public();
    forged.control_signature = certify_control(&impostor, &COUNCIL, &impostor.public());
    assert_eq!(
        fails(&forged.sign(&impostor), &root),
        BundleError::BadSignature
    );
    // The right control key, vouched for in another council.
    let mut moved = good();
    moved.council = [1; 16];
    assert_eq!(
        fails(&moved.sign(&control), &root),
        BundleError::BadSignature
    );
    // Right chain, signed by another key.
    assert_eq!(
        fails(&good().sign(&impostor), &root),
        BundleError::BadSignature
    );
    // An ingest key put in under way.
    let signed = good().sign(&control);
    let mut bytes = signed.encode();
    let at = bytes
        .windows(32)
        .position(|window| window == good().root.0)
        .unwrap();
    bytes[at + 40] ^= 1;
    let outcome = SignedBundle::decode(&bytes)
        .and_then(|read| read.verify(&fingerprint(&root.public().0)).map(|_| ()));
    assert!(outcome.is_err());
}

#[test]
fn what_is_inside_a_bundle_must_hold_by_itself() {
    let (root, control, impostor) = (key(), key(), key());
    let with = |change: &dyn Fn(&mut KeyBundle)| {
        let mut changed = bundle(&root, &control);
        change(&mut changed);
        fails(
            &SignedBundle::decode(&changed.sign(&control).encode()).unwrap(),
            &root,
        )
    };
    assert_eq!(with(&|b| b.ingest.clear()), BundleError::NoIngestKey);
    assert_eq!(
        with(&|b| b.epoch.signature = Signature([0; 64])),
        BundleError::BadSignature
    );
    assert_eq!(
        with(&|b| b.epoch = EpochStatement {
            number: 9,
            id: [0; 16],
            base: vec![]
        }
        .sign(&impostor)),
        BundleError::BadSignature
    );
    assert_eq!(
        with(&|b| b.writers = vec![certificate(CertificateRole::Device).sign(&control).unwrap()]),
        BundleError::BadWriter
    );
    assert_eq!(
        with(&|b| b.writers = vec![
            certificate(CertificateRole::Writer)
                .sign(&impostor)
                .unwrap()
        ]),
        BundleError::BadSignature
    );
    assert_eq!(
        with(&|b| {
            let mut elsewhere = certificate(CertificateRole::Writer);
            elsewhere.council = [2; 16];
            b.writers = vec![elsewhere.sign(&control).unwrap()];
        }),
        BundleError::BadWriter
    );
}

#[test]
fn no_byte_of_a_bundle_can_be_changed() {
    let (root, control) = (key(), key());
    let bytes = bundle(&root, &control).sign(&control).encode();
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let outcome = SignedBundle::decode(&changed)
            .and_then(|read| read.verify(&fingerprint(&root.public().0)).map(|_| ()));
        assert!(outcome.is_err(), "byte {at}");
    }
}
