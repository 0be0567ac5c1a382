//! Two phones that are one device: a clone, or an older book put back.
//!
//! Each goes on recording without asking anybody. Under one number both may write, and the council keeps both; whoever sees
//! that somebody else writes under their name begins a new writing life.

use visitbook_record::commit::Origin;

use super::super::ledger::Volume;
use super::super::names;
use super::Phone;

impl Phone {
    /// A second phone with the same keys and the same book. `knows`: that it is a copy shows when it is first opened.
    pub(crate) fn copy(&mut self, number: u8, knows: bool) -> Self {
        let mut copy = Self::new(number, self.worker, std::rc::Rc::clone(&self.ledger));
        copy.device = self.device;
        copy.key = self.key;
        copy.clock = self.clock;
        copy.disk = self.disk.clone();
        copy.now = self.now;
        copy.kill();
        (self.has_copy, copy.has_copy) = (true, true);
        if knows {
            copy.begin_new_life();
        }
        copy
    }

    /// Who this phone writes as.
    pub(super) const fn origin(&self) -> Origin {
        Origin {
            device: self.device,
            incarnation: names::incarnation(self.disk.life.0, self.disk.life.1),
        }
    }

    /// From now on numbers begin again, under a name of their own. The next commit still names the last one that is known.
    pub(super) const fn begin_new_life(&mut self) {
        self.disk.life = (self.number, self.disk.life.1 + 1);
        self.disk.seq = 0;
    }

    /// Somebody else has written under this phone's name.
    pub(super) fn look_for_a_copy(&mut self, volume: &Volume) {
        if volume.commit.origin == self.origin() && !self.made(&volume.hash) {
            self.begin_new_life();
        }
    }

    /// The council keeps the last two tokens of a device, and here they were the other's. Everything is read from its
    /// beginning; what is known stays.
    pub(super) fn read_from_the_beginning(&mut self) {
        self.disk.token = None;
        self.disk.vector.clear();
        self.disk.digests.clear();
        for row in &mut self.disk.rows {
            row.logged = None;
        }
    }
}
