//! Templates: which format a receiver wants, and how it wants it spelled. Written in TOML, or shipped.
//!
//! ```toml
//! name = "lims-bangkok"
//! format = "labware"
//! file_name = "interface_{sample}_{date}_{time}.csv"
//! separator = ";"
//!
//! [columns]
//! ENTRY = "RESULT"
//! ```

mod section;

use crate::deliver::{
    columns::{DETAILED, LABWARE, SUMMARY},
    file_name::FileName,
};
use section::Section;
use std::collections::BTreeMap;

/// A format and how its receiver wants it spelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    /// The name by which an assay or a setting chooses it.
    pub name: String,
    /// The format and its options.
    pub format: Format,
    /// How its files are named.
    pub(super) file_name: FileName,
}

/// A format and its options.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// Counts of end points, for a LIMS.
    Labware(Labware),
    /// A row a well, for people.
    Detailed(Table),
    /// Statistics of titres, for people.
    Summary(Table),
    /// An HL7 v2.5.1 message ORU^R01.
    Hl7(Hl7),
    /// An ASTM (CLSI LIS2-A2) message.
    Astm(Astm),
    /// A workbook.
    Xlsx,
    /// A page to print and sign.
    Pdf,
}

/// How a table is spelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    pub(super) separator: char,
    pub(super) encoding: Encoding,
    pub(super) line_end: LineEnd,
    /// Names of columns that the receiver calls otherwise.
    pub(super) columns: BTreeMap<&'static str, String>,
}

/// How counts of end points are spelled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Labware {
    pub(super) table: Table,
    /// The last end point that has a row.
    pub(super) last_step: u8,
}

/// To whom an HL7 message goes, and in whose words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hl7 {
    pub(super) receiving_application: String,
    pub(super) receiving_facility: String,
    pub(super) processing_id: String,
    pub(super) code_system: String,
}

/// To whom an ASTM message goes, and whether it is cut into frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Astm {
    pub(super) receiver: String,
    pub(super) processing_id: String,
    pub(super) frames: bool,
}

/// How characters become bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    Utf8Bom,
    Tis620,
}

/// How a line ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LineEnd {
    Lf,
    CrLf,
}

/// A fault in a template: names the file, the key and what would be right.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// The text is not TOML.
    #[error("{file}, line {line}: not valid TOML: {problem}")]
    Syntax {
        /// The file.
        file: String,
        /// Line from 1.
        line: usize,
        /// What the TOML reader says, in one line.
        problem: String,
    },
    /// No template has the name.
    #[error("there is no template '{name}': choose one of {known}, or add a template of that name")]
    Unknown {
        /// The name, escaped.
        name: String,
        /// The templates there are.
        known: String,
    },
    /// A key is missing.
    #[error("{file}: `{key}` is missing: write {wanted}")]
    Missing {
        /// The file.
        file: String,
        /// Dotted path of the key.
        key: String,
        /// What would be right.
        wanted: String,
    },
    /// A key that means nothing here.
    #[error("{file}: `{key}` is not a key of {of}: remove it, or write one of {known}")]
    UnknownKey {
        /// The file.
        file: String,
        /// Dotted path of the key.
        key: String,
        /// What it is no key of.
        of: String,
        /// The keys that exist there.
        known: String,
    },
    /// A value that cannot be.
    #[error("{file}: `{key}` is {found}: write {wanted}")]
    Wrong {
        /// The file.
        file: String,
        /// Dotted path of the key.
        key: String,
        /// What stands there.
        found: String,
        /// What would be right.
        wanted: String,
    },
}

/// The shipped templates: each has its format's own name and nothing but defaults.
const SHIPPED: [&str; 7] = ["labware", "detailed", "summary", "hl7", "astm", "xlsx", "pdf"];

impl Template {
    /// The template that ships under this name: `labware`, `detailed`, `summary`, `hl7`, `astm`, `xlsx` or `pdf`.
    pub fn shipped(name: &str) -> Option<Self> {
        let name = Self::shipped_names().find(|shipped| *shipped == name)?;
        Self::from_toml(name, &format!("name = \"{name}\"\nformat = \"{name}\"\n")).ok()
    }

    /// The template of that name: one of the station's own, else a shipped one.
    pub fn named(name: &str, own: &[Self]) -> Result<Self, TemplateError> {
        let found = own.iter().find(|template| template.name == name).cloned();
        found.or_else(|| Self::shipped(name)).ok_or_else(|| TemplateError::Unknown {
            name: name.chars().take(60).flat_map(char::escape_debug).collect(),
            known: own.iter().map(|template| template.name.as_str()).chain(SHIPPED).collect::<Vec<_>>().join(", "),
        })
    }

    /// Names of all shipped templates.
    pub fn shipped_names() -> impl Iterator<Item = &'static str> {
        SHIPPED.into_iter()
    }

    /// Reads a template.
    pub fn from_toml(file_name: &str, text: &str) -> Result<Self, TemplateError> {
        let mut root = Section::root(file_name, text)?;
        let name_wanted = "a name of 1 to 40 small letters, digits and '-'";
        let name =
            root.required("name", name_wanted, |value| value.as_str().filter(|name| is_name(name)).map(str::to_owned))?;
        let formats = format!("one of {}", SHIPPED.map(|name| format!("\"{name}\"")).join(", "));
        let kind =
            root.required("format", &formats, |value| SHIPPED.into_iter().find(|name| value.as_str() == Some(name)))?;
        let default_file_name = match kind {
            "detailed" => "detailed_{sample}_{date}_{time}.csv",
            "summary" => "summary_{sample}_{date}_{time}.csv",
            "hl7" => "interface_{sample}_{date}_{time}.hl7",
            "astm" => "interface_{sample}_{date}_{time}.astm",
            "xlsx" => "report_{sample}_{date}_{time}.xlsx",
            "pdf" => "report_{sample}_{date}_{time}.pdf",
            _ => "interface_{sample}_{date}_{time}.csv",
        };
        let pattern = root.optional("file_name", FileName::WANTED, |value| FileName::parse(value.as_str()?))?;
        let pattern = pattern.or_else(|| FileName::parse(default_file_name));
        let file_name = pattern.ok_or_else(|| root.missing("file_name", FileName::WANTED))?;
        let format = match kind {
            "detailed" => Format::Detailed(table(&mut root, DETAILED)?),
            "summary" => Format::Summary(table(&mut root, SUMMARY)?),
            "hl7" => Format::Hl7(hl7(&mut root)?),
            "astm" => Format::Astm(astm(&mut root)?),
            "xlsx" => Format::Xlsx,
            "pdf" => Format::Pdf,
            _ => Format::Labware(labware(&mut root)?),
        };
        root.finish(&format!("a template of format \"{kind}\""))?;
        Ok(Self { name, format, file_name })
    }
}

fn labware(root: &mut Section<'_>) -> Result<Labware, TemplateError> {
    let last_step = root.optional("last_step", "a whole number from 1 to 48", |value| {
        value.as_integer().and_then(|step| u8::try_from(step).ok()).filter(|step| (1..=48).contains(step))
    })?;
    Ok(Labware { table: table(root, LABWARE)?, last_step: last_step.unwrap_or(12) })
}

fn table(root: &mut Section<'_>, known: &[&'static str]) -> Result<Table, TemplateError> {
    let defaults = Table::default();
    let separator = root.optional("separator", "\",\", \";\", \"|\" or \"\\t\"", |value| match value.as_str()? {
        "," => Some(','),
        ";" => Some(';'),
        "|" => Some('|'),
        "\t" => Some('\t'),
        _ => None,
    })?;
    let encoding =
        root.optional("encoding", "\"utf-8\", \"utf-8-bom\" or \"tis-620\"", |value| match value.as_str()? {
            "utf-8" => Some(Encoding::Utf8),
            "utf-8-bom" => Some(Encoding::Utf8Bom),
            "tis-620" => Some(Encoding::Tis620),
            _ => None,
        })?;
    let line_end = root.optional("line_end", "\"lf\" or \"crlf\"", |value| match value.as_str()? {
        "lf" => Some(LineEnd::Lf),
        "crlf" => Some(LineEnd::CrLf),
        _ => None,
    })?;
    Ok(Table {
        separator: separator.unwrap_or(defaults.separator),
        encoding: encoding.unwrap_or(defaults.encoding),
        line_end: line_end.unwrap_or(defaults.line_end),
        columns: columns(root, known)?,
    })
}

fn columns(root: &mut Section<'_>, known: &[&'static str]) -> Result<BTreeMap<&'static str, String>, TemplateError> {
    let Some(mut section) = root.section("columns")? else { return Ok(BTreeMap::new()) };
    let mut renamed = BTreeMap::new();
    for column in known {
        let wanted = "a column name of 1 to 60 characters that does not begin with = + - or @";
        let name = section
            .optional(column, wanted, |value| value.as_str().filter(|name| is_title(name)).map(str::to_owned))?;
        if let Some(name) = name {
            renamed.insert(*column, name);
        }
    }
    // Two columns of one name cannot be told apart by whoever reads them by name.
    let name_of = |column: &'static str| renamed.get(column).map_or(column, String::as_str);
    for (index, column) in known.iter().enumerate() {
        if let Some(twin) = known.iter().take(index).find(|twin| name_of(twin) == name_of(column)) {
            let key = if renamed.contains_key(column) { column } else { twin };
            return Err(section.wrong(key, format!("\"{}\" twice", name_of(column)), "another name for each column"));
        }
    }
    section.finish("[columns]")?;
    Ok(renamed)
}

fn hl7(root: &mut Section<'_>) -> Result<Hl7, TemplateError> {
    let code_system = "1 to 20 capital letters and digits, such as \"99WLR\"";
    let is_code = |code: &&str| {
        (1..=20).contains(&code.len()) && code.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    Ok(Hl7 {
        receiving_application: party(root, "receiving_application")?,
        receiving_facility: party(root, "receiving_facility")?,
        processing_id: processing_id(root)?,
        code_system: root
            .optional("code_system", code_system, |value| value.as_str().filter(is_code).map(str::to_owned))?
            .unwrap_or_else(|| "99WLR".to_owned()),
    })
}

fn astm(root: &mut Section<'_>) -> Result<Astm, TemplateError> {
    Ok(Astm {
        receiver: party(root, "receiver")?,
        processing_id: processing_id(root)?,
        frames: root.optional("frames", "true or false", toml::Value::as_bool)?.unwrap_or(true),
    })
}

/// A name of a program or a place; empty when not given.
fn party(root: &mut Section<'_>, key: &'static str) -> Result<String, TemplateError> {
    let read = |value: &toml::Value| value.as_str().filter(|name| is_title(name)).map(str::to_owned);
    Ok(root.optional(key, "a name of 1 to 60 characters on one line", read)?.unwrap_or_default())
}

fn processing_id(root: &mut Section<'_>) -> Result<String, TemplateError> {
    let wanted = "\"P\" (production), \"T\" (training) or \"D\" (debugging)";
    let read = |value: &toml::Value| value.as_str().filter(|id| ["P", "T", "D"].contains(id)).map(str::to_owned);
    Ok(root.optional("processing_id", wanted, read)?.unwrap_or_else(|| "P".to_owned()))
}

fn is_name(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=40).contains(&name.len()) && name.bytes().all(fits)
}

fn is_title(name: &str) -> bool {
    let sound = !name.chars().any(char::is_control) && !name.starts_with(['=', '+', '-', '@']);
    (1..=60).contains(&name.chars().count()) && sound
}

impl Default for Table {
    fn default() -> Self {
        Self { separator: ',', encoding: Encoding::Utf8, line_end: LineEnd::Lf, columns: BTreeMap::new() }
    }
}

impl Table {
    /// What the receiver calls a column.
    pub(super) fn header<'a>(&'a self, column: &'a str) -> &'a str {
        self.columns.get(column).map_or(column, String::as_str)
    }
}

impl Format {
    /// Its name.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Labware(_) => "labware",
            Self::Detailed(_) => "detailed",
            Self::Summary(_) => "summary",
            Self::Hl7(_) => "hl7",
            Self::Astm(_) => "astm",
            Self::Xlsx => "xlsx",
            Self::Pdf => "pdf",
        }
    }

    /// Whether a machine acts on its files, so that a doubtful number is refused and not made harmless.
    pub const fn is_for_machines(&self) -> bool {
        matches!(self, Self::Labware(_) | Self::Hl7(_) | Self::Astm(_))
    }

    /// Whether the character divides fields in it.
    pub(super) fn divides(&self, character: char) -> bool {
        match self {
            Self::Labware(Labware { table, .. }) | Self::Detailed(table) | Self::Summary(table) => {
                character == table.separator || character == '"'
            }
            Self::Hl7(_) => matches!(character, '|' | '^' | '~' | '\\' | '&'),
            Self::Astm(_) => matches!(character, '|' | '^' | '\\' | '&'),
            Self::Xlsx | Self::Pdf => false,
        }
    }
}

impl TemplateError {
    /// The dotted path of the key at fault; `None` where no key is.
    pub fn key(&self) -> Option<&str> {
        match self {
            Self::Syntax { .. } | Self::Unknown { .. } => None,
            Self::Missing { key, .. } | Self::UnknownKey { key, .. } | Self::Wrong { key, .. } => Some(key),
        }
    }
}
