//! From the text of an assay file to an assay.

use super::{
    Assay, AssayError, Role, Scale, SeriesLayout, Validity, layout,
    section::{Section, describe, integer_in, number},
};
use crate::{
    class::{Call, WellClass},
    end_point::Rule,
    format::PlateFormat,
    titre::{BelowFirst, Concentration, Dilution},
};
use std::collections::BTreeMap;
use toml::Value;

const DEFAULT_REVIEW_THRESHOLD: f64 = 0.8;
const DEFAULT_MAX_LEADING_GAP: u8 = 1;
const DEFAULT_MAX_SKIP: u8 = 1;
/// Far beyond any laboratory's reagents; keeps the titre of the last of 48 wells a finite number.
const MAX_START: f64 = 1e9;
const MAX_FOLD: f64 = 1000.0;

pub(super) fn assay(file: &str, text: &str) -> Result<Assay, AssayError> {
    let mut root = Section::root(file, text)?;
    let id = root.required("id", "a short id of lower-case letters, digits and `-`, such as \"hi\"", |value| {
        WellClass::new(value.as_str()?).map(|id| id.as_str().to_owned())
    })?;
    let version =
        root.required("version", "an integer from 1, one more at each change", |value| integer_in(value, 1, u32::MAX))?;
    let name = root.required("name", "what people call the assay, 1 to 100 characters", |value| name(value, 100))?;
    let format = root.required(
        "format",
        "the number of wells (6, 12, 24, 48, 96, 384 or 1536) or rows and columns such as \"8x12\"",
        plate_format,
    )?;
    let review_threshold = root
        .optional("review_threshold", "a confidence from 0 to 1, such as 0.8", |value| {
            number(value).filter(|threshold| (0.0..=1.0).contains(threshold))
        })?
        .unwrap_or(DEFAULT_REVIEW_THRESHOLD);
    let classes = classes(&mut root)?;
    let (roles, series) = layout_and_series(&mut root, format)?;
    let validity = validity(&mut root, series.as_ref(), &roles)?;
    let approve_own_work = approve_own_work(&mut root)?;
    root.finish()?;
    Ok(Assay { id, version, name, format, classes, review_threshold, series, validity, approve_own_work, roles })
}

fn name(value: &Value, most: usize) -> Option<String> {
    let name = value.as_str()?.trim();
    let fits = (1..=most).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    fits.then(|| name.to_owned())
}

fn plate_format(value: &Value) -> Option<PlateFormat> {
    if let Some(wells) = value.as_integer() {
        return PlateFormat::with_wells(usize::try_from(wells).ok()?);
    }
    let (rows, cols) = value.as_str()?.split_once('x')?;
    PlateFormat::new(rows.trim().parse().ok()?, cols.trim().parse().ok()?).ok()
}

fn classes(root: &mut Section<'_>) -> Result<BTreeMap<WellClass, Call>, AssayError> {
    const WANTED: &str = "a table of at least two classes, each \"positive\", \"negative\" or \"invalid\"";
    let mut section = root.section("classes")?.ok_or_else(|| root.missing("classes", WANTED))?;
    let mut classes = BTreeMap::new();
    for (key, value) in section.drain() {
        let class = WellClass::new(&key).ok_or_else(|| {
            section.wrong(&key, "no class name".to_owned(), "lower-case letters, digits and `-`, at most 40")
        })?;
        let call = match value.as_str() {
            Some("positive") => Call::Positive,
            Some("negative") => Call::Negative,
            Some("invalid") => Call::Invalid,
            _ => return Err(section.wrong(&key, describe(&value), "\"positive\", \"negative\" or \"invalid\"")),
        };
        classes.insert(class, call);
    }
    let has = |wanted| classes.values().any(|call| *call == wanted);
    if !has(Call::Positive) || !has(Call::Negative) {
        return Err(root.conflict("classes", "needs at least one \"positive\" and one \"negative\" class"));
    }
    Ok(classes)
}

fn layout_and_series(
    root: &mut Section<'_>,
    format: PlateFormat,
) -> Result<(Vec<Role>, Option<SeriesLayout>), AssayError> {
    let mut section = root.section("layout")?;
    let wells = section.as_mut().map(|layout| layout.section("wells")).transpose()?.flatten();
    let roles = layout::roles(wells, format)?;
    let mut placed = section.as_mut().map(|layout| layout.section("series")).transpose()?.flatten();
    let placement = placed.as_mut().map(|series| layout::placement(series, format, &roles)).transpose()?;
    placed.map_or(Ok(()), Section::finish)?;
    let steps = section.as_mut().map(steps).transpose()?.flatten();
    let Some((along, first, last)) = placement else {
        if let Some(key) = steps.map(|steps| steps.key()) {
            return Err(
                root.conflict(key, "says what the steps of a series are, but there is no `[layout.series]`: add it")
            );
        }
        section.map_or(Ok(()), Section::finish)?;
        for key in ["end_point", "summary"] {
            if root.take(key).is_some() {
                return Err(
                    root.conflict(key, "needs series, but there is no `[layout.series]`: add it, or remove this")
                );
            }
        }
        return Ok((roles, None));
    };
    section.map_or(Ok(()), Section::finish)?;
    let steps = steps.ok_or_else(|| {
        root.missing("layout.dilution", "`[layout.dilution]` with `start` and `fold`, or `[layout.concentration]`")
    })?;
    let rule = rule(root, &steps)?;
    let scale = scale(root, steps)?;
    Ok((roles, Some(SeriesLayout { along, first, last, scale, rule })))
}

/// What the steps of a series are, before the rest of the file is known.
enum Steps {
    Dilution(Dilution),
    Concentration(Concentration),
}

impl Steps {
    const fn key(&self) -> &'static str {
        match self {
            Self::Dilution(_) => "layout.dilution",
            Self::Concentration(_) => "layout.concentration",
        }
    }
}

fn steps(layout: &mut Section<'_>) -> Result<Option<Steps>, AssayError> {
    const FOLD: &str = "a number above 1 and at most 1000: how many times weaker each next well is, usually 2";
    let fold = |value: &Value| number(value).filter(|fold| *fold > 1.0 && *fold <= MAX_FOLD);
    let dilution = layout.section("dilution")?;
    let concentration = layout.section("concentration")?;
    match (dilution, concentration) {
        (Some(_), Some(_)) => {
            Err(layout.conflict("concentration", "stands beside `layout.dilution`: a series is one or the other"))
        }
        (Some(mut section), None) => {
            let wanted = "the reciprocal of the dilution in the first well, a number from 1 to 1000000000 (8 for 1:8)";
            let start = section
                .required("start", wanted, |value| number(value).filter(|start| (1.0..=MAX_START).contains(start)))?;
            let fold = section.required("fold", FOLD, fold)?;
            section.finish()?;
            Ok(Some(Steps::Dilution(Dilution { start, fold })))
        }
        (None, Some(mut section)) => {
            let wanted = "the concentration in the first well, the highest: a number above 0";
            let start = section
                .required("start", wanted, |value| number(value).filter(|start| *start > 0.0 && *start <= MAX_START))?;
            let fold = section.required("fold", FOLD, fold)?;
            let unit = section.required("unit", "the unit of `start`, such as \"mg/L\"", |value| name(value, 20))?;
            section.finish()?;
            Ok(Some(Steps::Concentration(Concentration { start, fold, unit })))
        }
        (None, None) => Ok(None),
    }
}

fn rule(root: &mut Section<'_>, steps: &Steps) -> Result<Rule, AssayError> {
    let allowed = match steps {
        Steps::Dilution(_) => "\"run\", \"strict\" or \"highest\"",
        Steps::Concentration(_) => "\"mic\", the rule of concentration series",
    };
    let Some(mut section) = root.section("end_point")? else {
        return Err(root.missing("end_point.rule", allowed));
    };
    let rule = section.required("rule", allowed, |value| match (value.as_str()?, steps) {
        ("run", Steps::Dilution(_)) => {
            Some(Rule::Run { max_leading_gap: DEFAULT_MAX_LEADING_GAP, max_skip: DEFAULT_MAX_SKIP })
        }
        ("strict", Steps::Dilution(_)) => Some(Rule::Strict),
        ("highest", Steps::Dilution(_)) => Some(Rule::Highest),
        ("mic", Steps::Concentration(_)) => Some(Rule::Mic),
        _ => None,
    })?;
    let wanted = "how many wells are forgiven, an integer from 0 to 47";
    let rule = match rule {
        Rule::Run { .. } => Rule::Run {
            max_leading_gap: section
                .optional("max_leading_gap", wanted, |value| integer_in(value, 0, 47))?
                .unwrap_or(DEFAULT_MAX_LEADING_GAP),
            max_skip: section
                .optional("max_skip", wanted, |value| integer_in(value, 0, 47))?
                .unwrap_or(DEFAULT_MAX_SKIP),
        },
        other => {
            for key in ["max_leading_gap", "max_skip"] {
                if section.take(key).is_some() {
                    return Err(
                        section.conflict(key, "belongs to the rule \"run\" alone: remove it, or choose that rule")
                    );
                }
            }
            other
        }
    };
    section.finish()?;
    Ok(rule)
}

fn scale(root: &mut Section<'_>, steps: Steps) -> Result<Scale, AssayError> {
    let summary = root.section("summary")?;
    match (steps, summary) {
        (Steps::Concentration(_), Some(_)) => {
            Err(root.conflict("summary", "is for titres, but this assay has a concentration series: remove it"))
        }
        (Steps::Concentration(concentration), None) => Ok(Scale::Concentration(concentration)),
        (Steps::Dilution(dilution), None) => {
            Ok(Scale::Dilution { dilution, below_first: BelowFirst::default(), cut_off: None })
        }
        (Steps::Dilution(dilution), Some(mut section)) => {
            let below_first = section
                .optional("below_first", "\"half\" (of the starting dilution) or \"exclude\"", |value| {
                    match value.as_str()? {
                        "half" => Some(BelowFirst::Half),
                        "exclude" => Some(BelowFirst::Exclude),
                        _ => None,
                    }
                })?
                .unwrap_or_default();
            let cut_off = section.optional("cut_off", "a titre, a number above 0, such as 16 for 1:16", |value| {
                number(value).filter(|titre| *titre > 0.0)
            })?;
            section.finish()?;
            Ok(Scale::Dilution { dilution, below_first, cut_off })
        }
    }
}

fn validity(root: &mut Section<'_>, series: Option<&SeriesLayout>, roles: &[Role]) -> Result<Validity, AssayError> {
    let last_step = series.map_or(0, |layout| u8::try_from(layout.steps()).unwrap_or(u8::MAX));
    let mut validity = Validity {
        judged: roles.iter().copied().filter(|role| role.required_call().is_some()).collect(),
        positive_control_end_point: (1, last_step),
        negative_control_end_point: (0, 0),
        max_invalid_wells: None,
    };
    let Some(mut section) = root.section("validity")? else { return Ok(validity) };
    for (key, role) in [
        ("positive_controls", Role::PositiveControl),
        ("negative_controls", Role::NegativeControl),
        ("blanks", Role::Blank),
        ("growth_controls", Role::GrowthControl),
        ("sterility_controls", Role::SterilityControl),
    ] {
        let Some(on) = section.optional(key, "true or false", toml::Value::as_bool)? else { continue };
        if on && !roles.contains(&role) {
            let conflict = format!("is true, but `layout.wells` names no {role}: name its wells, or remove this");
            return Err(section.conflict(key, conflict));
        }
        if !on {
            validity.judged.remove(&role);
        }
    }
    for (key, range) in [
        ("positive_control_end_point", &mut validity.positive_control_end_point),
        ("negative_control_end_point", &mut validity.negative_control_end_point),
    ] {
        let wanted = format!("the lowest and the highest end point allowed, such as [1, 3], at most {last_step}");
        if let Some(allowed) = section.optional(key, &wanted, |value| end_points(value, last_step))? {
            *range = allowed;
        }
    }
    validity.max_invalid_wells =
        section.optional("max_invalid_wells", "an integer from 0", |value| integer_in(value, 0, 1536))?;
    section.finish()?;
    Ok(validity)
}

fn approve_own_work(root: &mut Section<'_>) -> Result<bool, AssayError> {
    let Some(mut section) = root.section("review")? else { return Ok(false) };
    let allowed = section.optional("approve_own_work", "true or false", toml::Value::as_bool)?;
    section.finish()?;
    Ok(allowed.unwrap_or(false))
}

fn end_points(value: &Value, last_step: u8) -> Option<(u8, u8)> {
    let [low, high] = value.as_array()?.as_slice() else { return None };
    let (low, high) = (integer_in(low, 0, last_step)?, integer_in(high, 0, last_step)?);
    (low <= high).then_some((low, high))
}
