//! What an app hands in where a call takes several things.

/// One answer to a question of the form.
#[derive(Clone, uniffi::Record)]
pub struct AnswerGiven {
    /// What it answers: a field such as `seen`, an element `people_present/ID`, or a part `people_present/ID/lives_here`.
    pub target: String,
    /// The code of the answer, a date `2026-10-27`, a time `09:52`, or words: as the field takes it.
    pub code: String,
    /// A few words beside it.
    #[uniffi(default = None)]
    pub note: Option<String>,
}

/// One thing a child gave.
#[derive(Clone, uniffi::Record)]
pub struct VoiceGiven {
    /// How: `said`, `wrote`, `signed`, `symbols_or_aac`, `drew_or_made`, `showed_or_played`, `observed`, `told_by_other`,
    /// `chose_not_to_say`, `not_sought`.
    pub how: String,
    /// The reason, which `chose_not_to_say` and `not_sought` need and nothing else takes.
    #[uniffi(default = None)]
    pub because: Option<String>,
    /// The child's exact words. They are kept byte for byte and never change.
    #[uniffi(default = None)]
    pub words: Option<String>,
    /// For what was observed: what the worker saw.
    #[uniffi(default = None)]
    pub saw: Option<String>,
    /// For what was observed: whether it is usual for this child.
    #[uniffi(default = None)]
    pub usual_for_child: Option<String>,
    /// Further answers of the voice's form. Notes are not taken here.
    #[uniffi(default = [])]
    pub more: Vec<AnswerGiven>,
}
