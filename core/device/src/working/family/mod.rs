//! Into a child's hands: entering closes the vault behind a commit that tells of the session. What happens on coming back
//! stands in the modules below.

mod left;
mod receipt;
mod taken_in;

use rusqlite::params;
use visitbook_record::commit::RecordKind;
use visitbook_record::id::RecordId;
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::{Content, FamilySession as SessionContent};
use visitbook_seal::family::{FamilyPoster, FamilySession, PostError};

use super::Working;
use super::save::{NewStatement, Plan, Refusing};
use crate::error::SaveError;
use crate::family::{Counted, Family, Pack, counted_name};
use crate::store::StoreError;

/// Why family mode was not entered. The vault is open as before.
#[derive(Debug, thiserror::Error)]
pub enum EnterError {
    /// The session could not be saved.
    #[error(transparent)]
    Save(#[from] SaveError),
    /// Nothing could be sealed.
    #[error(transparent)]
    Post(#[from] PostError),
}

impl From<StoreError> for EnterError {
    fn from(error: StoreError) -> Self {
        Self::Save(error.into())
    }
}

/// A device that did not enter family mode, and why.
pub struct NotEntered {
    /// The device, as it was.
    pub working: Working,
    /// Why.
    pub error: EnterError,
}

impl std::fmt::Debug for NotEntered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

/// The target of the commit that tells of a session.
fn session_target(session: &[u8; 16]) -> Target {
    let name: String = session.iter().map(|byte| format!("{byte:02x}")).collect();
    Target::element("family", name)
}

fn first_name(name: &str) -> String {
    name.split_whitespace().next().unwrap_or(name).to_owned()
}

impl Working {
    /// Hands the device to a child: commits that it does, commits what is being typed, closes the vault, forgets every key, and
    /// gives a page that can add and can read nothing.
    ///
    /// # Errors
    /// [`NotEntered`], with the device as it was.
    pub fn enter_family(
        mut self,
        child: RecordId,
        visit: Option<RecordId>,
    ) -> Result<Family, Box<NotEntered>> {
        match self.begin_family(child, visit) {
            Ok((poster, pack)) => Ok(Family::new(self.lock(), poster, pack)),
            Err(error) => Err(Box::new(NotEntered {
                working: self,
                error,
            })),
        }
    }

    fn begin_family(
        &mut self,
        child: RecordId,
        visit: Option<RecordId>,
    ) -> Result<(FamilyPoster, Pack), EnterError> {
        if self.role_for(child)?.is_none() {
            return Err(SaveError::NotHeld(child).into());
        }
        if let Some(visit) = visit {
            let (_, of) = self.record_of_kind(visit, RecordKind::Visit, "visit")?;
            if of != child {
                return Err(SaveError::UnknownRecord(visit).into());
            }
        }
        self.draft_commit(None)?;
        let pack = Pack {
            child_name: self.child_name(child)?,
            worker_name: first_name(&self.staff_name(self.me.worker)?),
            child,
            visit,
        };
        let ingest = self.bundle.ingest.first().ok_or(PostError::BadIngestKey)?;
        let (first, poster) = FamilySession::begin(ingest, &self.keys.drop_public())?;
        let session = first.session();
        let mut first_key = [0; 32];
        first_key.copy_from_slice(&first.to_secret().expose()[16..]);
        let statement = NewStatement::new(
            Kind::EnterFamily,
            Policy::Ordinary,
            session_target(&session),
            Content::FamilySession(SessionContent { session, first_key }),
        );
        zeroize::Zeroize::zeroize(&mut first_key);
        let plan = Plan {
            record: child,
            kind: RecordKind::Child,
            child,
            statements: vec![statement],
        };
        let entered = self.now().wall;
        let saved = self.save_and(vec![plan], Refusing::Yes, |db| {
            db.execute(
                "INSERT INTO family_session (session, child, visit, entered) VALUES (?1, ?2, ?3, ?4)",
                params![session, child.0, visit.map(|visit| visit.0), entered.0],
            )?;
            Ok(())
        });
        if let Err(error) = saved {
            // If the book has it all the same, it was a session in which nothing happened.
            self.left_family(&session, 0)?;
            return Err(error.into());
        }
        let nothing = Counted { session, count: 0 }.write();
        let name = counted_name(&self.image.ids().vault);
        if self.hardware.put_small(&name, &nothing).is_err() {
            tracing::warn!("the keystore did not take the count of a family session");
        }
        Ok((poster, pack))
    }
}
