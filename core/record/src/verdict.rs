//! The server's judgement of one operation, and the words for it.
//!
//! A verdict is final upwards: what is applied is never taken back; what is set aside or held may later be applied, and
//! that is an entry of the log with a position of its own.

use minicbor::{Decode, Encode};

use crate::id::{OpId, WorkerId};

/// Why an operation was set aside. Codes are for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// The device belongs to somebody else than the author named.
    NotYourName = 1,
    /// The device or the account had been ended.
    DeviceEnded = 2,
    /// The commit names an older assignment than the device had acknowledged.
    OldAssignment = 3,
    /// By the assignment the author could have known, they did not hold this.
    NotHeld = 4,
    /// Only the council's server writes such statements.
    ServerOnly = 5,
    /// The record lives in another scope, or is of another kind.
    OtherHome = 6,
    /// The form has no such field.
    UnknownField = 7,
    /// The form has no such answer.
    UnknownCode = 8,
    /// The operation treats the field otherwise than the form says.
    WrongPolicy = 9,
    /// It replaces more than one statement without settling.
    TooManyReplaced = 10,
    /// A child's words are never revised, withdrawn or settled.
    ChildsWords = 11,
    /// An observation belongs to its observer.
    NotYourObservation = 12,
    /// The words are missing, or are not those that were signed.
    PayloadMissing = 13,
    /// The words are not of the sort this statement needs.
    WrongContent = 14,
    /// The finish lists statements of another record, or itself.
    FinishListsOther = 15,
    /// The finish lists text that its author could not have read.
    FinishListsUnread = 16,
    /// Something that binds at finish is not among what the finish lists.
    FinishIncomplete = 17,
    /// The author may not settle this to this answer.
    MayNotSettle = 18,
    /// It settles nothing, or settles by a form the server does not have.
    CannotSettle = 19,
    /// The statement breaks a limit.
    TooLarge = 20,
    /// It is made with a layout of a target that no form has.
    BadTarget = 21,
    /// Only the manager of the child's team may do this.
    NotManager = 22,
    /// Nobody signs off, returns or voids their own work.
    OwnWork = 23,
    /// Only the person named as its owner puts a statement in its place.
    NotOwner = 24,
    /// The author stands in for the child's worker, and had not opened the file first with a reason.
    NotOpened = 25,
}

const REASONS: [Reason; 25] = [
    Reason::NotYourName,
    Reason::DeviceEnded,
    Reason::OldAssignment,
    Reason::NotHeld,
    Reason::ServerOnly,
    Reason::OtherHome,
    Reason::UnknownField,
    Reason::UnknownCode,
    Reason::WrongPolicy,
    Reason::TooManyReplaced,
    Reason::ChildsWords,
    Reason::NotYourObservation,
    Reason::PayloadMissing,
    Reason::WrongContent,
    Reason::FinishListsOther,
    Reason::FinishListsUnread,
    Reason::FinishIncomplete,
    Reason::MayNotSettle,
    Reason::CannotSettle,
    Reason::TooLarge,
    Reason::BadTarget,
    Reason::NotManager,
    Reason::OwnWork,
    Reason::NotOwner,
    Reason::NotOpened,
];

impl Reason {
    /// The code on the wire and in tables.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// The reason with this code.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        REASONS.into_iter().find(|reason| reason.code() == code)
    }

    /// What to tell the people involved, in a sentence.
    #[must_use]
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::NotYourName => "It was sent from a phone that belongs to somebody else.",
            Self::DeviceEnded => "It was sent from a phone or account that had been ended.",
            Self::OldAssignment | Self::NotHeld => {
                "The child had moved to somebody else before this reached the council."
            }
            Self::ServerOnly => "Only the council's own system may say this.",
            Self::OtherHome => "It belongs to another child's file.",
            Self::UnknownField | Self::UnknownCode | Self::WrongPolicy | Self::BadTarget => {
                "The council's form does not have this answer."
            }
            Self::TooManyReplaced => "It would replace several answers without settling them.",
            Self::ChildsWords => "A child's own words are never changed.",
            Self::NotYourObservation => "An observation belongs to the person who made it.",
            Self::PayloadMissing | Self::WrongContent => {
                "The words that belong to it did not arrive as they were signed."
            }
            Self::FinishListsOther => "It tries to finish something that belongs elsewhere.",
            Self::FinishListsUnread => {
                "It tries to finish with text its author could not have read."
            }
            Self::FinishIncomplete => "Something that is needed at finish was not there.",
            Self::MayNotSettle => {
                "The less worrying answer needs the other person's agreement, or a manager's."
            }
            Self::CannotSettle => {
                "There was nothing to settle, or the form is newer than the council's."
            }
            Self::NotManager => "Only the manager of the child's team may do this.",
            Self::OwnWork => {
                "Nobody signs off, returns or takes out their own work, or closes a line that rests on their own observations alone."
            }
            Self::NotOwner => "Somebody else was asked to decide where this goes.",
            Self::NotOpened => "The child's file had not been opened first, with a reason.",
            Self::TooLarge => "It is larger than the council's system takes.",
        }
    }
}

/// The server's judgement of one operation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// It counts.
    Applied,
    /// It counts, and is marked "from the previous worker, received later".
    AppliedFromPreviousWorker,
    /// Kept safe, not in the file; a named person decides.
    Quarantined {
        /// Why.
        reason: Reason,
        /// Who decides.
        owner: WorkerId,
    },
    /// A finish or settlement that waits for statements it names.
    Held {
        /// The statements it waits for.
        missing: Vec<OpId>,
    },
}

impl Verdict {
    /// True if the statement counts.
    #[must_use]
    pub const fn is_applied(&self) -> bool {
        matches!(self, Self::Applied | Self::AppliedFromPreviousWorker)
    }

    /// What goes into a scope's digest: the judgement, without the owner, who may change.
    #[must_use]
    pub const fn digest_bytes(&self) -> [u8; 2] {
        match self {
            Self::Applied => [1, 0],
            Self::AppliedFromPreviousWorker => [2, 0],
            Self::Quarantined { reason, .. } => [3, reason.code()],
            Self::Held { .. } => [4, 0],
        }
    }
}

impl<C> Encode<C> for Verdict {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self {
            Self::Applied => e.array(1)?.u8(1)?.ok(),
            Self::AppliedFromPreviousWorker => e.array(1)?.u8(2)?.ok(),
            Self::Quarantined { reason, owner } => e
                .array(3)?
                .u8(3)?
                .u8(reason.code())?
                .encode_with(owner, ctx)?
                .ok(),
            Self::Held { missing } => e.array(2)?.u8(4)?.encode_with(missing, ctx)?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for Verdict {
    fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        let length = d.array()?;
        match (d.u8()?, length) {
            (1, Some(1)) => Ok(Self::Applied),
            (2, Some(1)) => Ok(Self::AppliedFromPreviousWorker),
            (3, Some(3)) => {
                let reason = Reason::from_code(d.u8()?)
                    .ok_or_else(|| minicbor::decode::Error::message("unknown reason"))?;
                Ok(Self::Quarantined {
                    reason,
                    owner: d.decode_with(ctx)?,
                })
            }
            (4, Some(2)) => Ok(Self::Held {
                missing: d.decode_with(ctx)?,
            }),
            _ => Err(minicbor::decode::Error::message("unknown verdict")),
        }
    }
}
