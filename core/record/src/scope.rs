//! The unit of permission and of the server's log.
//!
//! Permission is always for a whole scope. A child has an open scope and, where something must be kept from people who
//! otherwise hold the child, a second, restricted one. A worker's own scope tells that worker what they hold. The
//! council's scope holds what every device needs.

use minicbor::{Decode, Encode};

use crate::id::{RecordId, WorkerId};

/// Where a commit belongs: one log on the server, one permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// What the team around a child shares.
    Child(RecordId),
    /// What only some of them may see.
    Restricted(RecordId),
    /// One worker's own: assignments, and what became of work they sent for scopes they do not hold.
    Worker(WorkerId),
    /// What every device of the council holds.
    Council,
    /// Where a worker's devices say what was looked at on them. No device holds it.
    Audit(WorkerId),
}

impl Scope {
    /// The child whose scope this is, if it is a child's.
    #[must_use]
    pub const fn child(self) -> Option<RecordId> {
        match self {
            Self::Child(child) | Self::Restricted(child) => Some(child),
            Self::Worker(_) | Self::Council | Self::Audit(_) => None,
        }
    }

    const fn parts(self) -> (u8, Option<[u8; 16]>) {
        match self {
            Self::Child(id) => (1, Some(id.0)),
            Self::Restricted(id) => (2, Some(id.0)),
            Self::Worker(id) => (3, Some(id.0)),
            Self::Council => (4, None),
            Self::Audit(id) => (5, Some(id.0)),
        }
    }
}

impl<C> Encode<C> for Scope {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self.parts() {
            (kind, Some(id)) => e.array(2)?.u8(kind)?.bytes(&id)?.ok(),
            (kind, None) => e.array(1)?.u8(kind)?.ok(),
        }
    }
}

impl<'b, C> Decode<'b, C> for Scope {
    fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        let length = d.array()?;
        match (d.u8()?, length) {
            (1, Some(2)) => Ok(Self::Child(d.decode_with(ctx)?)),
            (2, Some(2)) => Ok(Self::Restricted(d.decode_with(ctx)?)),
            (3, Some(2)) => Ok(Self::Worker(d.decode_with(ctx)?)),
            (4, Some(1)) => Ok(Self::Council),
            (5, Some(2)) => Ok(Self::Audit(d.decode_with(ctx)?)),
            _ => Err(minicbor::decode::Error::message("unknown scope")),
        }
    }
}

impl std::fmt::Display for Scope {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Child(id) => write!(f, "child:{id}"),
            Self::Restricted(id) => write!(f, "restricted:{id}"),
            Self::Worker(id) => write!(f, "worker:{id}"),
            Self::Council => f.write_str("council"),
            Self::Audit(id) => write!(f, "audit:{id}"),
        }
    }
}

impl serde::Serialize for Scope {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// A place in the log of one scope: which life of the server's log, and how far into it. Positions begin at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(array)]
pub struct LogPosition {
    /// The life of the server's log between restores.
    #[n(0)]
    pub epoch: u64,
    /// The place in the scope's log, from 1.
    #[n(1)]
    pub position: u64,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::cbor::{Malformed, decode, encode};

    #[test]
    fn every_scope_reads_back() {
        for scope in [
            Scope::Child(RecordId([1; 16])),
            Scope::Restricted(RecordId([2; 16])),
            Scope::Worker(WorkerId([3; 16])),
            Scope::Council,
            Scope::Audit(WorkerId([4; 16])),
        ] {
            assert_eq!(decode::<Scope>(&encode(&scope)).unwrap(), scope);
        }
    }

    #[test]
    fn a_scope_with_a_name_too_many_is_refused() {
        let mut bytes = encode(&Scope::Council);
        bytes[0] = 0x82;
        bytes.push(0x40);
        assert_eq!(decode::<Scope>(&bytes), Err(Malformed::Shape));
    }
}
