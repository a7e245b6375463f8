//! Results on their way out: a sample's report as bytes in the format its receiver wants, and those bytes at their
//! place.
//!
//! The formats are pure: the same [`sample::SampleReport`] under the same [`template::Template`] always gives the same
//! bytes under the same name, so a delivery that was cut off is repeated and not doubled. [`mod@drop`] and [`mllp`] move
//! bytes and know nothing of what is in them.

mod astm;
mod columns;
mod csv;
mod detailed;
pub mod drop;
mod file_name;
pub(crate) mod hex;
mod hl7;
mod identifier;
mod labware;
pub mod mllp;
mod observation;
mod pdf;
pub mod retry;
pub mod sample;
mod summary;
pub mod template;
mod xlsx;

pub use file_name::NameError;
pub use identifier::IdentifierError;

use crate::deliver::{
    sample::SampleReport,
    template::{Format, Template},
};
use sha2::{Digest, Sha256};

/// A file for a receiver: its final name and its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterfaceFile {
    /// The name in the receiver's folder.
    pub name: String,
    /// The content.
    pub bytes: Vec<u8>,
    /// How many entries it holds: rows below the header of a table, segments of an HL7 message, records of an ASTM
    /// message, pages of a report.
    pub rows: u64,
    /// What whoever opens it should know.
    pub notes: Vec<String>,
}

impl InterfaceFile {
    /// SHA-256 of the content, in hexadecimal.
    pub fn sha256(&self) -> String {
        hex::lower(&Sha256::digest(&self.bytes))
    }
}

/// Why a report cannot be written in a format.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A number that a machine reads by may do harm there.
    #[error(transparent)]
    Identifier(#[from] IdentifierError),
    /// The file cannot be named as the template says.
    #[error(transparent)]
    Name(#[from] NameError),
    /// A series ends beyond the last row of the file, and leaving it out would falsify the total.
    #[error(
        "a series ends at step {step}, but template '{template}' lists end points 0 to {last} alone: set `last_step` to \
         {step} or more in the template, and tell the receiver"
    )]
    StepBeyondLast {
        /// The template.
        template: String,
        /// The end point.
        step: u8,
        /// The last row.
        last: u8,
    },
    /// A character that the template's encoding does not have.
    #[error(
        "'{character}' in {place} does not exist in the encoding of template '{template}': set `encoding` to \"utf-8\", \
         or change the text"
    )]
    Encoding {
        /// The template.
        template: String,
        /// Where it stands.
        place: String,
        /// The character, escaped.
        character: String,
    },
    /// The time of the report is no date.
    #[error("{utc_ms} ms since 1970 is no date from 1970 to 9999: check the station's clock and make the file again")]
    Time {
        /// The time.
        utc_ms: i64,
    },
    /// The annotated picture cannot be placed in the report.
    #[error("the annotated picture cannot be drawn in the report ({problem}): read the plate again to make a new one")]
    Picture {
        /// What the reader of pictures says.
        problem: String,
    },
    /// The writer of the format refuses.
    #[error("the {format} file cannot be written ({problem}): make the file in another format, and report this")]
    Writer {
        /// The format.
        format: &'static str,
        /// What the writer says.
        problem: String,
    },
}

/// Writes a sample's report as the template says.
pub fn render(report: &SampleReport, template: &Template) -> Result<InterfaceFile, RenderError> {
    if template.format.is_for_machines() {
        identifier::check_all(report, &template.format)?;
    }
    let mut notes = Vec::new();
    let (bytes, rows) = match &template.format {
        Format::Labware(labware) => labware::write(report, &template.name, labware)?,
        Format::Detailed(table) => detailed::write(report, &template.name, table)?,
        Format::Summary(table) => summary::write(report, &template.name, table)?,
        Format::Hl7(hl7) => hl7::write(report, hl7)?,
        Format::Astm(astm) => astm::write(report, astm)?,
        Format::Xlsx => xlsx::write(report)?,
        Format::Pdf => pdf::write(report, &mut notes)?,
    };
    let name = template.file_name.for_report(report)?;
    Ok(InterfaceFile { name, bytes, rows, notes })
}
