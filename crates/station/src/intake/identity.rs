//! Whose plate it is: what was entered, else a barcode that a person confirms, else the file's name, else nobody knows.

use super::{barcode::Barcode, name_pattern::NamePattern};
use wellread_store::Identity;

/// Whose plate it is, as far as the station can tell, and what a person must be told about it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// The numbers; empty where nobody has said.
    pub identity: Identity,
    /// Who said so.
    pub by: ClaimedBy,
}

/// Who said whose plate it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClaimedBy {
    /// A person, before it came.
    Entered,
    /// The file's name.
    Name,
    /// Nobody.
    #[default]
    Nobody,
}

impl Claim {
    /// What was entered, else what the name says.
    pub fn of(entered: Option<Identity>, file_name: &str, pattern: &NamePattern) -> Self {
        if let Some(identity) = entered {
            return Self { identity, by: ClaimedBy::Entered };
        }
        let Some(says) = pattern.read(file_name) else { return Self::default() };
        let identity = Identity {
            sample_no: says.sample,
            submission_no: says.submission.unwrap_or_default(),
            plate_no: says.plate.map_or_else(String::new, |number| number.to_string()),
        };
        Self { identity, by: ClaimedBy::Name }
    }

    /// The claim after a look at the picture's barcode, and what a person is to be told.
    ///
    /// A barcode alone files nothing. One that differs from the name goes before it, so the plate waits for a person;
    /// one that differs from what was entered leaves that, but somebody must look.
    #[must_use]
    pub fn with_barcode(self, barcode: Option<&Barcode>) -> (Self, Option<String>) {
        let Some(barcode) = barcode else { return (self, None) };
        let text = &barcode.text;
        if self.identity.sample_no == *text {
            return (self, None);
        }
        match self.by {
            ClaimedBy::Entered => {
                let told = format!("The barcode says {text}, but {} was entered for it.", self.identity.sample_no);
                (self, Some(told))
            }
            ClaimedBy::Name => {
                let told = format!(
                    "The barcode says {text}, but the file's name says {}: confirm the sample number.",
                    self.identity.sample_no
                );
                (Self::default(), Some(told))
            }
            ClaimedBy::Nobody => (
                self,
                Some(format!("The barcode says {text}: confirm it as the sample number, or enter the right one.")),
            ),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::name_pattern::DEFAULT;

    fn named(sample: &str) -> Identity {
        Identity { sample_no: sample.into(), ..Identity::default() }
    }

    fn barcode(text: &str) -> Barcode {
        Barcode { text: text.into(), symbology: "code-128" }
    }

    #[test]
    fn what_was_entered_goes_before_the_name() {
        let pattern = NamePattern::parse(DEFAULT).unwrap();
        let name = "capture_S1_T9_3_20261121_094500.jpg";
        let entered = Claim::of(Some(named("S7")), name, &pattern);
        assert_eq!((entered.identity.sample_no.as_str(), entered.by), ("S7", ClaimedBy::Entered), "a person said so");
        let by_name = Claim::of(None, name, &pattern);
        let expected = Identity { sample_no: "S1".into(), submission_no: "T9".into(), plate_no: "3".into() };
        assert_eq!((by_name.identity, by_name.by), (expected, ClaimedBy::Name), "nobody said anything else");
        assert_eq!(Claim::of(None, "IMG_0001.jpg", &pattern), Claim::default(), "it waits for a person");
    }

    #[test]
    fn a_barcode_is_never_filed_by_itself() {
        let (claim, told) = Claim::default().with_barcode(Some(&barcode("S7")));
        assert_eq!(claim, Claim::default(), "it still waits");
        assert!(told.unwrap().contains("S7"), "but the suggestion is told");
        let by_name = Claim { identity: named("S1"), by: ClaimedBy::Name };
        let (claim, told) = by_name.clone().with_barcode(Some(&barcode("S7")));
        assert!(claim.identity.sample_no.is_empty() && told.is_some(), "two that differ: a person decides");
        assert_eq!(by_name.clone().with_barcode(Some(&barcode("S1"))), (by_name, None), "two that agree are filed");
        let entered = Claim { identity: named("S1"), by: ClaimedBy::Entered };
        let (claim, told) = entered.clone().with_barcode(Some(&barcode("S7")));
        assert!(claim == entered && told.is_some(), "what a person entered stays, and somebody looks");
    }
}
