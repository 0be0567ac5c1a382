//! One question and one answer over the network, as the engine sees them.

/// What a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Route {
    /// Sealed envelopes; needs no key.
    Upload,
    /// What is new, for this device.
    Pull,
    /// Encrypted files going up; needs no key.
    Attachments,
    /// Where encrypted files are, and their chunks, for this device.
    Fetch,
    /// The council's public keys. The body is empty.
    Keys,
    /// Becoming a device of the council. Never asked for by the engine.
    Enrol,
}

impl Route {
    /// The path on the council's server.
    #[must_use]
    pub const fn path(self) -> &'static str {
        match self {
            Self::Upload => "/v1/upload",
            Self::Pull => "/v1/pull",
            Self::Attachments => "/v1/attachments",
            Self::Fetch => "/v1/fetch",
            Self::Keys => "/v1/keys",
            Self::Enrol => "/v1/enrol",
        }
    }
}

/// Whatever answered, council or not. Holds sealed bytes or somebody's web page, so its `Debug` shows no body.
#[derive(Clone, PartialEq, Eq)]
pub struct HttpReply {
    /// The status code.
    pub status: u16,
    /// The `Content-Type` as received.
    pub media_type: Option<String>,
    /// `Retry-After` in seconds, where it was given in that form.
    pub retry_after: Option<u64>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for HttpReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("HttpReply")
            .field("status", &self.status)
            .field("body_len", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why there is no whole answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum TransportProblem {
    /// No connection was made; nothing left the device.
    #[error("no connection")]
    NoLine,
    /// Whoever answered could not prove to be the council; nothing was sent.
    #[error("the connection is not private")]
    NotPrivate,
    /// The line went after something may have been sent.
    #[error("the line was lost")]
    Lost,
    /// No whole answer before the deadline; the request may have arrived.
    #[error("no answer in time")]
    TimedOut,
    /// What came is not HTTP, or larger than any answer of the council; the request may have arrived.
    #[error("the answer could not be read")]
    Unreadable,
    /// The caller cancelled; the request may have arrived.
    #[error("cancelled")]
    Cancelled,
}
