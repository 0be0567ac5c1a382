//! The council's own files: their columns are the record's own fields.

use super::super::cells::Check;
use super::super::codes;
use super::{Column, Layout, Table, loose, may, must};

/// The child's id in the council's own files.
const CHILD_ID: Column =
    must("child_id", Check::Code).or(&["la child id", "child unique id", "person id", "client id"]);

pub(super) const CHILDREN: Layout = Layout {
    table: Table::Children,
    what: "children of the council's own files",
    file: "children.csv",
    sign: &["child_id", "known_as"],
    key: &["child_id"],
    columns: &[
        CHILD_ID,
        must("known_as", Check::Words).or(&["first name", "forename", "preferred name"]),
        may("family_name", Check::Words).or(&["surname", "last name"]),
        loose("sex", Check::Sex),
        may("gender", Check::Words),
        may("dob", Check::PastDate).or(&["date of birth", "birth date"]),
        may("expected", Check::Date).or(&["expected date of birth", "expected dob"]),
        loose("ethnicity", Check::One(codes::ETHNICITY)).or(&["ethnic", "ethnic origin"]),
        loose("disability", Check::Disabilities).or(&["disabilities", "disability codes"]),
        may("first_language", Check::Words),
        may("communication", Check::Words),
        loose("uasc", Check::YesNo).or(&["uasc flag"]),
        loose("uasc_until", Check::Date).or(&["uasc end date"]),
        may("family_id", Check::Code),
        loose("postcode", Check::Postcode).or(&["post code"]),
        may("address_restricted", Check::YesNo),
        loose("case_system_id", Check::Code).or(&["mis child id"]),
        loose("upn", Check::Upn).or(&["unique pupil number"]),
        loose("former_upn", Check::Upn),
        loose("died", Check::PastDate).or(&["date of death"]),
    ],
    order: &[("dob", "died")],
};

pub(super) const PERIODS: Layout = Layout {
    table: Table::Periods,
    what: "periods of the council's own files",
    file: "periods.csv",
    sign: &["child_id", "kind", "start"],
    key: &["child_id", "kind", "period_id", "start"],
    columns: &[
        CHILD_ID,
        must("kind", Check::Code),
        may("period_id", Check::Code),
        must("start", Check::Date).or(&["start date"]),
        may("end", Check::Date).or(&["end date"]),
        may("end_reason", Check::Words),
        loose("referral_date", Check::Date),
        loose("referral_source", Check::One(codes::REFERRAL)),
        loose("closure_date", Check::Date),
        loose("closure_reason", Check::One(codes::CLOSURE)),
        loose("primary_need", Check::One(codes::NEED)).or(&["primary need code"]),
        loose("category_initial", Check::One(codes::CATEGORY)),
        loose("category_latest", Check::One(codes::CATEGORY)),
        may("other_la_plan", Check::Words),
        may("previous_plans", Check::Words),
        loose("legal_status", Check::One(codes::LEGAL)),
        loose("legal_status_start", Check::Date),
        may("placement_id", Check::Words),
        loose("placement_start", Check::Date),
        loose("placement_end", Check::Date),
        loose("placement_type", Check::One(codes::PLACEMENT)),
        loose("placement_provider", Check::One(codes::PROVIDER)),
        loose("placement_urn", Check::Urn),
        loose("placement_postcode", Check::Postcode),
        may("to_18", Check::YesNo),
        may("long_term_foster_agreed", Check::YesNo),
        may("visit_every", Check::Words),
        loose("last_seen", Check::Date),
        loose("last_alone", Check::Date),
        loose("last_bedroom", Check::Date),
        loose("first_review", Check::Date),
        loose("last_review", Check::Date),
        loose("last_iro_visit", Check::Date),
        may("permanence_plan", Check::Words),
        loose("authorisation_date", Check::Date),
        loose("icpc_date", Check::Date),
    ],
    order: &[("start", "end")],
};

pub(super) const PEOPLE: Layout = Layout {
    table: Table::People,
    what: "people around a child",
    file: "people.csv",
    sign: &["child_id", "person"],
    key: &["child_id", "person"],
    columns: &[
        CHILD_ID,
        must("person", Check::Words),
        may("relation", Check::Words),
        may("pr", Check::YesNo),
        may("lives_here", Check::Words),
        may("contact_rule", Check::Words),
        may("note", Check::Words),
    ],
    order: &[],
};

pub(super) const ALERTS: Layout = Layout {
    table: Table::Alerts,
    what: "alerts",
    file: "alerts.csv",
    sign: &["child_id", "kind", "text"],
    key: &["child_id", "kind", "text"],
    columns: &[
        CHILD_ID,
        must("kind", Check::Words),
        must("text", Check::Words),
        may("from", Check::Date),
        may("review_by", Check::Date),
    ],
    order: &[],
};

pub(super) const WORKERS: Layout = Layout {
    table: Table::Workers,
    what: "staff",
    file: "workers.csv",
    sign: &["worker_id", "name"],
    key: &["worker_id"],
    columns: &[
        must("worker_id", Check::Code),
        must("name", Check::Words),
        may("registration_no", Check::Words),
        may("role", Check::Words),
        may("team_id", Check::Words),
        may("team_name", Check::Words),
        may("manager_id", Check::Code),
        may("phone", Check::Words),
    ],
    order: &[],
};

pub(super) const INVOLVEMENTS: Layout = Layout {
    table: Table::Involvements,
    what: "who holds whom",
    file: "involvements.csv",
    sign: &["child_id", "worker_id", "role"],
    key: &["child_id", "worker_id", "role", "start"],
    columns: &[
        CHILD_ID,
        must("worker_id", Check::Code),
        must("role", Check::Role),
        may("team_id", Check::Words),
        may("start", Check::Date),
        may("end", Check::Date),
        may("change_reason", Check::Words),
    ],
    order: &[("start", "end")],
};

pub(super) const COUNCIL: Layout = Layout {
    table: Table::Council,
    what: "the council itself",
    file: "council.csv",
    sign: &["out_of_hours"],
    key: &[],
    columns: &[
        may("name", Check::Words),
        must("out_of_hours", Check::Words),
    ],
    order: &[],
};
