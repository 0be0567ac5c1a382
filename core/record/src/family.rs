//! One thing that a child hands in while the vault is closed, and the voice record that it is.
//!
//! The council opens such a post with its key and the worker's device with its own, in any order, and neither waits for
//! the other. Both must make the same record: [`statements_of`] is the one place that says which statements a post is, in
//! which order and under which names, so that whoever comes second has nothing to add. The child's bytes are copied, never
//! re-encoded.

use minicbor::{Decode, Encode};

use crate::catalogue::Catalogue;
use crate::cbor::{Malformed, decode, encode};
use crate::commit::RecordKind;
use crate::fact::{Answer, Fact};
use crate::id::RecordId;
use crate::op::{Kind, Policy, Target};
use crate::payload::{Content, Drawing, Value};
use crate::time::WallMillis;

/// Most bytes of a child's words in one post. With the largest drawing they still fit into one commit.
pub const WORDS_BYTES: usize = 256 << 10;

/// Most bytes of a drawing, which travels inside its post.
pub const DRAWING_BYTES: usize = 1 << 20;

/// What a child handed in. Holds a child's words, so it prints nothing of them.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Post {
    /// The layout of these bytes; [`Post::FORMAT`].
    #[n(0)]
    pub format: u8,
    /// Whose page it was. The session's own commit says it too, and is what counts.
    #[n(1)]
    pub child: RecordId,
    /// The visit during which the device was handed over.
    #[n(2)]
    pub visit: Option<RecordId>,
    /// The exact words.
    #[n(3)]
    pub words: Option<String>,
    /// A drawing.
    #[n(4)]
    pub drawing: Option<Drawing>,
    /// A code of `chose_not_to_say_because`, where the child chose that.
    #[n(5)]
    pub chose_not_to_say: Option<String>,
    /// A code of `child_asks`; `None` if the child did not say.
    #[n(6)]
    pub child_asks: Option<String>,
    /// Codes of `not_with`: who must not be told.
    #[n(7)]
    pub not_with: Vec<String>,
    /// When the child handed it in, by the device's clock.
    #[n(8)]
    pub typed_at: WallMillis,
}

impl std::fmt::Debug for Post {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let words = self.words.as_ref().map_or(0, String::len);
        let drawing = self.drawing.as_ref().map_or(0, |one| one.bytes.len());
        write!(f, "Post({words} bytes of words, {drawing} of drawing)")
    }
}

impl Post {
    /// The only layout so far.
    pub const FORMAT: u8 = 1;

    /// The exact bytes to seal.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads what [`Post::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`Malformed`]: not one post in its only encoding, of a newer layout, or larger than a post may be.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let post: Self = decode(bytes)?;
        let words = post.words.as_ref().map_or(0, String::len);
        let drawing = post.drawing.as_ref().map_or(0, |one| one.bytes.len());
        let fits = words <= WORDS_BYTES && drawing <= DRAWING_BYTES;
        if post.format == Self::FORMAT && fits {
            Ok(post)
        } else {
            Err(Malformed::Shape)
        }
    }

    /// The code of `how`.
    #[must_use]
    pub const fn how(&self) -> &'static str {
        match (&self.drawing, &self.words) {
            (Some(_), _) => "drew_or_made",
            (None, Some(_)) => "wrote",
            (None, None) => "chose_not_to_say",
        }
    }
}

/// One statement of the voice record that a post is.
#[derive(Clone, PartialEq, Eq)]
pub struct Said {
    /// What kind of statement.
    pub kind: Kind,
    /// How two answers are treated.
    pub policy: Policy,
    /// What it is about.
    pub target: Target,
    /// What it says.
    pub content: Content,
    /// When it was handed in, for what the child wrote or drew.
    pub typed_at: Option<WallMillis>,
}

/// Whether a record is something that a child handed in on a page of the child's own: the id of such a record follows from the sealed
/// post (UUIDv8), and every other voice has one that its author's device drew.
#[must_use]
pub fn is_handed_in(record: RecordId) -> bool {
    uuid::Uuid::from_bytes(record.0).get_version_num() == 8
}

/// The statements of the voice record `record` that this post is: the same on whatever side it is opened, the names of
/// entries included. `record` is the id that follows from the sealed post. An answer that this version's form does not
/// offer is left out; the child's own words and drawing never are.
#[must_use]
pub fn statements_of(post: &Post, record: RecordId) -> Vec<Said> {
    let mut all = Answers(Vec::new());
    all.choice(Target::field("how"), post.how());
    if let Some(because) = &post.chose_not_to_say {
        all.choice(Target::field("chose_not_to_say_because"), because);
    }
    if let Some(visit) = post.visit {
        let visit = visit.to_string();
        let value = Value::new(&*visit, &*visit);
        all.put(Target::field("visit_id"), Content::Value(value), None);
    }
    all.choice(Target::field("entered_by"), "child_themselves");
    all.choice(Target::field("written_when"), "at_the_time");
    let asks = match (&post.child_asks, post.not_with.as_slice()) {
        (Some(asks), _) => asks,
        (None, []) => "did_not_say",
        (None, [..]) => "not_with",
    };
    all.choice(Target::field("child_asks"), asks);
    for person in &post.not_with {
        all.choice(Target::element("not_with", person), person);
    }
    // Every statement starts as one that is not for papers the family sees, until a person decides.
    all.choice(Target::field("family_papers"), "no_until_decided");
    let typed = Some(post.typed_at);
    if let Some(words) = &post.words {
        let target = Target::element("words", record.to_string());
        all.put(target, Content::Words(words.clone()), typed);
    }
    if let Some(drawing) = &post.drawing {
        let target = Target::element("drawing", record.to_string());
        all.put(target, Content::Drawing(drawing.clone()), typed);
    }
    all.0
}

/// Those statements that are not among the facts of the record yet: applied, or on their way from this device. One whose words
/// were removed by law is there, and is not made again.
#[must_use]
pub fn missing_from(facts: &[Fact], said: Vec<Said>) -> Vec<Said> {
    let there = |said: &Said| {
        let answer = Answer::of(Some(&said.content));
        facts.iter().any(|fact| {
            let counts = fact.verdict.is_none() || fact.is_applied();
            let same = fact.answer == answer || fact.answer == Answer::Unreadable;
            counts && fact.target == said.target && same
        })
    };
    said.into_iter().filter(|said| !there(said)).collect()
}

struct Answers(Vec<Said>);

impl Answers {
    fn choice(&mut self, target: Target, code: &str) {
        let field = Catalogue::newest().field(RecordKind::Voice.form(), &target);
        if let Some(choice) = field.and_then(|field| field.choice(code)) {
            let value = Value::new(code, choice.label.clone());
            self.put(target, Content::Value(value), None);
        }
    }

    fn put(&mut self, target: Target, content: Content, typed_at: Option<WallMillis>) {
        let field = Catalogue::newest().field(RecordKind::Voice.form(), &target);
        let policy = field.map_or(Policy::Ordinary, |field| field.policy());
        let kind = match policy {
            Policy::Words => Kind::EntryAdd,
            Policy::Set => Kind::SetAdd,
            Policy::Ordinary | Policy::Risk | Policy::Observer => Kind::Assert,
        };
        self.0.push(Said {
            kind,
            policy,
            target,
            content,
            typed_at,
        });
    }
}
