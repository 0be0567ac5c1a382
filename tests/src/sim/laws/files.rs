//! Attached files: complete only if every chunk is what was attached; words never wait for bytes.

use visitbook_device::sync::exchange::Route;

use super::super::files::Content;
use super::super::phone::Phone;
use super::super::reading::Reading;
use super::super::world::World;
use super::{Broken, Checked, must};

/// Law 25: after healing every byte that was attached, and that anybody still has, is at the council as it was attached; whoever
/// asked for a file and may see it has it.
pub(super) fn files_are_whole(world: &World, reading: &Reading) -> Checked {
    for (op, content) in &*world.ledger.files.borrow() {
        // A commit that was removed here after its receipt may have been lost with the council's server, and its file with it.
        let mut phones = world.phones.iter();
        let is_here = phones.any(|phone| attached_on(phone, content));
        let was_received = reading.op(op).is_some();
        if world.council.epoch.0 > 1 && !(is_here && was_received) {
            continue;
        }
        let (whole, asked) = state_of(world, content)?;
        must!(
            was_received && whole,
            25,
            "a file of {} chunks that was attached is not whole at the council",
            content.chunks.len()
        );
        must!(!asked, 25, "the council asks for a file that it has");
        for phone in &world.phones {
            has_what_it_asked_for(world, phone, content)?;
        }
        world.ledger.tally.borrow_mut().files += 1;
    }
    Ok(())
}

fn attached_on(phone: &Phone, content: &Content) -> bool {
    let mut files = phone.disk.files.iter();
    files.any(|file| file.own && file.id == content.id)
}

fn state_of(world: &World, content: &Content) -> Result<(bool, bool), Broken> {
    let state = world.council.has_file(content);
    state.map_err(|_| Broken::new(2, "the council's store fails"))
}

fn has_what_it_asked_for(world: &World, phone: &Phone, content: &Content) -> Checked {
    let mut files = phone.disk.files.iter();
    let Some(file) = files.find(|file| file.id == content.id) else {
        return Ok(());
    };
    must!(
        !file.own || file.receipt.is_some(),
        25,
        "phone {} attached a file that the council has, and has no receipt for it",
        phone.number
    );
    let may = file.ops.iter().any(|op| {
        let child = phone.row(op).and_then(|row| row.scope.child());
        child.is_some_and(|child| phone.role_for(&child).is_some())
    });
    must!(
        !file.wanted || !may || phone.disk.ended || !world.council.is_confirmed(),
        25,
        "phone {} asked for a file that the council has, and did not get it",
        phone.number
    );
    must!(
        file.wanted || file.chunks == content.chunks,
        25,
        "phone {} shows a file that is not the one that was attached",
        phone.number
    );
    Ok(())
}

/// Law 25, and 22: no phone says that the council has a file before every byte of it is there.
pub(crate) fn receipted_files_are_there(world: &World, phone: &Phone) -> Checked {
    if !world.knows_the_epoch(phone) {
        return Ok(());
    }
    for file in phone
        .disk
        .files
        .iter()
        .filter(|file| file.receipt.is_some())
    {
        let all = world.ledger.files.borrow();
        if let Some((_, content)) = all.iter().find(|(_, content)| content.id == file.id) {
            must!(
                state_of(world, content)?.0,
                25,
                "phone {} says that the council has a file that is not whole there",
                phone.number
            );
        }
    }
    Ok(())
}

/// Law 25: bytes of files go when nothing else is left to be sent.
pub(crate) fn no_word_waits_for_bytes(ahead: Option<Route>) -> Checked {
    must!(
        ahead.is_none(),
        25,
        "a request by {ahead:?} went before words that waited"
    );
    Ok(())
}
