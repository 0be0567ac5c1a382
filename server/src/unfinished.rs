//! Text that its author has not finished: whose eyes it is for.
//!
//! It is its author's alone (PROTOCOL §3). A manager of the child's team may open what there is of it, by a statement that
//! gives the reason and that the author sees. What is written after that needs another opening.

use visitbook_record::id::{OpId, RecordId, WorkerId};

use crate::store::{ReadTx, StoreError, StoredOp};

/// Whether this reader may not have an operation's payload because its author has not finished.
///
/// # Errors
/// [`StoreError`].
pub fn is_withheld_from(
    view: &dyn ReadTx,
    reader: WorkerId,
    op: &StoredOp,
) -> Result<bool, StoreError> {
    if !op.withheld || op.fact.author == reader {
        return Ok(false);
    }
    let written = view.commit(&op.commit)?.map(|commit| commit.at);
    for other in view.openings(&op.fact.record)? {
        if other.fact.author == reader {
            let opened = view.commit(&other.commit)?.map(|commit| commit.at);
            if opened > written {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// All that is withheld in a record, by id.
///
/// # Errors
/// [`StoreError`].
pub fn withheld_in(view: &dyn ReadTx, record: &RecordId) -> Result<Vec<OpId>, StoreError> {
    let ops = view.ops_of_record(record)?;
    let withheld = ops.into_iter().filter(|op| op.withheld);
    Ok(withheld.map(|op| op.fact.id).collect())
}
