//! Payloads: the values, texts and reasons themselves.
//!
//! A payload is kept beside its operation's facts under a salted hash. Facts always travel with the scope; a payload can
//! be withheld from a reader, or lawfully removed together with its salt, and every chain, receipt and digest stays valid.

use minicbor::{Decode, Encode};

use crate::attachment::Attachment;
use crate::cbor::{Malformed, decode, encode};
use crate::commit::Role;
use crate::id::{OpId, PayloadHash, RecordId, Salt, WorkerId, labelled_hash};
use crate::neglect::Closing;
use crate::redaction::Redaction;

/// A salt and the exact bytes of one [`Content`].
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Payload {
    /// Keeps the hash of a short answer from being guessed.
    #[n(0)]
    pub salt: Salt,
    /// Encoded [`Content`].
    #[cbor(n(1), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

impl Payload {
    /// Encodes a content under a fresh salt, which the caller draws at random.
    #[must_use]
    pub fn new(salt: Salt, content: &Content) -> Self {
        Self {
            salt,
            bytes: encode(content),
        }
    }

    /// The name that an operation gives it.
    #[must_use]
    pub fn hash(&self) -> PayloadHash {
        PayloadHash(labelled_hash(
            "visitbook/1/payload",
            &[&self.salt.0, &self.bytes],
        ))
    }

    /// What it says.
    ///
    /// # Errors
    /// [`Malformed`] if the bytes are not one content in its only encoding.
    pub fn content(&self) -> Result<Content, Malformed> {
        decode(&self.bytes)
    }
}

impl std::fmt::Debug for Payload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Payload({} bytes)", self.bytes.len())
    }
}

/// An answer: the code that counts, the label that was on the screen, and a few words beside it.
///
/// A note on an answer is part of the answer and is never withheld from colleagues.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Value {
    /// The code from the form catalogue; for dates, times, names and numbers the value itself in its plain form.
    #[n(0)]
    pub code: String,
    /// The words the author saw when answering.
    #[n(1)]
    pub label: String,
    /// "Reed stood in the doorway".
    #[n(2)]
    pub note: Option<String>,
}

impl Value {
    /// An answer without a note.
    pub fn new(code: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            code: code.into(),
            label: label.into(),
            note: None,
        }
    }
}

/// A settlement of two or more answers by a named person, who had them all on screen.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Settlement {
    /// The answer that now stands.
    #[n(0)]
    pub value: Value,
    /// "Both happened – I'll explain": the most worrying answer stands and the note tells the story.
    #[n(1)]
    pub both_happened: bool,
    /// Asked for on risk facts only.
    #[n(2)]
    pub reason: Option<String>,
}

/// A worker's hold on a child.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Assignment {
    /// Who holds.
    #[n(0)]
    pub worker: WorkerId,
    /// Which child.
    #[n(1)]
    pub child: RecordId,
    /// In what role.
    #[n(2)]
    pub role: Role,
    /// Who arranged it, and why, in words.
    #[n(3)]
    pub reason: String,
    /// At an ending: who holds the child now, where the council says so.
    #[n(4)]
    pub moved_to: Option<WorkerId>,
}

/// A fact put right after the finish.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Correction {
    /// What is.
    #[n(0)]
    pub value: Value,
    /// What was, in the words that stood on the page.
    #[n(1)]
    pub was: String,
    /// Why.
    #[n(2)]
    pub reason: String,
}

/// A session in which the vault is closed and a child can write.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct FamilySession {
    /// Names it.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub session: [u8; 16],
    /// The first key of its chain of tags. For the council's eyes: never served.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub first_key: [u8; 32],
}

/// Something a child drew or made, as the bytes that the page made of it. Never re-encoded.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Drawing {
    /// What the bytes are, as a media type: `image/png`.
    #[n(0)]
    pub media: String,
    /// The exact bytes.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
}

/// What a payload says.
#[derive(Clone, PartialEq, Eq)]
pub enum Content {
    /// An answer to a question of the form.
    Value(Value),
    /// A piece of the author's text. `cut_off` marks a draft that a crash ended and its author has not gone on with.
    Text {
        /// The whole text.
        text: String,
        /// Recovered after a crash.
        cut_off: bool,
    },
    /// A child's own words, exactly. There is no operation that edits them.
    Words(String),
    /// Why an entry is withdrawn or a member removed.
    Reason(String),
    /// The statements a finish fixes, in ascending order of their names.
    Finish(Vec<OpId>),
    /// A settlement.
    Settlement(Settlement),
    /// A value proposed to another author.
    Ask {
        /// The value proposed.
        value: Value,
        /// Whose agreement is asked for.
        person: WorkerId,
    },
    /// Who holds a child.
    Assignment(Assignment),
    /// A fact put right after the finish.
    Correction(Correction),
    /// The finish that is signed off.
    SignOff(OpId),
    /// Entered in error: why, and the record made again where it belongs.
    Void {
        /// Why.
        reason: String,
        /// Where it stands now.
        made_again: Option<RecordId>,
    },
    /// The statement that is put in its place, and a word about it.
    Placement {
        /// Which.
        op: OpId,
        /// Why.
        reason: String,
    },
    /// A file: its name, and the key that opens it.
    Attachment(Attachment),
    /// A session in which a child can write.
    FamilySession(FamilySession),
    /// Why words were removed by law, and which.
    Redaction(Redaction),
    /// Something a child drew or made. As with words, there is no operation that edits it.
    Drawing(Drawing),
    /// How a manager closes a line about an area that was not met.
    Closing(Closing),
}

impl Content {
    /// The answer this content gives, if it gives one.
    #[must_use]
    pub const fn value(&self) -> Option<&Value> {
        match self {
            Self::Value(value)
            | Self::Settlement(Settlement { value, .. })
            | Self::Correction(Correction { value, .. }) => Some(value),
            _ => None,
        }
    }
}

impl std::fmt::Debug for Content {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Value(_) => "Content::Value",
            Self::Text { .. } => "Content::Text",
            Self::Words(_) => "Content::Words",
            Self::Reason(_) => "Content::Reason",
            Self::Finish(_) => "Content::Finish",
            Self::Settlement(_) => "Content::Settlement",
            Self::Ask { .. } => "Content::Ask",
            Self::Assignment(_) => "Content::Assignment",
            Self::Correction(_) => "Content::Correction",
            Self::SignOff(_) => "Content::SignOff",
            Self::Void { .. } => "Content::Void",
            Self::Placement { .. } => "Content::Placement",
            Self::Attachment(_) => "Content::Attachment",
            Self::FamilySession(_) => "Content::FamilySession",
            Self::Redaction(_) => "Content::Redaction",
            Self::Drawing(_) => "Content::Drawing",
            Self::Closing(_) => "Content::Closing",
        })
    }
}

impl<C> Encode<C> for Content {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self {
            Self::Value(value) => e.array(2)?.u8(1)?.encode_with(value, ctx)?.ok(),
            Self::Text { text, cut_off } => e.array(3)?.u8(2)?.str(text)?.bool(*cut_off)?.ok(),
            Self::Words(words) => e.array(2)?.u8(3)?.str(words)?.ok(),
            Self::Reason(reason) => e.array(2)?.u8(4)?.str(reason)?.ok(),
            Self::Finish(ops) => e.array(2)?.u8(5)?.encode_with(ops, ctx)?.ok(),
            Self::Settlement(settlement) => e.array(2)?.u8(6)?.encode_with(settlement, ctx)?.ok(),
            Self::Ask { value, person } => e
                .array(3)?
                .u8(7)?
                .encode_with(value, ctx)?
                .encode_with(person, ctx)?
                .ok(),
            Self::Assignment(assignment) => e.array(2)?.u8(8)?.encode_with(assignment, ctx)?.ok(),
            Self::Correction(correction) => e.array(2)?.u8(9)?.encode_with(correction, ctx)?.ok(),
            Self::SignOff(finish) => e.array(2)?.u8(10)?.encode_with(finish, ctx)?.ok(),
            Self::Void { reason, made_again } => e
                .array(3)?
                .u8(11)?
                .str(reason)?
                .encode_with(made_again, ctx)?
                .ok(),
            Self::Placement { op, reason } => {
                e.array(3)?.u8(12)?.encode_with(op, ctx)?.str(reason)?.ok()
            }
            Self::Attachment(attachment) => e.array(2)?.u8(13)?.encode_with(attachment, ctx)?.ok(),
            Self::FamilySession(session) => e.array(2)?.u8(14)?.encode_with(session, ctx)?.ok(),
            Self::Redaction(redaction) => e.array(2)?.u8(15)?.encode_with(redaction, ctx)?.ok(),
            Self::Drawing(drawing) => e.array(2)?.u8(17)?.encode_with(drawing, ctx)?.ok(),
            Self::Closing(closing) => e.array(2)?.u8(18)?.encode_with(closing, ctx)?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for Content {
    fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        let length = d.array()?;
        match (d.u8()?, length) {
            (1, Some(2)) => Ok(Self::Value(d.decode_with(ctx)?)),
            (2, Some(3)) => Ok(Self::Text {
                text: d.str()?.to_owned(),
                cut_off: d.bool()?,
            }),
            (3, Some(2)) => Ok(Self::Words(d.str()?.to_owned())),
            (4, Some(2)) => Ok(Self::Reason(d.str()?.to_owned())),
            (5, Some(2)) => Ok(Self::Finish(d.decode_with(ctx)?)),
            (6, Some(2)) => Ok(Self::Settlement(d.decode_with(ctx)?)),
            (7, Some(3)) => Ok(Self::Ask {
                value: d.decode_with(ctx)?,
                person: d.decode_with(ctx)?,
            }),
            (8, Some(2)) => Ok(Self::Assignment(d.decode_with(ctx)?)),
            (9, Some(2)) => Ok(Self::Correction(d.decode_with(ctx)?)),
            (10, Some(2)) => Ok(Self::SignOff(d.decode_with(ctx)?)),
            (11, Some(3)) => Ok(Self::Void {
                reason: d.str()?.to_owned(),
                made_again: d.decode_with(ctx)?,
            }),
            (12, Some(3)) => Ok(Self::Placement {
                op: d.decode_with(ctx)?,
                reason: d.str()?.to_owned(),
            }),
            (13, Some(2)) => Ok(Self::Attachment(d.decode_with(ctx)?)),
            (14, Some(2)) => Ok(Self::FamilySession(d.decode_with(ctx)?)),
            (15, Some(2)) => Ok(Self::Redaction(d.decode_with(ctx)?)),
            (17, Some(2)) => Ok(Self::Drawing(d.decode_with(ctx)?)),
            (18, Some(2)) => Ok(Self::Closing(d.decode_with(ctx)?)),
            _ => Err(minicbor::decode::Error::message(
                "content of a newer version",
            )),
        }
    }
}
