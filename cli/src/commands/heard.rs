//! Something a child gave: recorded, opened, answered, decided about. The child's words are printed as they were given.

use std::fmt::Write as _;
use std::fs::OpenOptions;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

use serde_json::json;
use visitbook_device::model::{ReplyView, VersionView, VoiceView};
use visitbook_device::{Reply as ToChild, Sharing, VoiceGiven, Working};
use visitbook_record::op::Target;

use super::write::{saved, target, text_of};
use crate::args::Heard;
use crate::failure::Failure;
use crate::names;
use crate::reply::Reply;

pub(super) fn voice(
    working: &mut Working,
    child: &str,
    visit: Option<&str>,
    (how, because): (String, Option<String>),
    with: &[String],
    words: Option<String>,
) -> Result<Reply, Failure> {
    let child = names::child(working, child)?;
    let visit = visit
        .map(|visit| names::record(working, visit))
        .transpose()?;
    let observed = how == "observed";
    let words = words.map(|words| text_of(&words)).transpose()?;
    let (words, saw) = if observed {
        (None, words)
    } else {
        (words, None)
    };
    let mut given = VoiceGiven {
        how,
        because,
        words,
        saw,
        usual_for_child: None,
        more: Vec::new(),
    };
    for answer in with {
        let (field, code) = answer
            .split_once('=')
            .ok_or_else(|| Failure::new("bad_answer", "An answer is given as FIELD=CODE."))?;
        if field == "usual_for_child" {
            given.usual_for_child = Some(code.to_owned());
        } else {
            given.more.push((target(field), code.to_owned()));
        }
    }
    let before = Instant::now();
    let (record, done) = working.voice(child, visit, &given)?;
    Ok(saved(before, &done, json!({"voice": record})))
}

pub(super) fn run(working: &mut Working, command: Heard) -> Result<Reply, Failure> {
    let before = Instant::now();
    match command {
        Heard::Show { voice, drawing } => show(working, &voice, drawing.as_deref()),
        Heard::List { child } => list(working, &child),
        Heard::Reply {
            voice,
            code,
            who,
            by_when,
            because,
            on,
            how,
            replied,
        } => {
            let voice = names::record(working, &voice)?;
            let replied = replied.map(|other| names::record(working, &other));
            let reply = ToChild {
                code,
                who,
                by_when,
                because,
                on,
                how,
                voice: replied.transpose()?,
            };
            let (name, done) = working.reply(voice, &reply)?;
            Ok(saved(before, &done, json!({"voice": voice, "reply": name})))
        }
        Heard::Share {
            voice,
            decision,
            because,
            told_on,
            family_papers,
        } => {
            let voice = names::record(working, &voice)?;
            let family_papers = match family_papers.as_deref() {
                None => None,
                Some("yes") => Some(true),
                Some("no") => Some(false),
                Some(_) => {
                    return Err(Failure::new("bad_answer", "Family papers: yes or no."));
                }
            };
            let sharing = Sharing {
                decision,
                because,
                child_told_on: told_on,
                family_papers,
            };
            let done = working.decide_sharing(voice, &sharing)?;
            Ok(saved(before, &done, json!({"voice": voice})))
        }
        Heard::Reading { voice, text } => {
            let voice = names::record(working, &voice)?;
            let (entry, done) = working.note(voice, "reading", &text_of(&text)?)?;
            Ok(saved(
                before,
                &done,
                json!({"voice": voice, "entry": entry}),
            ))
        }
        Heard::Translate { voice, text, by } => {
            let voice = names::record(working, &voice)?;
            let (entry, mut done) = working.note(voice, "translation", &text_of(&text)?)?;
            let named = working.set(voice, &Target::field("translated_by"), &by, None)?;
            done.ops.extend(named.ops);
            Ok(saved(
                before,
                &done,
                json!({"voice": voice, "entry": entry}),
            ))
        }
        Heard::Set {
            voice,
            field,
            value,
        } => {
            let voice = names::record(working, &voice)?;
            let done = working.set(voice, &target(&field), &value, None)?;
            Ok(saved(before, &done, json!({"voice": voice})))
        }
    }
}

/// Opens one thing, and writes its drawing out if a file is named.
pub(super) fn show(
    working: &mut Working,
    record: &str,
    file: Option<&Path>,
) -> Result<Reply, Failure> {
    let record = names::record(working, record)?;
    let voice = working.open_voice(record)?;
    if let Some(file) = file {
        let Some((_, bytes)) = working.drawing(record)? else {
            return Err(Failure::new("no_drawing", "There is no drawing in this."));
        };
        let mut out = OpenOptions::new().write(true).create_new(true).open(file)?;
        out.write_all(&bytes)?;
    }
    let json = serde_json::to_value(&voice)
        .map_err(|error| Failure::new("not_read", error.to_string()))?;
    Ok(Reply::new(laid_out(&voice), json))
}

fn list(working: &mut Working, child: &str) -> Result<Reply, Failure> {
    let child = names::child(working, child)?;
    let all = working.voices(child)?;
    let mut text = String::new();
    for voice in &all {
        let _ = writeln!(
            text,
            "{} · {}",
            names::short(voice.record),
            voice.written.date
        );
        text.push_str(&laid_out(voice));
    }
    if all.is_empty() {
        text.push_str("Nothing yet.\n");
    }
    Ok(Reply::new(text, json!({"voices": all})))
}

fn laid_out(voice: &VoiceView) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    if let Some(closed) = &voice.closed {
        let _ = writeln!(text, "{closed}\n  visitbook heard show {}", voice.record);
        return text;
    }
    let _ = writeln!(text, "{}", voice.how_label.as_deref().unwrap_or("Said"));
    for words in &voice.words {
        let _ = writeln!(text, "“{words}”");
    }
    for removed in &voice.removed {
        let _ = writeln!(text, "{removed}");
    }
    for saw in &voice.saw {
        let _ = writeln!(text, "Seen: {saw}");
    }
    if let Some(drawing) = &voice.drawing {
        let _ = writeln!(
            text,
            "A drawing: {}, {} bytes",
            drawing.media, drawing.bytes
        );
    }
    for one in &voice.translations {
        let _ = writeln!(text, "In English: {}", words_of(one));
    }
    if !voice.child_asks.is_empty() {
        let _ = writeln!(text, "About sharing: {}", voice.child_asks.join(", "));
    }
    if voice.family_papers.as_deref() == Some("no_until_decided") {
        text.push_str("Not for family papers until somebody decides.\n");
    }
    if let Some(sharing) = &voice.sharing {
        let told = match &sharing.child_told_on {
            Some(on) => format!("the child was told {on}"),
            None => "the child has not been told yet".to_owned(),
        };
        let _ = writeln!(
            text,
            "Decided by {}: {}, because {}; {told}.",
            sharing.by,
            sharing.label.as_deref().unwrap_or("…"),
            sharing.because.as_deref().unwrap_or("…")
        );
    }
    for reply in &voice.replies {
        let _ = writeln!(text, "{}", reply_line(reply));
    }
    for one in &voice.readings {
        let _ = writeln!(text, "What {} thinks this tells: {}", one.by, words_of(one));
    }
    text
}

fn words_of(version: &VersionView) -> &str {
    version.text.as_deref().unwrap_or("…")
}

fn reply_line(reply: &ReplyView) -> String {
    let parts = [
        ("", &reply.who),
        ("by ", &reply.by_when),
        ("because ", &reply.because),
        ("on ", &reply.on),
        ("", &reply.how),
    ];
    let parts: Vec<String> = parts
        .into_iter()
        .filter_map(|(before, part)| Some(format!("{before}{}", part.as_deref()?)))
        .collect();
    let label = reply.label.as_deref().unwrap_or("…");
    let more = if parts.is_empty() {
        String::new()
    } else {
        format!(": {}", parts.join(", "))
    };
    format!("{label}{more} — {}, {}", reply.by, reply.written.date)
}
