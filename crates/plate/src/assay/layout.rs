//! Layout of the plate: the role of each well, and where series lie.

use super::{
    Along, Role,
    section::{Section, describe, integer_in},
};
use crate::{
    assay::AssayError,
    format::{PlateFormat, WellId, row_letters},
};
use toml::Value;

const ROLES: [(&str, Role); 7] = [
    ("sample", Role::Sample),
    ("blank", Role::Blank),
    ("positive_control", Role::PositiveControl),
    ("negative_control", Role::NegativeControl),
    ("growth_control", Role::GrowthControl),
    ("sterility_control", Role::SterilityControl),
    ("unused", Role::Unused),
];

/// Role of each well, row by row; what `[layout.wells]` does not name is a sample.
pub(super) fn roles(wells: Option<Section<'_>>, format: PlateFormat) -> Result<Vec<Role>, AssayError> {
    let mut roles: Vec<Option<(&str, Role)>> = vec![None; format.wells()];
    if let Some(mut section) = wells {
        for (key, role) in ROLES {
            for well in named_wells(&mut section, key, format)? {
                let Some(slot) = format.index_of(well).and_then(|index| roles.get_mut(index)) else { continue };
                match *slot {
                    Some((other, _)) if other != key => {
                        let conflict = format!("names {well}, which `{other}` names too: keep it in one of them");
                        return Err(section.conflict(key, conflict));
                    }
                    _ => *slot = Some((key, role)),
                }
            }
        }
        section.finish()?;
    }
    Ok(roles.into_iter().map(|named| named.map_or(Role::Sample, |(_, role)| role)).collect())
}

fn named_wells(section: &mut Section<'_>, key: &'static str, format: PlateFormat) -> Result<Vec<WellId>, AssayError> {
    let wanted = format!(
        "a list of wells and ranges on the plate of {} rows and {} columns, such as [\"A1\", \"B1:B6\"]",
        format.rows(),
        format.cols()
    );
    let Some(items) = section.optional(key, &wanted, |value| value.as_array().cloned())? else { return Ok(Vec::new()) };
    let mut wells = Vec::new();
    for item in items {
        let range = item.as_str().and_then(|text| range(text, format));
        let found = || format!("a list with {}", describe(&item));
        wells.extend(range.ok_or_else(|| section.wrong(key, found(), &wanted))?);
    }
    Ok(wells)
}

/// The wells of `A1`, or of the rectangle `A1:H11` in any order of its corners.
fn range(text: &str, format: PlateFormat) -> Option<Vec<WellId>> {
    let (from, to) = text.split_once(':').unwrap_or((text, text));
    let (from, to): (WellId, WellId) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
    if !format.contains(from) || !format.contains(to) {
        return None;
    }
    let rows = from.row().min(to.row())..=from.row().max(to.row());
    let cols = from.col().min(to.col())..=from.col().max(to.col());
    Some(rows.flat_map(|row| cols.clone().filter_map(move |col| WellId::new(row, col))).collect())
}

/// Direction, first and last position of `[layout.series]`, positions from 0.
pub(super) fn placement(
    section: &mut Section<'_>,
    format: PlateFormat,
    roles: &[Role],
) -> Result<(Along, usize, usize), AssayError> {
    let along = section.required("along", "\"rows\" (each row is a series) or \"columns\"", |value| {
        match value.as_str()? {
            "rows" => Some(Along::Rows),
            "columns" => Some(Along::Columns),
            _ => None,
        }
    })?;
    let length = along.length_of(format);
    let wanted = match along {
        Along::Rows => format!("the column of the well, an integer from 1 to {length}"),
        Along::Columns => {
            format!("the row of the well in letters, from \"A\" to \"{}\"", row_letters(length.saturating_sub(1)))
        }
    };
    let first = section.required("first", &wanted, |value| position(value, along, length))?;
    let last = section.required("last", &wanted, |value| position(value, along, length))?;
    if first == last {
        return Err(section.conflict("last", "is the well of `first` too: a series has at least two wells"));
    }
    one_role_each(section, along, (first, last), format, roles)?;
    Ok((along, first, last))
}

fn position(value: &Value, along: Along, length: usize) -> Option<usize> {
    match along {
        Along::Rows => integer_in(value, 1, length).map(|column| column - 1),
        Along::Columns => {
            let letters = value.as_str()?.to_ascii_uppercase();
            (0..length).find(|row| row_letters(*row) == letters)
        }
    }
}

/// A series of part samples and part controls would have an end point that means neither.
fn one_role_each(
    section: &Section<'_>,
    along: Along,
    (first, last): (usize, usize),
    format: PlateFormat,
    roles: &[Role],
) -> Result<(), AssayError> {
    for line in 0..along.lines_of(format) {
        let role_at = |position| along.well(line, position).and_then(|well| roles.get(format.index_of(well)?).copied());
        let of_first = role_at(first);
        let odd = (first.min(last)..=first.max(last)).find(|position| role_at(*position) != of_first);
        let (Some(odd), Some(of_first)) = (odd, of_first) else { continue };
        let (Some(well), Some(start), Some(role)) = (along.well(line, odd), along.well(line, first), role_at(odd))
        else {
            continue;
        };
        let conflict = format!(
            "takes {well} ({role}) into the series of {start} ({of_first}): end the series before it, or give all its \
             wells one role in `layout.wells`"
        );
        return Err(section.conflict("last", conflict));
    }
    Ok(())
}
