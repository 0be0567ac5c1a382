//! The tables of the SSDA903 return. Columns of which nothing is taken are left out.

use super::super::cells::Check;
use super::super::codes;
use super::{Column, Layout, Table, loose, may, must};

/// The child's id in the return.
const CHILD: Column = must("CHILD", Check::ChildId).or(&["child id", "la child id"]);

pub(super) const HEADER: Layout = Layout {
    table: Table::Header,
    what: "SSDA903 header",
    file: "header.csv",
    sign: &["CHILD", "DOB", "ETHNIC"],
    key: &["CHILD"],
    columns: &[
        CHILD,
        loose("SEX", Check::Sex).or(&["gender"]),
        must("DOB", Check::PastDate).or(&["date of birth"]),
        loose("ETHNIC", Check::One(codes::ETHNICITY)).or(&["ethnicity", "ethnic origin"]),
        loose("UPN", Check::UpnOrReason),
    ],
    order: &[],
};

pub(super) const EPISODES: Layout = Layout {
    table: Table::Episodes,
    what: "SSDA903 episodes",
    file: "episodes.csv",
    sign: &["CHILD", "DECOM", "RNE"],
    key: &["CHILD", "DECOM"],
    columns: &[
        CHILD,
        must("DECOM", Check::Date).or(&["date episode commenced"]),
        must("RNE", Check::One(codes::BEGAN)).or(&["reason for new episode"]),
        loose("LS", Check::One(codes::LEGAL)).or(&["legal status"]),
        loose("CIN", Check::One(codes::NEED)).or(&["category of need", "cin category"]),
        loose("PLACE", Check::One(codes::PLACEMENT)).or(&["placement", "placement type"]),
        loose("PLACE_PROVIDER", Check::One(codes::PROVIDER)).or(&["placement provider"]),
        may("DEC", Check::Date).or(&["date episode ceased"]),
        may("REC", Check::One(codes::CEASED)).or(&["reason episode ceased"]),
        loose("REASON_PLACE_CHANGE", Check::One(codes::CHANGED)),
        loose("HOME_POST", Check::Postcode).or(&["home postcode"]),
        loose("PL_POST", Check::Postcode).or(&["placement postcode"]),
        loose("URN", Check::Urn),
    ],
    order: &[("DECOM", "DEC")],
};

pub(super) const REVIEWS: Layout = Layout {
    table: Table::Reviews,
    what: "SSDA903 reviews",
    file: "reviews.csv",
    sign: &["CHILD", "REVIEW", "REVIEW_CODE"],
    key: &["CHILD", "REVIEW"],
    columns: &[
        CHILD,
        must("REVIEW", Check::Date).or(&["review date"]),
        loose("REVIEW_CODE", Check::One(codes::TOOK_PART)),
    ],
    order: &[],
};

pub(super) const UASC: Layout = Layout {
    table: Table::Uasc,
    what: "SSDA903 unaccompanied asylum-seeking children",
    file: "uasc.csv",
    sign: &["CHILD", "DUC"],
    key: &["CHILD"],
    columns: &[CHILD, loose("DUC", Check::Date)],
    order: &[],
};

pub(super) const MISSING: Layout = Layout {
    table: Table::Missing,
    what: "SSDA903 missing",
    file: "missing.csv",
    sign: &["CHILD", "MISSING", "MIS_START"],
    key: &["CHILD", "MIS_START"],
    columns: &[
        CHILD,
        must("MISSING", Check::One(codes::AWAY)),
        must("MIS_START", Check::Date).or(&["mistart"]),
        may("MIS_END", Check::Date).or(&["misend"]),
    ],
    order: &[("MIS_START", "MIS_END")],
};

pub(super) const OC2: Layout = Layout {
    table: Table::Oc2,
    what: "SSDA903 outcomes (OC2)",
    file: "oc2.csv",
    sign: &["CHILD", "SDQ_SCORE"],
    key: &["CHILD"],
    columns: &[CHILD, loose("SDQ_SCORE", Check::Count)],
    order: &[],
};

pub(super) const OC3: Layout = Layout {
    table: Table::Oc3,
    what: "SSDA903 care leavers (OC3)",
    file: "oc3.csv",
    sign: &["CHILD", "IN_TOUCH", "ACCOM"],
    key: &["CHILD"],
    columns: &[
        CHILD,
        loose("IN_TOUCH", Check::One(codes::IN_TOUCH)),
        loose("ACTIV", Check::Code).or(&["activity"]),
        loose("ACCOM", Check::Code).or(&["accommodation"]),
    ],
    order: &[],
};

pub(super) const AD1: Layout = Layout {
    table: Table::Ad1,
    what: "SSDA903 adoptions (AD1)",
    file: "ad1.csv",
    sign: &["CHILD", "DATE_INT", "DATE_MATCH"],
    key: &["CHILD"],
    columns: &[
        CHILD,
        loose("DATE_INT", Check::Date),
        loose("DATE_MATCH", Check::Date),
    ],
    order: &[("DATE_INT", "DATE_MATCH")],
};

pub(super) const PLACED_FOR_ADOPTION: Layout = Layout {
    table: Table::PlacedForAdoption,
    what: "SSDA903 should be placed for adoption",
    file: "placed_for_adoption.csv",
    sign: &["CHILD", "DATE_PLACED"],
    key: &["CHILD", "DATE_PLACED"],
    columns: &[
        CHILD,
        must("DATE_PLACED", Check::Date),
        may("DATE_PLACED_CEASED", Check::Date),
        loose("REASON_PLACED_CEASED", Check::One(codes::NO_LONGER)),
    ],
    order: &[("DATE_PLACED", "DATE_PLACED_CEASED")],
};

pub(super) const PREVIOUS_PERMANENCE: Layout = Layout {
    table: Table::PreviousPermanence,
    what: "SSDA903 previous permanence",
    file: "previous_permanence.csv",
    sign: &["CHILD", "PREV_PERM"],
    key: &["CHILD"],
    columns: &[
        CHILD,
        must("PREV_PERM", Check::One(codes::EARLIER)),
        // Where only the year or the month is known, the guide has them written with z: that is no day to keep.
        loose("DATE_PERM", Check::Date),
    ],
    order: &[],
};

pub(super) const SW_EPISODES: Layout = Layout {
    table: Table::NotTaken,
    what: "SSDA903 social workers: not taken, who holds a child comes from involvements.csv",
    file: "sw_episodes.csv",
    sign: &["CHILD", "SW_ID"],
    key: &[],
    columns: &[CHILD, must("SW_ID", Check::Code)],
    order: &[],
};

pub(super) const DEPRIVATIONS: Layout = Layout {
    table: Table::NotTaken,
    what: "SSDA903 deprivation of liberty: not taken",
    file: "dolo.csv",
    sign: &["CHILD", "DOLO_START"],
    key: &[],
    columns: &[CHILD, must("DOLO_START", Check::Date)],
    order: &[],
};
