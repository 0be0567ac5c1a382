//! Reconciling with the council, and what to say about it.

use std::time::Duration;

use serde_json::json;
use visitbook_device::sync::cancel::CancelHandle;
use visitbook_device::sync::driver::{Ask, Driver, SyncError, SystemClock};
use visitbook_device::sync::http::HttpsTransport;
use visitbook_device::sync::outcome::{Budget, Ended, Outcome, Progress, Trouble};
use visitbook_device::sync::store::SyncStore;
use visitbook_record::words::{self, Message};

use crate::failure::Failure;
use crate::reply::Reply;

/// Runs one sync that a person asked for, of an open book or of a locked device, which only sends.
pub(crate) fn sync<S: SyncStore>(
    store: &mut S,
    driver: &Driver,
    transport: &HttpsTransport,
    budget: Option<&str>,
    show: &mut dyn FnMut(&str),
) -> Result<Reply, Failure> {
    let time_ms = budget.map(duration).transpose()?;
    let ask = Ask {
        budget: Budget {
            time_ms,
            bytes: None,
        },
        asked: true,
    };
    let mut last = String::new();
    let mut progress = |now: Progress| {
        let line = progress_line(now);
        if line != last {
            show(&line);
            last = line;
        }
    };
    let outcome = driver
        .sync(
            store,
            transport,
            &SystemClock::default(),
            ask,
            &mut progress,
            &CancelHandle::new(),
        )
        .map_err(|error| match error {
            SyncError::Busy => {
                Failure::new("busy", "A sync is running already. Wait for it to end.")
            }
            SyncError::Store(error) => Failure::new(
                "not_stored",
                format!("{error}. Nothing that was saved is lost."),
            ),
        })?;
    Ok(answer(&outcome))
}

fn progress_line(now: Progress) -> String {
    let refused = if now.refused > 0 {
        format!(", {} not taken", now.refused)
    } else {
        String::new()
    };
    let files = match (now.files_received, now.files_fetched) {
        (0, 0) if now.file_chunks == 0 => String::new(),
        (0, 0) => format!(", {} parts of files", now.file_chunks),
        (up, down) => format!(
            ", {} parts of files ({up} handed in, {down} fetched)",
            now.file_chunks
        ),
    };
    format!(
        "sent {}, confirmed {}{refused}, new from the council {}{files}",
        now.sent, now.receipted, now.pulled_entries
    )
}

fn answer(outcome: &Outcome) -> Reply {
    let Outcome {
        progress, trouble, ..
    } = outcome;
    let text = match trouble.map(said) {
        Some(message) => format!("{}\n{}", message.title, message.detail),
        None if outcome.more_waiting => {
            format!("Not everything yet: {}.", progress_line(*progress))
        }
        None => format!("Up to date: {}.", progress_line(*progress)),
    };
    let json = json!({
        "sent": progress.sent,
        "receipted": progress.receipted,
        "refused": progress.refused,
        "pulled": progress.pulled_entries,
        "file_chunks": progress.file_chunks,
        "files_received": progress.files_received,
        "files_fetched": progress.files_fetched,
        "body_bytes_up": progress.bytes_up,
        "body_bytes_down": progress.bytes_down,
        "ended": ended(outcome.ended),
        "trouble": trouble.map(code),
        "more_waiting": outcome.more_waiting,
        "first_receipt_ms": outcome.first_receipt_after_ms,
    });
    Reply {
        incomplete: trouble.is_some(),
        ..Reply::new(text, json)
    }
}

/// What stood in the way, in the words of the screen.
fn said(trouble: Trouble) -> Message {
    let keep_trying = "We'll keep trying by ourselves.";
    let plain = |title: &str, detail: &str| Message {
        title: title.to_owned(),
        detail: format!("{detail} {keep_trying}"),
        buttons: Vec::new(),
    };
    match trouble {
        Trouble::SignInPage => words::wifi_sign_in(),
        Trouble::NotAnsweringProperly | Trouble::LineLost => words::not_confirmed(),
        Trouble::NoLine => plain("Saved here, not sent.", "There is no signal."),
        Trouble::NotPrivate => plain(
            "Nothing was sent, nothing is lost.",
            "Somebody on this network is answering in the council's place.",
        ),
        Trouble::AskedToWait => plain(
            "Safe here, not confirmed yet.",
            "The council's system asked to wait a little.",
        ),
        Trouble::NotEnrolled => Message {
            title: "Your words still go to the council.".to_owned(),
            detail:
                "Nothing new comes to this phone any more. Ask your manager or the council's ICT."
                    .to_owned(),
            buttons: Vec::new(),
        },
    }
}

const fn code(trouble: Trouble) -> &'static str {
    match trouble {
        Trouble::NoLine => "no_line",
        Trouble::LineLost => "line_lost",
        Trouble::NotPrivate => "not_private",
        Trouble::SignInPage => "sign_in_page",
        Trouble::NotAnsweringProperly => "not_answering_properly",
        Trouble::AskedToWait => "asked_to_wait",
        Trouble::NotEnrolled => "not_enrolled",
    }
}

const fn ended(ended: Ended) -> &'static str {
    match ended {
        Ended::Complete => "complete",
        Ended::Budget => "budget",
        Ended::Cancelled => "cancelled",
        Ended::Trouble => "trouble",
        Ended::TooSoon => "too_soon",
    }
}

/// `3s`, `500ms`, `2m`.
fn duration(text: &str) -> Result<u64, Failure> {
    let split = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(split);
    let number: u64 = number
        .parse()
        .ok()
        .filter(|n| *n > 0)
        .ok_or_else(bad_time)?;
    let each = match unit {
        "ms" => Duration::from_millis(1),
        "s" | "" => Duration::from_secs(1),
        "m" => Duration::from_secs(60),
        _ => return Err(bad_time()),
    };
    u64::try_from(each.as_millis())
        .ok()
        .and_then(|each| each.checked_mul(number))
        .ok_or_else(bad_time)
}

fn bad_time() -> Failure {
    Failure::new("bad_time", "Write a time such as 3s, 500ms or 2m.")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::duration;

    #[test]
    fn times_are_read() {
        for (text, millis) in [("3s", 3000), ("500ms", 500), ("2m", 120_000), ("7", 7000)] {
            assert_eq!(duration(text).unwrap(), millis);
        }
        for text in ["", "s", "0s", "3h", "-3s", "99999999999999999999s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
