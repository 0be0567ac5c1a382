//! What people call the devices, by the council's certificates.

use std::collections::BTreeMap;

use rusqlite::Connection;
use visitbook_record::id::DeviceId;
use visitbook_seal::certificate::SignedCertificate;

use super::StoreError;
use super::rows::name;

type Result<T> = std::result::Result<T, StoreError>;

/// Every device of which anything is known here, this one included.
pub(crate) fn labels(db: &Connection) -> Result<BTreeMap<DeviceId, String>> {
    let mut found =
        db.prepare_cached("SELECT bytes FROM certificate UNION ALL SELECT certificate FROM meta")?;
    let mut rows = found.query([])?;
    let mut all = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let bytes: Vec<u8> = row.get(0)?;
        let certificate = SignedCertificate::decode(&bytes)
            .map_err(|_| StoreError::Row("a certificate"))?
            .certificate;
        all.insert(DeviceId(certificate.device), certificate.label);
    }
    Ok(all)
}

/// The device that a stored commit was made on.
pub(crate) fn of_commit(db: &Connection, signed: i64) -> Result<Option<DeviceId>> {
    let mut found = db.prepare_cached("SELECT device FROM signed WHERE no = ?1")?;
    let mut rows = found.query([signed])?;
    rows.next()?.map(|row| name(row, 0)).transpose()
}
