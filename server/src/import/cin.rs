//! The children in need census: from its elements to what is known of a child.
//!
//! A child's referral is a period from referral to closure; the assessments, enquiries and plans in it are periods of their
//! own, each of which carries the dates of its referral, because lists count from those.

use std::path::Path;
use std::rc::Rc;

use chrono::NaiveDate;

use super::ImportError;
use super::caseload::{Caseload, Element, Whence};
use super::cells::{Check, checked};
use super::codes;
use super::rejected::{Rejected, Rejects};
use super::xml::{self, Node};

/// What a census file held.
#[derive(Default)]
pub(super) struct Census {
    /// Children taken.
    pub(super) children: usize,
    /// Parts of referrals, and referrals, that were looked at.
    pub(super) parts: usize,
}

/// Reads a file and adds what it says.
///
/// # Errors
/// [`ImportError::File`]: the file as a whole is not to be read.
pub(super) fn read(
    path: &Path,
    file: &str,
    today: NaiveDate,
    caseload: &mut Caseload,
    rejects: &mut Rejects,
) -> Result<Census, ImportError> {
    let problem = |problem: &dyn std::fmt::Display| ImportError::File {
        file: file.to_owned(),
        problem: problem.to_string(),
    };
    let mut census = Census::default();
    let mut other = None;
    let mut reading = Reading {
        file: file.into(),
        today,
        caseload,
        rejects,
        census: &mut census,
    };
    xml::each(path, "Child", |node| match node.name.as_str() {
        "Child" => reading.child(&node),
        "Collection" if node.text.trim() != "CIN" => other = Some(node.text.trim().to_owned()),
        _ => {}
    })
    .map_err(|e| problem(&e))?;
    if let Some(other) = other {
        return Err(problem(&format!(
            "is the collection {other} and not the children in need census"
        )));
    }
    Ok(census)
}

struct Reading<'a> {
    file: Rc<str>,
    today: NaiveDate,
    caseload: &'a mut Caseload,
    rejects: &'a mut Rejects,
    census: &'a mut Census,
}

/// Dates and reasons of a referral, for its parts.
struct Referral {
    date: String,
    closed: String,
    because: String,
    need: String,
}

impl Reading<'_> {
    fn whence(&self, node: &Node) -> Whence {
        Whence::new(&self.file, node.line)
    }

    fn refuse(&mut self, node: &Node, column: &str, value: &str, reason: &str) {
        self.rejects
            .row(Rejected::new(&self.file, node.line, column, value, reason));
    }

    /// A cell that may be left out. Empty if it is, or is not there.
    fn may(&mut self, parent: &Node, name: &str, check: Check) -> String {
        let Some(node) = parent.first(name).filter(|node| !node.text.is_empty()) else {
            return String::new();
        };
        self.value(node, check)
    }

    fn value(&mut self, node: &Node, check: Check) -> String {
        match checked(check, &node.text, self.today) {
            Ok(value) => value,
            Err(reason) => {
                self.rejects
                    .cell(&self.file, node.line, &node.name, &node.text, &reason);
                String::new()
            }
        }
    }

    /// A cell without which there is no row.
    fn must(&mut self, parent: &Node, name: &str, check: Check) -> Option<String> {
        let found = parent.first(name);
        let text = found.map_or("", |node| node.text.as_str());
        let reason = if text.is_empty() {
            "empty, and needed".to_owned()
        } else {
            match checked(check, text, self.today) {
                Ok(value) => return Some(value),
                Err(reason) => reason,
            }
        };
        self.refuse(found.unwrap_or(parent), name, text, &reason);
        None
    }

    /// A first and a last day in order; the last may be missing.
    fn days(&mut self, node: &Node, first: &str, last: &str) -> Option<(String, String)> {
        let start = self.must(node, first, Check::Date)?;
        let Some(found) = node.first(last).filter(|node| !node.text.is_empty()) else {
            return Some((start, String::new()));
        };
        match checked(Check::Date, &found.text, self.today) {
            Ok(end) if end >= start => Some((start, end)),
            Ok(end) => {
                self.refuse(found, last, &end, &format!("earlier than {first}, {start}"));
                None
            }
            Err(reason) => {
                self.refuse(found, last, &found.text, &reason);
                None
            }
        }
    }

    fn child(&mut self, node: &Node) {
        let empty = Node::default();
        let ids = node.first("ChildIdentifiers").unwrap_or(&empty);
        let before = self.rejects.all.len();
        let Some(code) = self.known(ids) else {
            let referrals = node.all("CINdetails").count();
            for rejected in self.rejects.all.iter_mut().skip(before) {
                // An element that is missing stands in no line of its own.
                rejected.row = rejected.row.max(node.line);
                rejected.reason += &format!(
                    "; nothing of this child was taken, its referrals ({referrals}) neither"
                );
            }
            return;
        };
        let whence = self.whence(node);
        let child = self.caseload.child(&code);
        if child
            .fields
            .get("code")
            .is_some_and(|(_, said)| said.file == self.file)
        {
            let reason = "the same child stands above (rule 8510); nothing here was taken";
            return self.refuse(node, "LAchildID", &code, reason);
        }
        self.census.children += 1;
        let traits = node.first("ChildCharacteristics").unwrap_or(&empty);
        let mut fields = self.identity(ids);
        fields.extend(self.traits(traits));
        let born = fields
            .iter()
            .any(|(name, value)| *name == "dob" && !value.is_empty());
        fields.retain(|(name, _)| !(born && *name == "expected"));
        let mut elements = Vec::new();
        for details in node.all("CINdetails") {
            elements.extend(self.details(details));
        }
        self.census.parts += elements.len();
        let child = self.caseload.child(&code);
        child.say("code", &code, &whence);
        for (field, value) in &fields {
            child.say(field, value, &whence);
        }
        child.elements.extend(elements);
    }

    /// The child's id, if there is what a child needs.
    fn known(&mut self, ids: &Node) -> Option<String> {
        let code = self.must(ids, "LAchildID", Check::ChildId)?;
        self.born(ids)?;
        Some(code)
    }

    fn identity(&mut self, ids: &Node) -> Vec<(&'static str, String)> {
        // Older censuses called it gender.
        let sex = ["Sex", "GenderCurrent", "PersonGender"]
            .into_iter()
            .find(|name| ids.first(name).is_some())
            .unwrap_or("Sex");
        [
            ("upn", "UPN", Check::Upn),
            ("former_upn", "FormerUPN", Check::Upn),
            ("upn_unknown", "UPNunknown", Check::UpnOrReason),
            ("dob", "PersonBirthDate", Check::PastDate),
            ("expected", "ExpectedPersonBirthDate", Check::Date),
            ("died", "PersonDeathDate", Check::PastDate),
            ("sex", sex, Check::Sex),
        ]
        .into_iter()
        .map(|(field, name, check)| (field, self.may(ids, name, check)))
        .collect()
    }

    fn traits(&mut self, traits: &Node) -> [(&'static str, String); 2] {
        let ethnicity = self.may(traits, "Ethnicity", Check::One(codes::ETHNICITY));
        let listed: Vec<&Node> = traits
            .all("Disabilities")
            .flat_map(|list| list.all("Disability"))
            .collect();
        let words: Vec<&str> = listed.iter().map(|node| node.text.as_str()).collect();
        let all = Node {
            name: "Disability".to_owned(),
            line: listed.first().map_or(0, |node| node.line),
            text: words.join(" ").trim().to_owned(),
            inside: Vec::new(),
        };
        let disability = if all.text.is_empty() {
            String::new()
        } else {
            self.value(&all, Check::Disabilities)
        };
        [("ethnicity", ethnicity), ("disability", disability)]
    }

    /// A day of birth, or the day it is expected: rule 8525Q.
    fn born(&mut self, ids: &Node) -> Option<()> {
        let good = |name: &str, check| {
            ids.first(name)
                .is_some_and(|node| checked(check, &node.text, self.today).is_ok())
        };
        if good("PersonBirthDate", Check::PastDate) || good("ExpectedPersonBirthDate", Check::Date)
        {
            return Some(());
        }
        let given = ids
            .first("PersonBirthDate")
            .or(ids.first("ExpectedPersonBirthDate"));
        let (node, text) = given.map_or((ids, ""), |node| (node, node.text.as_str()));
        self.refuse(
            node,
            "PersonBirthDate",
            text,
            "neither a day of birth nor the day it is expected (rule 8525Q)",
        );
        None
    }

    fn details(&mut self, details: &Node) -> Vec<Element> {
        let mut all = Vec::new();
        let mut referral = Referral {
            date: String::new(),
            closed: String::new(),
            because: self.may(details, "ReasonForClosure", Check::One(codes::CLOSURE)),
            need: self.may(details, "PrimaryNeedCode", Check::One(codes::NEED)),
        };
        if let Some((date, closed)) = self.days(details, "CINreferralDate", "CINclosureDate") {
            (referral.date, referral.closed) = (date, closed);
            let whence = self.whence(details);
            let source = self.may(details, "ReferralSource", Check::One(codes::REFERRAL));
            let nfa = self.may(details, "ReferralNFA", Check::YesNo);
            let icpc = self.may(details, "DateOfInitialCPC", Check::Date);
            let period = Element::period("referral", &referral.date, &whence)
                .until(some(&referral.closed))
                .with("end_reason", &referral.because)
                .with("referral_source", &source)
                .with("referral_nfa", &nfa)
                .with("icpc_date", &icpc);
            all.push(belongs(period, &referral));
        }
        for part in &details.inside {
            let element = match part.name.as_str() {
                "Assessments" => self.assessment(part),
                "CINPlanDates" => self.plan(part),
                "Section47" => self.enquiry(part, &referral),
                "ChildProtectionPlans" => {
                    let reviews = self.reviews(part);
                    let plan = self.protection(part, &reviews);
                    // Reviews of a plan that was not taken have nothing to stand on.
                    all.extend(plan.is_some().then_some(reviews).into_iter().flatten());
                    plan
                }
                _ => None,
            };
            all.extend(element.map(|element| belongs(element, &referral)));
        }
        all
    }

    fn assessment(&mut self, node: &Node) -> Option<Element> {
        let (start, end) = self.days(
            node,
            "AssessmentActualStartDate",
            "AssessmentAuthorisationDate",
        )?;
        let factors: Vec<&str> = node
            .all("FactorsIdentifiedAtAssessment")
            .flat_map(|list| list.all("AssessmentFactors"))
            .map(|factor| factor.text.as_str())
            .filter(|factor| factor.len() <= 3 && factor.bytes().all(|b| b.is_ascii_alphanumeric()))
            .collect();
        Some(
            Element::period("assessment", &start, &self.whence(node))
                .until(some(&end))
                .with("authorisation_date", &end)
                .with("factors", &factors.join(" ")),
        )
    }

    fn plan(&mut self, node: &Node) -> Option<Element> {
        let (start, end) = self.days(node, "CINPlanStartDate", "CINPlanEndDate")?;
        Some(Element::period("cin", &start, &self.whence(node)).until(some(&end)))
    }

    /// The census gives no last day of an enquiry: it is over with the conference, or with the case.
    fn enquiry(&mut self, node: &Node, referral: &Referral) -> Option<Element> {
        let start = self.must(node, "S47ActualStartDate", Check::Date)?;
        let icpc = self.may(node, "DateOfInitialCPC", Check::Date);
        let not_required = self.may(node, "ICPCnotRequired", Check::YesNo);
        let over = [icpc.as_str(), referral.closed.as_str()]
            .into_iter()
            .find(|day| *day >= start.as_str());
        Some(
            Element::period("s47", &start, &self.whence(node))
                .until(over)
                .with("icpc_date", &icpc)
                .with("icpc_not_required", &not_required),
        )
    }

    fn protection(&mut self, node: &Node, reviews: &[Element]) -> Option<Element> {
        let (start, end) = self.days(node, "CPPstartDate", "CPPendDate")?;
        let held = reviews.iter().map(|review| review.part("on"));
        let plan = Element::period("cp", &start, &self.whence(node))
            .until(some(&end))
            .with("first_review", held.clone().min().unwrap_or_default())
            .with("last_review", held.max().unwrap_or_default());
        let first = self.may(node, "InitialCategoryOfAbuse", Check::One(codes::CATEGORY));
        let latest = self.may(node, "LatestCategoryOfAbuse", Check::One(codes::CATEGORY));
        let earlier = self.may(node, "NumberOfPreviousCPP", Check::Count);
        Some(
            plan.with("category_initial", &first)
                .with("category_latest", &latest)
                .with("previous_plans", &earlier),
        )
    }

    fn reviews(&mut self, plan: &Node) -> Vec<Element> {
        let mut all = Vec::new();
        for node in plan
            .all("Reviews")
            .flat_map(|list| list.all("CPPreviewDate"))
        {
            let on = self.value(node, Check::Date);
            if !on.is_empty() {
                let review = Element::new("review", format!("cp:{on}"), &self.whence(node));
                all.push(review.with("kind", "cp").with("on", &on));
            }
        }
        all
    }
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

/// With the dates of the referral it is part of.
fn belongs(period: Element, referral: &Referral) -> Element {
    if period.field != "period" {
        return period;
    }
    period
        .with("referral_date", &referral.date)
        .with("closure_date", &referral.closed)
        .with("closure_reason", &referral.because)
        .with("primary_need", &referral.need)
}
