//! What a command answers: the same thing for people and for scripts.

use serde_json::Value as Json;

use crate::failure::Failure;

/// An answer in both forms.
pub(crate) struct Reply {
    /// For people.
    pub(crate) text: String,
    /// For scripts: an object. In a session the text goes along as `text`.
    pub(crate) json: Json,
    /// Something stood in the way: a script should know by the exit code.
    pub(crate) incomplete: bool,
}

impl Reply {
    /// An answer.
    pub(crate) fn new(text: impl Into<String>, json: Json) -> Self {
        Self {
            text: text.into(),
            json,
            incomplete: false,
        }
    }

    /// One line of a session.
    pub(crate) fn line(outcome: Result<Self, Failure>) -> String {
        let line = match outcome {
            Ok(Self { text, json, .. }) => {
                let mut result = json;
                if let Json::Object(fields) = &mut result {
                    fields.entry("text").or_insert_with(|| Json::String(text));
                }
                serde_json::json!({"ok": true, "result": result})
            }
            Err(Failure { code, message }) => {
                serde_json::json!({"ok": false, "code": code, "message": message})
            }
        };
        line.to_string()
    }
}
