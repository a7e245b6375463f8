//! A look at an interface file before it is made: the same bytes, kept nowhere and delivered to nobody.

use crate::{
    Station,
    deliver::{
        self,
        template::{Format, Template},
    },
    people::{Permission, Session},
    report::Wanted,
};
use base64::Engine as _;
use serde::Serialize;

/// What a file would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct InterfacePreview {
    /// Its name in the receiver's folder.
    pub file_name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// Its content, where it is text.
    pub text: Option<String>,
    /// Its content in base64, where it is not.
    pub base64: Option<String>,
}

/// A template to choose.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct TemplateLine {
    /// Its name.
    pub name: String,
    /// Its format: `labware`, `detailed`, `summary`, `hl7`, `astm`, `xlsx`, `pdf`.
    pub format: &'static str,
    /// Whether programs read it, so that numbers that could be mistaken for something else are refused.
    pub is_for_machines: bool,
}

impl Station {
    /// Every template that can be chosen: the shipped ones, and the station's own that can be used.
    pub fn templates(&self) -> anyhow::Result<Vec<TemplateLine>> {
        let own = self.own_templates()?;
        let line = |template: Template| TemplateLine {
            format: template.format.name(),
            is_for_machines: template.format.is_for_machines(),
            name: template.name,
        };
        Ok(Template::shipped_names().filter_map(Template::shipped).chain(own).map(line).collect())
    }

    /// What a sample's file would be now.
    pub fn preview_interface_file(
        &self,
        session: &Session,
        sample_no: &str,
        template: &str,
    ) -> anyhow::Result<InterfacePreview> {
        let template = self.template(template)?;
        self.ask(session, Permission::RunRead, |reading| {
            let wanted = Wanted {
                sample_no,
                test_no: "",
                revision: 1,
                generated: self.clock().now(),
                picture: template.format == Format::Pdf,
            };
            let made = deliver::render(&self.sample_report(reading, wanted)?, &template)?;
            let (text, base64) = match String::from_utf8(made.bytes) {
                Ok(text) => (Some(text), None),
                Err(other) => (None, Some(base64::engine::general_purpose::STANDARD.encode(other.as_bytes()))),
            };
            Ok(InterfacePreview { file_name: made.name, media_type: media_type(&template.format), text, base64 })
        })
    }
}

const fn media_type(format: &Format) -> &'static str {
    match format {
        Format::Pdf => "application/pdf",
        Format::Xlsx => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        Format::Hl7(_) | Format::Astm(_) => "text/plain",
        Format::Labware(_) | Format::Detailed(_) | Format::Summary(_) => "text/csv",
    }
}
