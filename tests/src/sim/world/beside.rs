//! What does not happen every day, as it is played.

use visitbook_device::sync::exchange::Route;

use super::super::author::family::{Handed, hand_over};
use super::super::author::files::{attach, other_bytes, want};
use super::super::laws::{Broken, Checked};
use super::super::names;
use super::super::phone::Phone;
use super::super::rng::Rng;
use super::super::schedule::FileAct;
use super::World;

impl World {
    /// Somebody hands a phone to a child.
    pub(super) fn hand_over(&mut self, phone: u8, chance: u64) {
        let n = self.one_of(phone, chance);
        let mut children = (0..self.setting.children).map(names::child);
        let phone = &mut self.phones[n];
        let never_held = children.find(|child| !self.ledger.ever_held(phone.worker, *child));
        phone.now = self.now;
        phone.open();
        let handed = hand_over(phone, never_held, &mut Rng::new(chance));
        let mut tally = self.ledger.tally.borrow_mut();
        match handed {
            Ok(Handed::Nothing) => {}
            Ok(Handed::ToAChild) => tally.deed("phones in a child's hands"),
            Ok(Handed::ToNobodysChild) => tally.fault("rule broken on purpose"),
            Ok(Handed::AndRobbed) => tally.fault("what a child handed in was taken out"),
            Err(_) => {
                drop(tally);
                self.killed(n, "phone killed in a save");
            }
        }
    }

    /// Somebody attaches a file or asks for one, or a stranger sends other bytes for it.
    pub(super) fn about_a_file(&mut self, phone: u8, act: FileAct, chance: u64) {
        let mut rng = Rng::new(chance);
        if act == FileAct::Meddle {
            let known = self.ledger.files.borrow();
            let other = rng.pick(&known).map(|(_, file)| file.clone());
            drop(known);
            if let Some(content) = other {
                let body = other_bytes(&content, &mut rng);
                self.council.answer(Route::Attachments, &body);
                let mut tally = self.ledger.tally.borrow_mut();
                tally.fault("other bytes sent for a file");
            }
            return;
        }
        let n = self.one_of(phone, chance);
        let phone = &mut self.phones[n];
        phone.now = self.now;
        phone.open();
        match act {
            FileAct::Want => {
                if want(phone, &mut rng) {
                    self.ledger.tally.borrow_mut().deed("files asked for");
                }
            }
            _ => match attach(phone, &mut rng) {
                Ok(true) => self.ledger.tally.borrow_mut().deed("files attached"),
                Ok(false) => {}
                Err(_) => self.killed(n, "phone killed in a save"),
            },
        }
    }

    pub(super) fn confirm(&mut self) -> Checked {
        let confirmed = self.council.confirm();
        confirmed.map_err(|_| Broken::new(0, "the restored lists cannot be confirmed"))
    }

    /// Whether a phone knows the epoch that the council is in.
    pub(crate) fn knows_the_epoch(&self, phone: &Phone) -> bool {
        phone.disk.epoch.number == self.council.epoch.0
    }
}
