//! What a line can do to an exchange.

/// What the line does to one exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing gets through.
    NoLine,
    /// The request is lost on the way.
    LostRequest,
    /// It arrives, much later.
    LateRequest,
    /// The council took it; the answer is lost.
    LostReply,
    /// It arrives twice.
    TwiceRequest,
    /// An older answer comes in the place of the right one.
    StaleReply,
    /// A sign-in page, with status 200.
    SignInPage,
    /// The same, under our media type.
    DisguisedPage,
    Status520,
    /// 503 with Retry-After.
    Busy,
    /// 413 for everything beyond one envelope.
    TooLarge,
    /// The answer is cut short.
    CutReply,
    /// One bit of the answer is wrong.
    FlippedReply,
    /// One bit of the request is wrong.
    FlippedRequest,
    /// Passes a little, then hangs until the phone gives up.
    Clogged,
}

pub(super) const FAULTS: [(Fault, &str); 15] = [
    (Fault::NoLine, "no line"),
    (Fault::LostRequest, "request lost"),
    (Fault::LateRequest, "request late"),
    (Fault::LostReply, "reply lost after commit"),
    (Fault::TwiceRequest, "request twice"),
    (Fault::StaleReply, "old reply"),
    (Fault::SignInPage, "sign-in page with 200"),
    (Fault::DisguisedPage, "HTML under our media type"),
    (Fault::Status520, "HTTP 520"),
    (Fault::Busy, "HTTP 503, wait"),
    (Fault::TooLarge, "HTTP 413"),
    (Fault::CutReply, "reply cut"),
    (Fault::FlippedReply, "reply bit flipped"),
    (Fault::FlippedRequest, "request bit flipped"),
    (Fault::Clogged, "link clogged"),
];

impl Fault {
    pub(crate) fn name(self) -> &'static str {
        FAULTS
            .iter()
            .find(|(fault, _)| *fault == self)
            .map_or("", |(_, name)| name)
    }
}
