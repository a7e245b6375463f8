//! A whole photograph: plate, place, light; drawn from a seed.

use crate::{
    backdrop::Backdrop,
    camera::{Camera, Pose},
    color::{Rgb, add, hsv, scale},
    content::{self, Content, Habit, Indicator},
    draw::Draw,
    geometry::Geometry,
    look::{Bottom, Look, Plastic},
    optics::Optics,
    plate::Plate,
};
use wellread_plate::{class::WellClass, format::PlateFormat};

/// What is read off a plate, which decides what lies in its wells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Haemagglutination inhibition, read tilted: drops, buttons, rings, mats.
    HaemTilted,
    /// Haemagglutination, read flat: mats, buttons, rings.
    HaemFlat,
    /// Bacterial growth.
    Growth,
    /// Colour reactions.
    Color,
}

impl Family {
    /// The family an assay of this id belongs to.
    pub fn of_assay(id: &str) -> Option<Self> {
        match id {
            "hi" => Some(Self::HaemTilted),
            "ha" => Some(Self::HaemFlat),
            "mic" => Some(Self::Growth),
            "qualitative" => Some(Self::Color),
            _ => None,
        }
    }

    /// The shipped assay that reads it.
    pub fn assay(self) -> &'static str {
        match self {
            Self::HaemTilted => "hi",
            Self::HaemFlat => "ha",
            Self::Growth => "mic",
            Self::Color => "qualitative",
        }
    }
}

/// How varied the photograph may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A reading bench: fixed camera, even light, a plate nearly straight.
    Bench,
    /// Anything that has been seen: phones, shadows, clutter, every format.
    Wild,
    /// As wild, but close up on touching wells that brim with colour.
    Brimming,
    /// A picture without a plate.
    NoPlate,
}

/// What to render.
#[derive(Clone, Debug)]
pub struct Request {
    /// Everything follows from it.
    pub seed: u64,
    /// What is read.
    pub family: Family,
    /// How varied.
    pub style: Style,
    /// Width and height of the picture in pixels.
    pub size: (usize, usize),
    /// The format; drawn when not given.
    pub format: Option<PlateFormat>,
}

/// A photograph about to be taken.
#[derive(Clone, Debug)]
pub struct Scene {
    pub(crate) size: (usize, usize),
    pub(crate) family: Family,
    pub(crate) backdrop: Backdrop,
    pub(crate) optics: Optics,
    pub(crate) subject: Option<Subject>,
}

/// The plate in the photograph.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) plate: Plate,
    pub(crate) camera: Camera,
    pub(crate) classes: Vec<(WellClass, bool)>,
    pub(crate) framing: Framing,
    pub(crate) a1_known: bool,
}

/// How much of the plate fills the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Wells,
    Whole,
    Small,
}

impl Scene {
    /// Draws the scene of a request.
    pub fn draw(request: &Request) -> Self {
        let mut draw = Draw::new(request.seed);
        let (wild, size) = (request.style != Style::Bench, request.size);
        let subject_draw = &mut draw.fork();
        let backdrop_draw = &mut draw.fork();
        let mut optics = Optics::draw(&mut draw.fork(), wild);
        // Blur is drawn for a picture of 512 pixels; a larger one of the same scene is sharper, but not as much.
        optics.blur_px *= (size.0.max(size.1) as f32 / 512.0).sqrt();
        let backdrop = match request.style {
            Style::Bench => bench_mat(backdrop_draw, request.family),
            Style::Wild | Style::Brimming => Backdrop::draw(backdrop_draw, 9, false),
            Style::NoPlate => Backdrop::draw(backdrop_draw, 14, true),
        };
        let subject = (request.style != Style::NoPlate).then(|| subject(subject_draw, request, &backdrop));
        Self { size, family: request.family, backdrop, optics, subject }
    }
}

fn bench_mat(draw: &mut Draw, family: Family) -> Backdrop {
    let lightbox = family != Family::HaemTilted && draw.chance(0.6);
    let color = if lightbox {
        [draw.range(0.8, 0.98); 3]
    } else {
        let hue = draw.weighted(&[(0.6, 0.4), (0.2, 0.57), (0.2, 0.1)], 0.4) + draw.normal(0.02);
        let white = draw.chance(0.3);
        hsv(hue, if white { 0.03 } else { draw.range(0.35, 0.7) }, if white { 0.85 } else { draw.range(0.45, 0.75) })
    };
    Backdrop::mat(draw, color, lightbox)
}

fn subject(draw: &mut Draw, request: &Request, backdrop: &Backdrop) -> Subject {
    let bench = request.style == Style::Bench;
    let format = request.format.unwrap_or_else(|| if bench { PlateFormat::WELLS_96 } else { any_format(draw) });
    let geometry = Geometry::of(format);
    let framing = if bench {
        Framing::Whole
    } else if request.style == Style::Brimming && draw.chance(0.75) {
        Framing::Wells
    } else {
        draw.weighted(&[(0.25, Framing::Wells), (0.45, Framing::Whole), (0.3, Framing::Small)], Framing::Whole)
    };
    let haem = matches!(request.family, Family::HaemTilted | Family::HaemFlat);
    let plastic = if bench || draw.chance(0.72) {
        Plastic::Clear
    } else {
        draw.weighted(&[(0.45, Plastic::Frosted), (0.35, Plastic::White), (0.2, Plastic::Black)], Plastic::White)
    };
    let plastic = if haem && plastic == Plastic::Black { Plastic::White } else { plastic };
    let bottom = if haem {
        draw.weighted(&[(0.6, Bottom::U), (0.3, Bottom::V), (0.1, Bottom::Flat)], Bottom::U)
    } else {
        draw.weighted(&[(0.7, Bottom::Flat), (0.3, Bottom::U)], Bottom::Flat)
    };
    let tight = framing == Framing::Wells || draw.chance(0.3);
    let mut look = Look::draw(&mut draw.fork(), plastic, bottom, tight);
    // A coarse plate's wells fill its pitch more, a fine one's are shallower on the picture.
    look.depth_mm = look.depth_mm.min(geometry.pitch * 1.5);
    let (mut contents, mut classes) = fill(&mut draw.fork(), request, format);
    if request.style == Style::Brimming || (!haem && !bench && draw.chance(0.25)) {
        look.brim_over(draw);
        soak(draw, &mut contents);
        // Where every well is coloured, none can be called coloured or clear.
        if request.family == Family::Color {
            for (_, sure) in &mut classes {
                *sure = false;
            }
        }
    }
    let stain = if request.family == Family::Growth { content::bacteria(draw) } else { content::red_cells(draw) };
    let camera = Camera::new(&pose(draw, request, &geometry, framing));
    let cut = look.outline.notches_mm.iter().filter(|c| **c > 0.0).count();
    // Four cut corners, or corners outside the picture, tell nothing.
    let a1_known = look.marks.tell() || (matches!(cut, 1..=2) && framing != Framing::Wells);
    let dark = if backdrop.backlit { 0.05 } else { draw.range(0.0, 0.5) };
    let cast = ([draw.normal(3.0), draw.normal(3.0)], dark);
    let plate = Plate { geometry, look, stain, contents, seed: draw.seed(), cast };
    Subject { plate, camera, classes, framing, a1_known }
}

fn any_format(draw: &mut Draw) -> PlateFormat {
    let standard = |wells| PlateFormat::with_wells(wells).unwrap_or(PlateFormat::WELLS_96);
    let wells = draw.weighted(
        &[(0.72, 96), (0.09, 384), (0.04, 48), (0.04, 24), (0.03, 12), (0.02, 6), (0.01, 1536), (0.05, 0)],
        96,
    );
    if wells > 0 {
        return standard(wells);
    }
    let rows = draw.count(1, 5);
    PlateFormat::new(rows, 12).unwrap_or(PlateFormat::WELLS_96)
}

fn pose(draw: &mut Draw, request: &Request, geometry: &Geometry, framing: Framing) -> Pose {
    let (width, height) = (request.size.0 as f64, request.size.1 as f64);
    let bench = request.style == Style::Bench;
    let turn = draw.weighted(&[(0.66, 0), (0.16, 1), (0.09, 2), (0.045, 3), (0.045, 4)], 0);
    let quarter = std::f64::consts::FRAC_PI_2;
    let small = f64::from(draw.normal(0.02));
    let rotation = match turn {
        _ if bench => f64::from(draw.normal(0.008)),
        0 => small,
        1 => f64::from(draw.range(-0.5, 0.5)),
        2 => 2.0 * quarter + small,
        3 => quarter + small,
        _ => -quarter + small,
    };
    let [pw, ph] = geometry.size.map(f64::from);
    let wells_mm =
        |count: usize| (count as f64 - 1.0 + 2.0 * f64::from(draw_margin(framing))) * f64::from(geometry.pitch);
    let (fw, fh) = if framing == Framing::Wells {
        (wells_mm(geometry.format.cols()), wells_mm(geometry.format.rows()))
    } else {
        (pw, ph)
    };
    let (sin, cos) = (rotation.sin().abs(), rotation.cos().abs());
    let (bw, bh) = (fw * cos + fh * sin, fw * sin + fh * cos);
    let fit = (width / bw).min(height / bh);
    let share = match framing {
        _ if bench => draw.range(0.94, 0.99),
        Framing::Wells => draw.range(0.94, 1.03),
        Framing::Whole => draw.range(0.8, 1.04),
        Framing::Small => draw.range(0.25, 0.8),
    };
    // A lattice finer than eight pixels in a 512-pixel picture is for the second look at full size, not for the first.
    let finest = 8.0 * width.max(height) / 512.0 / f64::from(geometry.pitch);
    let px_per_mm = (fit * f64::from(share)).max(finest.min(fit));
    let (free_x, free_y) = ((width - bw * px_per_mm).max(0.0), (height - bh * px_per_mm).max(0.0));
    let loose = if framing == Framing::Small { 0.5 } else { 0.35 };
    let mut place = |side: f64, free: f64| side / 2.0 + free * f64::from(draw.range(-loose, loose));
    let at = [place(width, free_x), place(height, free_y)];
    let strong = if bench { 0.01 } else { draw.weighted(&[(0.6, 0.015), (0.3, 0.06), (0.1, 0.16)], 0.015) };
    let mut lean = || f64::from(draw.normal(1.0)) * strong;
    Pose {
        width,
        height,
        at,
        px_per_mm,
        rotation,
        tilt: [lean(), lean()],
        distance_mm: f64::from(draw.log_range(170.0, 900.0)),
        k1: if bench { -0.005 } else { f64::from(draw.normal(0.02)) },
        plate_middle: [pw / 2.0, ph / 2.0],
    }
}

/// Pitches kept beyond the outermost wells' middles.
fn draw_margin(framing: Framing) -> f32 {
    if framing == Framing::Wells { 0.52 } else { 1.0 }
}

/// Contents and classes (with certainty), row by row.
fn fill(draw: &mut Draw, request: &Request, format: PlateFormat) -> (Vec<Content>, Vec<(WellClass, bool)>) {
    let classes = layout(draw, request, format);
    let tilted = request.family == Family::HaemTilted;
    let habit = Habit::draw(draw, tilted);
    let indicator = (request.family == Family::Growth && draw.chance(0.3)).then(|| Indicator::resazurin(draw));
    let dye = dye(draw);
    let many_dyes = request.style == Style::Wild && draw.chance(0.25);
    let mut contents = Vec::with_capacity(classes.len());
    let mut named = Vec::with_capacity(classes.len());
    for class in classes {
        let (content, sure) = match request.family {
            Family::HaemTilted | Family::HaemFlat => habit.cells(&class, draw),
            Family::Growth => habit.growth(&class, indicator.as_ref(), draw),
            Family::Color => {
                let own = if many_dyes { self::dye(draw) } else { dye };
                habit.color(&class, own, draw)
            }
        };
        contents.push(content);
        named.push((class, sure));
    }
    (contents, named)
}

/// Colours the medium of all wells, each a little differently.
fn soak(draw: &mut Draw, contents: &mut [Content]) {
    let medium = dye(draw);
    let depth = draw.log_range(0.4, 2.5);
    for content in contents {
        content.liquid = add(content.liquid, scale(medium, depth * draw.range(0.6, 1.3)));
    }
}

/// What a colour reaction absorbs: one of the usual substrates, or any hue.
fn dye(draw: &mut Draw) -> Rgb {
    let known =
        [[1.3, 0.4, 0.1], [0.05, 0.12, 1.2], [0.1, 0.5, 1.5], [0.5, 1.2, 0.25], [1.1, 0.25, 0.9], [0.2, 1.3, 1.0]];
    let any = hsv(draw.range(0.0, 1.0), draw.range(0.5, 1.0), 1.0).map(|c| 1.35 - 1.3 * c);
    if draw.chance(0.7) { known.get(draw.count(0, known.len() - 1)).copied().unwrap_or(any) } else { any }
}

/// The class of every well, as such plates come out.
fn layout(draw: &mut Draw, request: &Request, format: PlateFormat) -> Vec<WellClass> {
    let ordered = request.style == Style::Bench || draw.chance(0.5);
    let (rows, cols) = (format.rows(), format.cols());
    let mut classes = Vec::with_capacity(format.wells());
    // A plate is seldom full: rows from here on were never filled.
    let filled_rows = if request.family != Family::Growth && draw.chance(0.2) { draw.count(0, rows) } else { rows };
    let weights = class_weights(draw, request.family);
    for row in 0..rows {
        let end = draw.count(0, cols);
        let between = draw.count(0, 2);
        for col in 0..cols {
            classes.push(if row >= filled_rows {
                blank(request.family)
            } else if ordered {
                in_series(request.family, col, end, between, draw)
            } else {
                weights.get(draw.count(0, weights.len() - 1)).cloned().unwrap_or(WellClass::EMPTY)
            });
        }
    }
    classes
}

fn blank(family: Family) -> WellClass {
    match family {
        Family::HaemTilted | Family::HaemFlat => WellClass::EMPTY,
        Family::Growth => WellClass::NO_GROWTH,
        Family::Color => WellClass::CLEAR,
    }
}

fn in_series(family: Family, col: usize, end: usize, between: usize, draw: &mut Draw) -> WellClass {
    let settled = |draw: &mut Draw| if draw.chance(0.55) { WellClass::BUTTON } else { WellClass::RING };
    match family {
        Family::HaemTilted if col < end => WellClass::TEARDROP,
        Family::HaemTilted if col < end + between => settled(draw),
        Family::HaemTilted => WellClass::MAT,
        Family::HaemFlat if col < end => WellClass::MAT,
        Family::HaemFlat => {
            if col < end + between {
                WellClass::RING
            } else {
                WellClass::BUTTON
            }
        }
        Family::Growth => {
            if col < end {
                WellClass::NO_GROWTH
            } else {
                WellClass::GROWTH
            }
        }
        Family::Color => {
            if col < end {
                WellClass::COLOURED
            } else {
                WellClass::CLEAR
            }
        }
    }
}

/// Classes as often as their wells are wanted in a plate without order.
fn class_weights(draw: &mut Draw, family: Family) -> Vec<WellClass> {
    use WellClass as C;
    let mut weights = match family {
        Family::HaemTilted => vec![C::TEARDROP, C::TEARDROP, C::BUTTON, C::RING, C::MAT, C::EMPTY],
        Family::HaemFlat => vec![C::MAT, C::BUTTON, C::BUTTON, C::RING, C::EMPTY],
        Family::Growth => vec![C::GROWTH, C::NO_GROWTH],
        Family::Color => vec![C::COLOURED, C::CLEAR],
    };
    if draw.chance(0.25) {
        weights.truncate(draw.count(1, weights.len()));
    }
    weights
}
