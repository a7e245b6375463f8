//! Words that filters know. Any other is an error, so that a misspelt filter is not taken for an empty answer.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$what:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "kebab-case")]
        pub enum $name {
            $($(#[$what])* $variant,)+
        }

        impl $name {
            /// As the database has it.
            pub(super) fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }
    };
}

words! {
    /// How far a run came.
    Status {
        /// It waits.
        Pending = "pending",
        /// It is being read.
        Processing = "processing",
        /// It has results.
        Completed = "completed",
        /// It has none.
        Failed = "failed",
    }
}

words! {
    /// What is to be made of a run.
    Disposition {
        /// Nothing: it has no results.
        None = "none",
        /// Nobody has said whose plate it is.
        WaitingSample = "waiting-sample",
        /// A person must look.
        ToReview = "to-review",
        /// It counts.
        Accepted = "accepted",
        /// It does not count.
        Rejected = "rejected",
        /// A later run stands for it.
        Superseded = "superseded",
    }
}

words! {
    /// How far an interface file came.
    FileStatus {
        /// It is to be made.
        Pending = "pending",
        /// It is made.
        Generated = "generated",
        /// It is where it belongs.
        Delivered = "delivered",
        /// It is not, and somebody must look.
        Failed = "failed",
    }
}

words! {
    /// Why a file became no run.
    RejectionState {
        /// It is no picture that can be read.
        Rejected = "rejected",
        /// It was there before.
        Duplicate = "duplicate",
        /// It is none that is read.
        Ignored = "ignored",
    }
}

words! {
    /// Who stands for a run.
    Signed {
        /// Somebody stood for it before it was changed.
        Void = "void",
        /// Who performed it.
        Performed = "performed",
        /// Who reviewed it.
        Reviewed = "reviewed",
        /// Who approved it.
        Approved = "approved",
    }
}
