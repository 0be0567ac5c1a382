//! What an answer means before it is opened, and when it does not open. HTTP status speaks about the connection, never
//! about a record: nothing here deletes anything or counts it as sent.

use visitbook_record::wire;

use super::exchange::HttpReply;
use super::outcome::Trouble;
use super::store::ReplyProblem;

/// What an answer that is not the council's comes to.
pub(crate) enum Fault {
    /// The network wants a person to sign in: end the run.
    SignInPage,
    /// Come back later, after so many seconds if it says so: end the run.
    ComeBack(Option<u64>),
    /// Something answered this very request oddly: perhaps it passes in another shape.
    Odd(Trouble),
    /// Too large for something on the way.
    TooLarge,
    /// Sealed to a key that the council does not have.
    OtherKey,
}

/// Whether an HTTP answer can be the council's, by everything but its seal.
pub(crate) fn judge(reply: &HttpReply) -> Option<Fault> {
    let media_type = reply
        .media_type
        .as_deref()
        .and_then(|text| text.split(';').next())
        .map_or("", str::trim);
    if reply.status == 200 && media_type.eq_ignore_ascii_case(wire::MEDIA_TYPE) {
        return None;
    }
    let page = ["text/html", "application/xhtml+xml"]
        .iter()
        .any(|html| media_type.eq_ignore_ascii_case(html));
    Some(match reply.status {
        // RFC 6585 §6, and the redirects by which older sign-in pages do the same.
        511 | 300..400 => Fault::SignInPage,
        200..300 if page => Fault::SignInPage,
        429 | 503 => Fault::ComeBack(reply.retry_after),
        413 => Fault::TooLarge,
        421 => Fault::OtherKey,
        _ if reply.retry_after.is_some() => Fault::ComeBack(reply.retry_after),
        _ => Fault::Odd(Trouble::NotAnsweringProperly),
    })
}

/// What a reply that the store did not take comes to.
///
/// # Errors
/// The store's own.
pub(super) fn fault_of<E>(problem: ReplyProblem<E>) -> Result<Result<(), Fault>, E> {
    match problem {
        ReplyProblem::NotTheCouncil => Ok(Err(Fault::Odd(Trouble::NotAnsweringProperly))),
        ReplyProblem::NotEnrolled => Ok(Err(Fault::Odd(Trouble::NotEnrolled))),
        ReplyProblem::Store(error) => Err(error),
    }
}
