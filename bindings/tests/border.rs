//! Nothing panics across the border: every exported function returns an error of ours, or is named here with the reason why
//! it cannot fail.
//!
//! The sources are read, and what is found in them is compared with what the generated Python says the library exports, so
//! that no function can hide from this test by the way it is written.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// What returns no `Result`, and why it needs none.
const CANNOT_FAIL: [(&str, &str); 5] = [
    ("synccancel_new", "makes a flag that is not set"),
    ("synccancel_cancel", "sets a flag and calls one hook"),
    ("synccancel_is_cancelled", "reads a flag"),
    ("subscription_cancel", "takes a listener out of a list"),
    ("familypage_nothing_to_read", "says a constant sentence"),
];

/// What apps implement has errors of its own; everything else has the one.
const ERRORS_OF_APPS: [&str; 3] = ["KeystoreError", "TransportError", "CallbackError"];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            all.push(path);
        }
    }
    all
}

/// Each exported function as `type_function`, with its signature from the name on and whether an app implements it.
fn exported() -> BTreeMap<String, (String, bool)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = BTreeMap::new();
    for path in sources(&folder) {
        let text = fs::read_to_string(&path).unwrap();
        let mut rest = text.as_str();
        while let Some(at) = rest.find("#[uniffi::export") {
            let block = &rest[at..];
            let end = block.find("\n}\n").expect("a block that ends");
            let (head, body) = block[..end]
                .split_once(['{', '\n'])
                .and_then(|(_, more)| more.split_once('{'))
                .expect("a block with a head");
            let is_foreign = head.contains("trait ");
            let name = head
                .split_once(if is_foreign { "trait " } else { "impl " })
                .unwrap_or_else(|| panic!("neither a type's functions nor a trait: {head}"))
                .1
                .split([':', ' '])
                .next()
                .unwrap()
                .to_lowercase();
            for (function, signature) in functions(body) {
                let known = all.insert(format!("{name}_{function}"), (signature, is_foreign));
                assert!(known.is_none(), "{name}_{function} twice");
            }
            rest = &block[end..];
        }
    }
    all
}

fn functions(body: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for begin in ["\n    pub fn ", "\n    fn ", "\n    pub const fn "] {
        for part in body.split(begin).skip(1) {
            let signature = part.split_once(['{', ';']).expect("a signature").0;
            let name = signature.split_once('(').expect("a parameter list").0;
            all.push((name.to_owned(), signature.to_owned()));
        }
    }
    all
}

/// What the generated Python calls, as `type_function`.
fn generated() -> BTreeSet<String> {
    let golden =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("python/src/visitbook/visitbook_ffi.py");
    let text = fs::read_to_string(golden).unwrap();
    let mut all = BTreeSet::new();
    for kind in ["method_", "constructor_", "func_"] {
        let begin = format!("uniffi_visitbook_ffi_fn_{kind}");
        for part in text.split(begin.as_str()).skip(1) {
            let name = part.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            all.insert(name.into_iter().next().unwrap().to_owned());
        }
    }
    all
}

#[test]
fn every_exported_function_returns_an_error_of_ours_or_says_why_it_cannot_fail() {
    let exported = exported();
    assert!(
        exported.len() > 100,
        "{} functions were found",
        exported.len()
    );
    let cannot_fail: BTreeMap<&str, &str> = CANNOT_FAIL.into_iter().collect();
    for (name, (signature, is_foreign)) in &exported {
        let fails = signature
            .split_once("->")
            .is_some_and(|(_, returned)| returned.trim_start().starts_with("Result<"));
        assert_ne!(
            fails,
            cannot_fail.contains_key(name.as_str()),
            "{name}: {signature}"
        );
        let of_app = ERRORS_OF_APPS
            .iter()
            .any(|error| signature.contains(&format!(", {error}>")));
        assert_eq!(of_app, *is_foreign, "{name}: {signature}");
    }
    for name in cannot_fail.keys() {
        assert!(exported.contains_key(*name), "{name} is not exported");
    }
}

#[test]
fn what_was_read_is_what_the_library_exports() {
    let exported: BTreeSet<String> = exported().into_keys().collect();
    let generated = generated();
    assert_eq!(
        exported
            .symmetric_difference(&generated)
            .collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
}

/// A function of the engine's store that the border's own did not hand on would silently do nothing: the trait has defaults.
#[test]
fn a_sync_through_the_border_hands_on_all_that_the_engine_asks() {
    let read = |path: &str| {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
        fs::read_to_string(path).unwrap()
    };
    let block = |text: &str, head: &str| {
        let from = text.find(head).unwrap_or_else(|| panic!("no {head}"));
        text[from..].split("\n}\n").next().unwrap().to_owned()
    };
    let names = |block: &str| -> BTreeSet<String> {
        block
            .split("\n    fn ")
            .skip(1)
            .map(|part| part.split('(').next().unwrap().to_owned())
            .collect()
    };
    let asked = names(&block(
        &read("../core/device/src/sync/store.rs"),
        "pub trait SyncStore {",
    ));
    assert!(asked.len() > 6, "{asked:?}");
    let handed_on = names(&block(
        &read("src/sync.rs"),
        "impl<T: SyncStore> SyncStore for PerCall<'_, T>",
    ));
    assert_eq!(asked, handed_on);
}

#[test]
fn every_file_is_short_enough_to_be_read() {
    for path in sources(Path::new(env!("CARGO_MANIFEST_DIR"))) {
        let lines = fs::read_to_string(&path).unwrap().lines().count();
        assert!(lines <= 500, "{} has {lines} lines", path.display());
    }
}
