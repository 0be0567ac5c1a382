//! What crosses the wire about attachments: encrypted chunks going up, questions and chunks coming down.
//!
//! Going up needs no key and no sign-in: the council takes the bytes of a file that a statement it has received names, and
//! no other. Coming down is signed by the device, and the council gives what the device's holder may see.

pub use minicbor::bytes::{ByteArray, ByteVec};
use minicbor::{Decode, Encode};

use crate::id::{DeviceId, Incarnation};
use crate::time::WallMillis;
use crate::wire::{Denial, Signed};

/// Frames of lists and chunks, as the protecting crate makes them. The list of a file goes before its chunks; alone, it
/// asks which chunks the council has.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct FramesUp {
    /// The frames.
    #[n(0)]
    pub frames: Vec<ByteVec>,
}

/// What the council has of one file.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Holding {
    /// The file.
    #[n(0)]
    pub id: ByteArray<32>,
    /// A statement that the council has names this file. Without one nothing of it is taken: the words go first.
    #[n(1)]
    pub named: bool,
    /// One bit for each chunk, the first in the highest bit of the first byte; empty while the list is not there.
    #[n(2)]
    pub have: ByteVec,
    /// A signed [`AttachmentReceipt`], once every chunk is there.
    #[n(3)]
    pub receipt: Option<Signed>,
}

/// The answer to [`FramesUp`]: every file that a readable frame was about, once each.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct FramesTaken {
    /// By file.
    #[n(0)]
    pub holdings: Vec<Holding>,
    /// The council's clock.
    #[n(1)]
    pub time: WallMillis,
}

/// The council's statement that it durably has every chunk of a file. Signed by the receipt key of the epoch. Its first
/// part keeps it apart from every other statement under that key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct AttachmentReceipt {
    /// Always [`AttachmentReceipt::LABEL`].
    #[n(0)]
    pub label: String,
    /// The file.
    #[n(1)]
    pub id: ByteArray<32>,
    /// Bytes of the file, opened, as its list says.
    #[n(2)]
    pub size: u64,
    /// The life of the council's log.
    #[n(3)]
    pub epoch: u64,
    /// The council's clock.
    #[n(4)]
    pub time: WallMillis,
}

impl AttachmentReceipt {
    /// What it is.
    pub const LABEL: &'static str = "attachment";
}

/// Asks where files are, and for the chunks of one. Signed by the device, sealed to the council; shares the counter of
/// pulls.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Fetch {
    /// Who asks.
    #[n(0)]
    pub device: DeviceId,
    /// In which writing life.
    #[n(1)]
    pub incarnation: Incarnation,
    /// Grows with every request of this device and life.
    #[n(2)]
    pub counter: u64,
    /// Where are these?
    #[n(3)]
    pub about: Vec<ByteArray<32>>,
    /// And the chunks of this one, from this place on.
    #[n(4)]
    pub from: Option<(ByteArray<32>, u32)>,
    /// How large an answer the device takes, in bytes. One chunk always comes.
    #[n(5)]
    pub budget: u32,
}

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Whereabouts {
    /// The council knows no such file, or the device's holder may not see it.
    Unknown,
    /// The council has all of it.
    Here {
        /// A signed [`AttachmentReceipt`].
        receipt: Signed,
    },
    /// Its bytes have not all come.
    Expected {
        /// What the device that must hand it in is called.
        from: String,
        /// When that device was last heard, by the council's clock.
        heard: Option<WallMillis>,
        /// Chunks that have come.
        have: u32,
        /// How many there are; 0 while the list has not come.
        total: u32,
    },
}

impl<C> Encode<C> for Whereabouts {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self {
            Self::Unknown => e.array(1)?.u8(0)?.ok(),
            Self::Here { receipt } => e.array(2)?.u8(1)?.encode_with(receipt, ctx)?.ok(),
            Self::Expected {
                from,
                heard,
                have,
                total,
            } => e
                .array(5)?
                .u8(2)?
                .str(from)?
                .encode_with(heard, ctx)?
                .u32(*have)?
                .u32(*total)?
                .ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for Whereabouts {
    fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        let length = d.array()?;
        match (d.u8()?, length) {
            (0, Some(1)) => Ok(Self::Unknown),
            (1, Some(2)) => Ok(Self::Here {
                receipt: d.decode_with(ctx)?,
            }),
            (2, Some(5)) => Ok(Self::Expected {
                from: d.str()?.to_owned(),
                heard: d.decode_with(ctx)?,
                have: d.u32()?,
                total: d.u32()?,
            }),
            _ => Err(minicbor::decode::Error::message("unknown whereabouts")),
        }
    }
}

/// The answer to [`Fetch`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// What was asked for.
    Told {
        /// By file, in the order asked.
        about: Vec<Whereabouts>,
        /// The list of the file whose chunks were asked for from the first on.
        list: Option<ByteVec>,
        /// Its chunks, one after the other from the place asked for; none where the council does not have the next one.
        chunks: Vec<ByteVec>,
        /// The council's clock.
        time: WallMillis,
    },
    /// Nothing.
    Denied {
        /// Why.
        denial: Denial,
        /// The least counter the server will take next from this device and life.
        next_counter: u64,
    },
}

impl<C> Encode<C> for Fetched {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self {
            Self::Told {
                about,
                list,
                chunks,
                time,
            } => e
                .array(5)?
                .u8(1)?
                .encode_with(about, ctx)?
                .encode_with(list, ctx)?
                .encode_with(chunks, ctx)?
                .encode_with(time, ctx)?
                .ok(),
            Self::Denied {
                denial,
                next_counter,
            } => denial.encode_answer(*next_counter, e),
        }
    }
}

impl<'b, C> Decode<'b, C> for Fetched {
    fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        let length = d.array()?;
        match (d.u8()?, length) {
            (1, Some(5)) => Ok(Self::Told {
                about: d.decode_with(ctx)?,
                list: d.decode_with(ctx)?,
                chunks: d.decode_with(ctx)?,
                time: d.decode_with(ctx)?,
            }),
            (2, Some(3)) => {
                let (denial, next_counter) = Denial::decode_answer(d)?;
                Ok(Self::Denied {
                    denial,
                    next_counter,
                })
            }
            _ => Err(minicbor::decode::Error::message("unknown reply")),
        }
    }
}

/// Which chunks are there, as [`Holding::have`] says it.
#[must_use]
pub fn bitmap(count: u32, has: impl Fn(u32) -> bool) -> Vec<u8> {
    let mut bits = vec![0; (count as usize).div_ceil(8)];
    for index in (0..count).filter(|index| has(*index)) {
        bits[index as usize / 8] |= 0x80 >> (index % 8);
    }
    bits
}

/// Whether a chunk is there.
#[must_use]
pub fn has(bitmap: &[u8], index: u32) -> bool {
    bitmap
        .get(index as usize / 8)
        .is_some_and(|byte| byte & (0x80 >> (index % 8)) != 0)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::cbor::{decode, encode};

    #[test]
    fn bits_stand_for_chunks() {
        let there = [0, 3, 8, 9];
        let bits = bitmap(11, |index| there.contains(&index));
        assert_eq!(bits, [0b1001_0000, 0b1100_0000]);
        for index in 0..20 {
            assert_eq!(has(&bits, index), there.contains(&index), "{index}");
        }
        assert!(bitmap(0, |_| true).is_empty());
    }

    #[test]
    fn answers_read_back() {
        let told = Fetched::Told {
            about: vec![
                Whereabouts::Unknown,
                Whereabouts::Here {
                    receipt: Signed {
                        bytes: vec![1],
                        signature: vec![2; 64],
                    },
                },
                Whereabouts::Expected {
                    from: "Rowan's tablet".into(),
                    heard: Some(WallMillis(7)),
                    have: 2,
                    total: 5,
                },
            ],
            list: Some(vec![1, 2].into()),
            chunks: vec![vec![3; 70].into()],
            time: WallMillis(9),
        };
        assert_eq!(decode::<Fetched>(&encode(&told)).unwrap(), told);
        let denied = Fetched::Denied {
            denial: Denial::Replayed,
            next_counter: 12,
        };
        assert_eq!(decode::<Fetched>(&encode(&denied)).unwrap(), denied);
    }

    /// The receipt key signs both: neither may read as the other.
    #[test]
    fn a_receipt_for_a_file_is_no_receipt_for_a_commit() {
        let receipt = AttachmentReceipt {
            label: AttachmentReceipt::LABEL.into(),
            id: [7; 32].into(),
            size: 3,
            epoch: 1,
            time: WallMillis(5),
        };
        assert!(decode::<crate::wire::ReceiptStatement>(&encode(&receipt)).is_err());
        let statement = crate::wire::ReceiptStatement {
            scope: crate::scope::Scope::Council,
            first: crate::scope::LogPosition {
                epoch: 1,
                position: 1,
            },
            received: Vec::new(),
            time: WallMillis(5),
            previous: None,
        };
        assert!(decode::<AttachmentReceipt>(&encode(&statement)).is_err());
    }
}
