//! Full-text search over everything this device can read.
//!
//! Words are indexed after the save, in a transaction of their own, because the index is the costliest part of a save and
//! nobody searches for what they have just typed. What a person types to search is only ever a list of quoted strings to
//! the index: inside quotes it has no operators, no columns and no way out.

use rusqlite::{Connection, params};
use visitbook_record::commit::RecordKind;
use visitbook_record::payload::{Content, Value};

use super::StoreError;

type Result<T> = std::result::Result<T, StoreError>;

/// More words than this do not narrow a search.
const MOST_WORDS: usize = 16;

/// Longer words than this are not words.
const LONGEST_WORD: usize = 64;

/// The query for a text: every word in it, the last part of each open. `None` if there is no word in it.
pub(crate) fn query(text: &str) -> Option<String> {
    let words: Vec<String> = text
        .split(|c: char| c.is_whitespace() || c.is_control() || c == '"')
        .filter(|word| word.chars().any(char::is_alphanumeric))
        .take(MOST_WORDS)
        .map(|word| {
            let word: String = word.chars().take(LONGEST_WORD).collect();
            format!("\"{word}\"*")
        })
        .collect();
    (!words.is_empty()).then(|| words.join(" "))
}

/// The operations whose words match, the newest first. What a child handed in and nobody has opened, or the holder has not on the
/// device that it was left on, is passed over; the id of its record says that it was handed in (UUIDv8).
pub(crate) fn matches(db: &Connection, query: &str, limit: usize) -> Result<Vec<i64>> {
    let mut found = db.prepare_cached(
        "SELECT found.rowid FROM found JOIN op ON op.no = found.rowid JOIN record ON record.no = op.record
            JOIN scope ON scope.no = record.scope
            LEFT JOIN oversight_view ON oversight_view.record = record.no
         WHERE found MATCH ?1 AND scope.held = 1 AND scope.closed = 0 AND oversight_view.voided IS NOT 1
            AND NOT (record.kind = ?3 AND substr(hex(record.id), 13, 1) = '8' AND (
                EXISTS (SELECT 1 FROM family_post WHERE family_post.record = record.id AND family_post.read = 0)
                OR NOT EXISTS (SELECT 1 FROM answer_view WHERE answer_view.record = record.no
                    AND answer_view.field = 'opened')))
         ORDER BY found.rowid DESC LIMIT ?2",
    )?;
    let rows = found.query_map(
        params![
            query,
            i64::try_from(limit).unwrap_or(i64::MAX),
            RecordKind::Voice.code()
        ],
        |row| row.get(0),
    )?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

/// Indexes what has come since the last time. The caller's transaction makes it all or nothing.
pub(crate) fn index_new(db: &Connection) -> Result<usize> {
    let done: i64 = db.query_row("SELECT searched FROM meta", [], |row| row.get(0))?;
    let mut pending = db.prepare_cached(
        "SELECT op, bytes FROM payload WHERE op > ?1
         UNION ALL SELECT payload.op, payload.bytes FROM to_index JOIN payload ON payload.op = to_index.op
            WHERE payload.op <= ?1",
    )?;
    let mut rows = pending.query([done])?;
    let mut count = 0;
    while let Some(row) = rows.next()? {
        let op: i64 = row.get(0)?;
        let bytes = row
            .get_ref(1)?
            .as_blob()
            .map_err(|_| StoreError::Row("a payload"))?;
        let content = visitbook_record::cbor::decode::<Content>(bytes).ok();
        if let Some(text) = content.as_ref().and_then(words_of) {
            db.prepare_cached("INSERT OR REPLACE INTO found (rowid, text) VALUES (?1, ?2)")?
                .execute(params![op, text])?;
            count += 1;
        }
    }
    drop(rows);
    db.execute("DELETE FROM to_index", [])?;
    db.execute(
        "UPDATE meta SET searched = (SELECT coalesce(max(no), 0) FROM op)",
        [],
    )?;
    Ok(count)
}

/// Whether anything waits to be indexed.
pub(crate) fn is_behind(db: &Connection) -> Result<bool> {
    Ok(db.query_row(
        "SELECT (SELECT coalesce(max(no), 0) FROM op) > searched OR EXISTS (SELECT 1 FROM to_index) FROM meta",
        [],
        |row| row.get(0),
    )?)
}

/// The words a person would look for in a payload.
pub(crate) fn words_of(content: &Content) -> Option<String> {
    let of_value = |value: &Value| match &value.note {
        Some(note) => format!("{} {note}", value.label),
        None => value.label.clone(),
    };
    match content {
        Content::Value(value) | Content::Ask { value, .. } => Some(of_value(value)),
        Content::Text { text, .. } => Some(text.clone()),
        Content::Words(words) => Some(words.clone()),
        Content::Reason(reason) => Some(reason.clone()),
        Content::Settlement(settlement) => Some(match &settlement.reason {
            Some(reason) => format!("{} {reason}", of_value(&settlement.value)),
            None => of_value(&settlement.value),
        }),
        Content::Assignment(assignment) => Some(assignment.reason.clone()),
        Content::Redaction(redaction) => Some(redaction.reason.clone()),
        Content::Correction(correction) => Some(format!(
            "{} {}",
            of_value(&correction.value),
            correction.reason
        )),
        Content::Closing(closing) => {
            Some(format!("{} {}", of_value(&closing.step), closing.reason))
        }
        Content::Void { reason, .. } | Content::Placement { reason, .. } => Some(reason.clone()),
        Content::Finish(_)
        | Content::SignOff(_)
        | Content::FamilySession(_)
        | Content::Drawing(_)
        | Content::Attachment(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_a_list_of_quoted_words() {
        for (text, expected) in [
            ("wren", Some("\"wren\"*")),
            ("  bottle  bed ", Some("\"bottle\"* \"bed\"*")),
            (
                "say \"no\" OR 1=1",
                Some("\"say\"* \"no\"* \"OR\"* \"1=1\"*"),
            ),
            ("NEAR(a b)", Some("\"NEAR(a\"* \"b)\"*")),
            ("\"", None),
            ("* ^ - : ( )", None),
            ("a\0b", Some("\"a\"* \"b\"*")),
            ("", None),
        ] {
            assert_eq!(query(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn a_query_has_bounds() {
        let long = "x".repeat(10_000);
        assert_eq!(query(&long).map(|q| q.len()), Some(LONGEST_WORD + 3));
        let many = "word ".repeat(10_000);
        assert_eq!(query(&many).map(|q| q.split(' ').count()), Some(MOST_WORDS));
    }
}
