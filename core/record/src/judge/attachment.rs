//! What a statement that attaches a file must look like. No form knows files, so no form is asked.

use crate::attachment::{FIELD, policy};
use crate::limits;
use crate::op::Op;
use crate::payload::Content;
use crate::verdict::Reason;

use super::{Judge, Ruling};

impl Judge<'_> {
    /// Added under an id of its own, replacing nothing. Where the bytes are is no matter here: words never wait for them.
    pub(super) fn rule_attachment(&self, op: &Op, content: Option<&Content>) -> Ruling {
        let target = &op.target;
        let own =
            target.name() == FIELD && target.element_id().is_some() && target.part_name().is_none();
        self.refuse_if(!own, Reason::BadTarget)?;
        self.refuse_if(
            op.policy != policy(self.commit.record_kind),
            Reason::WrongPolicy,
        )?;
        self.refuse_if(!op.replaces.is_empty(), Reason::TooManyReplaced)?;
        let too_large = matches!(
            content,
            Some(Content::Attachment(file)) if file.size > limits::ATTACHMENT_BYTES
        );
        self.refuse_if(too_large, Reason::TooLarge)
    }
}
