//! What is written in a visit record, and what follows from it.

pub mod calendar;
pub mod catalogue;
pub mod cbor;
pub mod commit;
pub mod conflict;
pub mod digest;
pub mod due;
pub mod epoch;
pub mod fact;
pub mod family;
pub mod fold;
pub mod id;
pub mod judge;
pub mod limits;
pub mod look;
pub mod op;
pub mod outing;
pub mod page;
pub mod payload;
pub mod scope;
pub mod status;
pub mod time;
pub mod verdict;
pub mod visit;
pub mod wire;
pub mod words;
