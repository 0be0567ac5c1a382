//! What people wrote and said on the day. None of it may be readable in any file of the run.

/// Every sentence of the day.
pub(crate) const SENTENCES: [&str; 31] = [
    FINCH_SAID,
    DOORWAY,
    URGENT,
    MONEY,
    KITCHEN,
    FRIDGE,
    IVY_SAID,
    BRYONY_SAW,
    MERLE_URGENT,
    MERLE_DECIDED,
    CORE_GROUP,
    NO_DOOR,
    MEANING_WREN,
    MEANING_FINCH,
    MEANING_PIPIT,
    NEXT_WREN,
    WREN_ASKED,
    ROBIN_USUAL,
    ROBIN_MEANS,
    MEANING_ROBIN,
    SEE_WREN,
    REED_LIVES,
    REED_CUT,
    REED_WHOLE,
    KITE_WROTE,
    KITE_ROOM,
    KITE_MEANS,
    ROBIN_SHOWED,
    WHO_IS_REED,
    EARLIER_MEANS,
    OLD_PHONE,
];

pub(super) const EARLIER_MEANS: &str =
    "Ivy means to shop and does not get to it; the children eat bread.";
pub(super) const OLD_PHONE: &str = "Ivy says the boiler has been off since the start of the month.";
pub(super) const FINCH_SAID: &str = "I put Pipit's bottle in my bed so it stays warm.";
pub(super) const DOORWAY: &str = "Reed stood in the doorway";
pub(super) const URGENT: &str = "No food in the house, no heating, milk for tonight only.";
pub(super) const MONEY: &str =
    "Food and fuel money agreed today: three children, a baby, and no heating.";
pub(super) const KITCHEN: &str =
    "Cold kitchen, empty fridge. Finch's mattress is on the floor beside the cot.";
pub(super) const FRIDGE: &str =
    "Photograph taken with Ivy's agreement: half a pint of milk and nothing else in the fridge.";
pub(super) const IVY_SAID: &str =
    "Ivy says Reed is a friend who comes round and does not live here.";
pub(super) const BRYONY_SAW: &str =
    "From the landing I could see Wren's door; it was not closed at any time.";
pub(super) const MERLE_URGENT: &str = "Second time nobody opened. Television on, no voices.";
pub(super) const CORE_GROUP: &str =
    "The core group meets on Thursday 29 October and agrees who brings food until then.";
pub(super) const MERLE_DECIDED: &str = "Nursery saw Merle yesterday. Back on Wednesday 08:30, unannounced; if not seen then, strategy discussion.";
pub(super) const NO_DOOR: &str = "I could not see the door.";
pub(super) const MEANING_WREN: &str =
    "Wren is careful about what she says while Reed can hear her.";
pub(super) const MEANING_FINCH: &str =
    "Finch is looking after the baby and thinks nobody else will.";
pub(super) const MEANING_PIPIT: &str = "Pipit depends on Finch for warmth at night.";
pub(super) const NEXT_WREN: &str =
    "See Wren alone at school by Tuesday 3 November; told Ivy we will come to the school.";
pub(super) const SEE_WREN: &str = "See Wren alone at school";
pub(super) const REED_LIVES: &str = "Ivy said so at the door.";
pub(super) const REED_CUT: &str = "Ivy at the door: Reed stays most nigh";
pub(super) const REED_WHOLE: &str = "Ivy at the door: Reed stays most nights";

pub(super) const WREN_ASKED: &str = "come to school pls dont tell mum i asked";
pub(super) const UNDONE: &str = "she typed this and took it back again";
pub(crate) const KITE_DREW: &str = "A bus with five empty seats";
pub(super) const KITE_WROTE: &str = "I dont want another new social worker ive had 4";
pub(super) const KITE_ROOM: &str =
    "Kite drew a bus with five empty seats and put it on the wall above the bed.";
pub(super) const KITE_MEANS: &str =
    "Kite counts the people who left, and wants the next one to stay.";
pub(super) const ROBIN_SHOWED: &str =
    "Points to pool three times, pushes the picture of the bus away.";
pub(super) const ROBIN_USUAL: &str = "Looks away when something is too much.";
pub(super) const ROBIN_MEANS: &str =
    "Robin wants to swim, and does not want to go by bus to get there.";
pub(super) const MEANING_ROBIN: &str =
    "Robin can say what he wants when somebody who knows his symbols is there.";
pub(super) const WHO_IS_REED: &str = "Who is Reed? Check by Thursday.";
