//! The code sets of the national returns, with the words for a screen.
//!
//! Sources: the SSDA903 and CIN census guides as the sector's validators quote them (rules 103, 143 to 149, 4220, 8540, 8905).
//! Codes that a newer guide has dropped stay here: a child's history is told in the codes of its year.

/// Codes with their labels.
pub(super) type Codes = &'static [(&'static str, &'static str)];

/// Ethnicity: 903 rule 103, CIN rule 4220.
pub(super) const ETHNICITY: Codes = &[
    ("WBRI", "White British"),
    ("WIRI", "White Irish"),
    ("WIRT", "Traveller of Irish heritage"),
    ("WOTH", "Any other White background"),
    ("WROM", "Gypsy or Roma"),
    ("MWBC", "White and Black Caribbean"),
    ("MWBA", "White and Black African"),
    ("MWAS", "White and Asian"),
    ("MOTH", "Any other mixed background"),
    ("AIND", "Indian"),
    ("APKN", "Pakistani"),
    ("ABAN", "Bangladeshi"),
    ("AOTH", "Any other Asian background"),
    ("BCRB", "Caribbean"),
    ("BAFR", "African"),
    ("BOTH", "Any other Black background"),
    ("CHNE", "Chinese"),
    ("OOTH", "Any other ethnic group"),
    ("REFU", "Refused"),
    ("NOBT", "Not yet obtained"),
];

/// Disability: CIN rule 8540.
pub(super) const DISABILITY: Codes = &[
    ("NONE", "None"),
    ("AUT", "Autism"),
    ("BEH", "Behaviour"),
    ("COMM", "Communication"),
    ("CON", "Consciousness"),
    ("DDA", "Other disability in law"),
    ("HAND", "Hand function"),
    ("HEAR", "Hearing"),
    ("INC", "Incontinence"),
    ("LD", "Learning"),
    ("MOB", "Mobility"),
    ("PC", "Personal care"),
    ("VIS", "Vision"),
];

/// Sex, as both returns write it since 2024-25.
pub(super) const SEX: Codes = &[("M", "Male"), ("F", "Female"), ("U", "Not known")];

/// Primary need.
pub(super) const NEED: Codes = &[
    ("N0", "Not stated"),
    ("N1", "Abuse or neglect"),
    ("N2", "Child's disability"),
    ("N3", "Parental illness or disability"),
    ("N4", "Family in acute stress"),
    ("N5", "Family dysfunction"),
    ("N6", "Socially unacceptable behaviour"),
    ("N7", "Low income"),
    ("N8", "Absent parenting"),
    ("N9", "Cases other than children in need"),
];

/// Category of abuse: CIN rule 8905.
pub(super) const CATEGORY: Codes = &[
    ("NEG", "Neglect"),
    ("PHY", "Physical abuse"),
    ("SAB", "Sexual abuse"),
    ("EMO", "Emotional abuse"),
    ("MUL", "Multiple"),
];

/// Why a case was closed.
pub(super) const CLOSURE: Codes = &[
    ("RC1", "Adopted"),
    ("RC2", "Died"),
    ("RC3", "Child arrangements order"),
    ("RC4", "Special guardianship order"),
    ("RC5", "Transferred to another council"),
    ("RC6", "Transferred to adult social care"),
    ("RC7", "Services ceased for another reason"),
    ("RC8", "Closed after assessment, no further action"),
    ("RC9", "Closed after assessment, referred to early help"),
];

/// Who referred.
pub(super) const REFERRAL: Codes = &[
    ("1A", "Family member, relative or carer"),
    ("1B", "Acquaintance"),
    ("1C", "Self"),
    ("1D", "Another individual"),
    ("2A", "School"),
    ("2B", "Education services"),
    ("3A", "GP"),
    ("3B", "Health visitor"),
    ("3C", "School nurse"),
    ("3D", "Other primary health services"),
    ("3E", "A&E"),
    ("3F", "Other health services"),
    ("4", "Housing"),
    ("5A", "Social care of this council"),
    ("5B", "Other services of this council"),
    ("5C", "Another council"),
    ("5D", "Early help"),
    ("6", "Police"),
    ("7", "Other legal agency"),
    ("8", "Other"),
    ("9", "Anonymous"),
    ("10", "Unknown"),
];

/// Legal status: 903 rule 144.
pub(super) const LEGAL: Codes = &[
    ("C1", "Interim care order"),
    ("C2", "Full care order"),
    ("D1", "Freeing order"),
    ("E1", "Placement order"),
    ("V2", "Accommodated under section 20"),
    ("V3", "Short breaks, each recorded"),
    ("V4", "Short breaks, by agreement"),
    ("L1", "Police protection"),
    ("L2", "Emergency protection order"),
    ("L3", "Child assessment order"),
    ("J1", "On remand"),
    ("J2", "Accommodated under PACE"),
    ("J3", "Youth rehabilitation order"),
];

/// Placement: 903 rule 146, with the codes of earlier years.
pub(super) const PLACEMENT: Codes = &[
    ("A3", "Placed for adoption by consent, with foster carer"),
    (
        "A4",
        "Placed for adoption by consent, not with foster carer",
    ),
    ("A5", "Placed for adoption by order, with foster carer"),
    ("A6", "Placed for adoption by order, not with foster carer"),
    ("H5", "Semi-independent living"),
    ("K1", "Secure children's home"),
    ("K2", "Children's home"),
    ("K3", "K3"),
    ("P1", "With parents"),
    ("P2", "Independent living"),
    ("P3", "Residential employment"),
    ("R1", "Residential care home"),
    ("R2", "Health trust or nursing"),
    ("R3", "Family centre or mother and baby unit"),
    ("R5", "Young offender institution"),
    ("S1", "Residential school"),
    ("T0", "Temporary move"),
    ("T1", "In hospital for a time"),
    ("T2", "On holiday"),
    ("T3", "Carer on holiday"),
    ("T4", "Elsewhere for up to seven days"),
    ("U1", "Foster care by relatives or friends, long-term"),
    ("U2", "Foster care by relatives or friends who may adopt"),
    ("U3", "Foster care by relatives or friends"),
    ("U4", "Foster care, long-term"),
    ("U5", "Foster care by carers who may adopt"),
    ("U6", "Foster care"),
    ("Z1", "Other placement"),
    ("Z11", "Other placement, Z11"),
    ("Z12", "Other placement, Z12"),
    ("Z13", "Other placement, Z13"),
    ("Z14", "Other placement, Z14"),
];

/// Who provides a placement.
pub(super) const PROVIDER: Codes = &[
    ("PR0", "Parents"),
    ("PR1", "This council"),
    ("PR2", "Another council"),
    ("PR3", "Other public body"),
    ("PR4", "Private"),
    ("PR5", "Voluntary"),
];

/// Why an episode of care began: 903 rule 143.
pub(super) const BEGAN: Codes = &[
    ("S", "Started to be looked after"),
    ("L", "Legal status changed"),
    ("P", "Placement and carer changed"),
    ("T", "Placement changed, same carer"),
    ("B", "Legal status, placement and carer changed"),
    ("U", "Legal status and placement changed, same carer"),
];

/// The reason that ends an episode and not the care: another begins on the same day.
pub(super) const ANOTHER_EPISODE: &str = "X1";

/// Why an episode of care ended: 903 rule 149.
pub(super) const CEASED: Codes = &[
    ("E11", "Adopted, unopposed"),
    ("E12", "Adopted, consent dispensed with"),
    ("E2", "Died"),
    ("E3", "Care taken over by another council"),
    ("E4", "Returned home"),
    ("E4A", "Returned home as planned"),
    ("E4B", "Returned home, not planned"),
    ("E13", "To live with others without parental responsibility"),
    ("E41", "Child arrangements order"),
    ("E43", "Special guardianship order, former foster carers"),
    ("E44", "Special guardianship order, other carers"),
    (
        "E45",
        "Special guardianship order, former carer who is a relative or friend",
    ),
    ("E46", "Special guardianship order, other former carer"),
    ("E47", "Special guardianship order, relative or friend"),
    ("E48", "Special guardianship order, other"),
    ("E5", "Independent living, supported"),
    ("E6", "Independent living, no support"),
    ("E7", "Adult residential care"),
    ("E8", "Another reason"),
    ("E9", "Sentenced to custody"),
    ("E14", "Remand ended"),
    ("E15", "Found to be 18 or over"),
    ("E16", "Moved abroad"),
    ("E17", "Aged 18, stayed with carers"),
    (ANOTHER_EPISODE, "Another episode began"),
];

/// Why a placement changed.
pub(super) const CHANGED: Codes = &[
    ("CARPL", "Care plan"),
    ("CLOSE", "Provision closed"),
    ("ALLEG", "Allegation"),
    ("STAND", "Concern about standards of care"),
    ("APPRR", "Approval removed"),
    ("CREQB", "Carer's request, child's behaviour"),
    ("CREQO", "Carer's request, another reason"),
    ("CHILD", "Child's request"),
    ("LAREQ", "Council's request"),
    ("PLACE", "Status of the placement only"),
    ("CUSTOD", "Custody"),
    ("OTHER", "Other"),
];

/// How the child took part in a review.
pub(super) const TOOK_PART: Codes = &[
    ("PN0", "Under 4 at the time"),
    ("PN1", "Attended and spoke"),
    ("PN2", "Attended, an advocate spoke"),
    ("PN3", "Attended, conveyed views without words"),
    ("PN4", "Attended, did not speak or convey views"),
    ("PN5", "Did not attend, an advocate spoke"),
    ("PN6", "Did not attend, sent views"),
    ("PN7", "Did not attend or send views"),
];

/// Missing, or away without authorisation.
pub(super) const AWAY: Codes = &[("M", "Missing"), ("A", "Away without authorisation")];

/// Earlier permanence arrangements; the return gives no words for them.
pub(super) const EARLIER: Codes = &[
    ("P0", "P0"),
    ("P1", "P1"),
    ("P2", "P2"),
    ("P3", "P3"),
    ("P4", "P4"),
    ("Z1", "Z1"),
];

/// Why a child is no longer to be placed for adoption.
pub(super) const NO_LONGER: Codes = &[
    ("RD1", "The child's needs changed"),
    ("RD2", "The court made no placement order"),
    ("RD3", "No adopters could be found"),
    ("RD4", "Another reason"),
];

/// Whether the council is in touch with a care leaver.
pub(super) const IN_TOUCH: Codes = &[
    ("YES", "Yes"),
    ("NO", "No"),
    ("DIED", "Died"),
    ("REFU", "Refuses contact"),
    ("NREQ", "No longer needs services"),
    ("RHOM", "Returned home"),
];

/// What a field's or part's code means, for the label that goes with it. `None` where the value speaks for itself.
pub(super) fn label(field: &str, code: &str) -> Option<&'static str> {
    let set = match field {
        "ethnicity" => ETHNICITY,
        "sex" => SEX,
        "primary_need" => NEED,
        "category_initial" | "category_latest" => CATEGORY,
        "closure_reason" => CLOSURE,
        "end_reason" => return find(CEASED, code).or_else(|| find(CLOSURE, code)),
        "referral_source" => REFERRAL,
        "legal_status" | "status" => LEGAL,
        "placement_type" | "type" => PLACEMENT,
        "placement_provider" | "provider" => PROVIDER,
        "change_reason" => CHANGED,
        "participation" => TOOK_PART,
        "adoption_ended_because" => NO_LONGER,
        "care_leaver_in_touch" => IN_TOUCH,
        "disability" => DISABILITY,
        _ => return None,
    };
    find(set, code)
}

fn find(set: Codes, code: &str) -> Option<&'static str> {
    set.iter()
        .find(|(known, _)| *known == code)
        .map(|(_, label)| *label)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_code_stands_twice_and_every_one_has_words() {
        for set in [
            ETHNICITY, DISABILITY, SEX, NEED, CATEGORY, CLOSURE, REFERRAL, LEGAL, PLACEMENT,
            PROVIDER, BEGAN, CEASED, CHANGED, TOOK_PART, AWAY, EARLIER, NO_LONGER, IN_TOUCH,
        ] {
            let codes: std::collections::BTreeSet<_> = set.iter().map(|(code, _)| code).collect();
            assert_eq!(codes.len(), set.len());
            assert!(set.iter().all(|(_, label)| !label.is_empty()));
        }
    }

    #[test]
    fn a_code_is_labelled_by_the_field_it_stands_in() {
        assert_eq!(label("legal_status", "C2"), Some("Full care order"));
        assert_eq!(label("end_reason", "RC1"), Some("Adopted"));
        assert_eq!(label("placement_type", "C2"), None);
        assert_eq!(label("known_as", "C2"), None);
    }
}
