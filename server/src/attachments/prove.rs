//! Proving the files that are here: each chunk by its list, each list by the file's name, each receipt by its signature.

use visitbook_record::attachment::wire::AttachmentReceipt;
use visitbook_record::cbor::decode;
use visitbook_seal::attachment::{AttachmentId, ChunkList};
use visitbook_seal::bundle::KeyBundle;
use visitbook_seal::purpose::Purpose;

use crate::real::verified;
use crate::store::{ReadTx, StoreError};
use crate::verify::ASK_AGAIN;

/// How many files are whole and how many are expected; what is wrong goes to `problems`.
pub(crate) fn prove(
    view: &dyn ReadTx,
    bundle: &KeyBundle,
    problems: &mut Vec<String>,
) -> Result<(u64, u64), StoreError> {
    let (mut whole, mut expected) = (0, 0);
    for id in view.attachments_named()? {
        let id = AttachmentId(id);
        let mut problem = |what: &str| problems.push(format!("File {id}: {what}. {ASK_AGAIN}"));
        let Some(stored) = view.attachment(&id.0)? else {
            expected += 1;
            continue;
        };
        let Ok(list) = ChunkList::decode(&id, &stored.list) else {
            problem("its list of chunks is not the one that its name stands for");
            continue;
        };
        for named in view.attachment_uses(&id.0)? {
            if named.size != list.size() {
                problem("a statement says that it is of another length");
            }
        }
        let mut there = 0;
        for index in view.chunks_held(&id.0)? {
            let sealed = view.chunk(&id.0, index)?.unwrap_or_default();
            if list.holds(index, &sealed) {
                there += 1;
            } else {
                problem("a chunk is not the one that was signed for");
            }
        }
        let Some(receipt) = &stored.receipt else {
            expected += 1;
            continue;
        };
        whole += 1;
        if there != list.count() {
            problem("it is receipted and not whole");
        }
        let said = decode::<AttachmentReceipt>(&receipt.bytes).ok();
        let fits = said.is_some_and(|said| {
            let key = bundle.receipt_key(said.epoch);
            said.label == AttachmentReceipt::LABEL
                && *said.id == id.0
                && said.size == list.size()
                && key.is_some_and(|key| {
                    verified(Purpose::Receipt, &key.0, &receipt.bytes, &receipt.signature)
                })
        });
        if !fits {
            problem("its receipt is not one");
        }
    }
    Ok((whole, expected))
}
