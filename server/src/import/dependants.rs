//! Rows about a child that nobody has told of.
//!
//! A row stands on the child's own row, in the same files or in an earlier import. Where that row was there and was not taken,
//! the rows that stand on it are not taken either, and say so.

use std::collections::{BTreeMap, BTreeSet};

use visitbook_record::id::{CouncilId, RecordId, derived_uuid};

use super::caseload::Caseload;
use super::layouts;
use super::rejected::{Rejected, Rejects};
use super::table::{Table, cell};
use crate::store::{Storage, StorageExt as _, StoreError};

/// Takes rows without a child out of the tables.
///
/// # Errors
/// [`StoreError`].
pub(super) fn check(
    store: &dyn Storage,
    council: CouncilId,
    tables: &mut [Table],
    census: &Caseload,
    rejects: &mut Rejects,
) -> Result<(), StoreError> {
    let mut own: BTreeSet<String> = census.children.keys().cloned().collect();
    let mut spoilt: BTreeMap<String, (String, u64)> = BTreeMap::new();
    let mut named: BTreeSet<String> = BTreeSet::new();
    for table in tables.iter() {
        let Some(column) = table.layout.child_column() else {
            continue;
        };
        let codes = table
            .rows
            .iter()
            .map(|(_, row)| cell(row, column).to_owned());
        if table.layout.is_the_childs_own() {
            own.extend(codes);
            let bad = table.spoilt.iter();
            spoilt.extend(bad.map(|(code, row)| (code.clone(), (table.file.clone(), *row))));
        } else {
            named.extend(codes);
        }
    }
    named.retain(|code| !own.contains(code) && !spoilt.contains_key(code));
    store.read_with(|tx| -> Result<(), StoreError> {
        for code in named {
            let record = RecordId(derived_uuid(council, "child", &code));
            if tx.home(&record)?.is_some() {
                own.insert(code);
            }
        }
        Ok(())
    })?;
    for table in tables.iter_mut() {
        let Some(column) = table.layout.child_column() else {
            continue;
        };
        if table.layout.is_the_childs_own() || table.layout.table == layouts::Table::NotTaken {
            continue;
        }
        let file = table.file.clone();
        table.rows.retain(|(number, row)| {
            let code = cell(row, column);
            if own.contains(code) {
                return true;
            }
            let reason = match spoilt.get(code) {
                Some((file, row)) => {
                    format!("this child's own row was not taken: {file}, row {row}")
                }
                None => "this child is in none of the files, and not known already".to_owned(),
            };
            rejects.row(Rejected::new(&file, *number, column, code, &reason));
            false
        });
    }
    Ok(())
}
