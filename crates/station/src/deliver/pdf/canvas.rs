//! A page to draw on: shaped text, lines, boxes and pictures, in points from the top left corner.

use krilla::{
    color::rgb,
    geom::{PathBuilder, Point, Rect, Size, Transform},
    image::Image,
    paint::Fill,
    surface::Surface,
    text::{Font, GlyphId, KrillaGlyph},
};
use rustybuzz::{Direction, Face, GlyphBuffer, UnicodeBuffer, script};
use std::{cell::RefCell, collections::BTreeSet, ops::Range};

const REGULAR: &[u8] = include_bytes!("../../../fonts/Sarabun-Regular.ttf");
const SEMI_BOLD: &[u8] = include_bytes!("../../../fonts/Sarabun-SemiBold.ttf");

/// Shades of the report; everything must also survive a black-and-white printer.
#[derive(Clone, Copy)]
pub(super) enum Ink {
    Black,
    Grey,
    Rule,
    Bar,
}

/// The two weights of the typeface.
#[derive(Clone, Copy)]
pub(super) enum Weight {
    Regular,
    SemiBold,
}

/// A typeface: once to shape text with, once to embed.
struct Typeface {
    face: Face<'static>,
    font: Font,
}

/// Both weights, read once a report.
pub(super) struct Typefaces {
    regular: Typeface,
    semi_bold: Typeface,
    /// Characters met so far that they have no glyph for.
    lacking: RefCell<BTreeSet<char>>,
}

/// A box on the page.
#[derive(Clone, Copy)]
pub(super) struct Area {
    pub(super) x: f32,
    pub(super) y: f32,
    pub(super) width: f32,
    pub(super) height: f32,
}

/// The page.
pub(super) struct Canvas<'a, 'b> {
    pub(super) surface: &'a mut Surface<'b>,
    pub(super) typefaces: &'a Typefaces,
}

impl Typefaces {
    /// `None` only when the embedded fonts are damaged.
    pub(super) fn load() -> Option<Self> {
        let load =
            |data: &'static [u8]| Some(Typeface { face: Face::from_slice(data, 0)?, font: Font::new(data.into(), 0)? });
        Some(Self { regular: load(REGULAR)?, semi_bold: load(SEMI_BOLD)?, lacking: RefCell::default() })
    }

    /// The characters drawn as boxes so far, the first few of them; `None` when there are none.
    pub(super) fn lacking(&self) -> Option<String> {
        let lacking = self.lacking.borrow();
        let shown = lacking.iter().take(10).map(char::to_string).collect::<Vec<_>>().join(" ");
        let more = if lacking.len() > 10 { " …" } else { "" };
        (!lacking.is_empty()).then(|| format!("{shown}{more}"))
    }

    fn of(&self, weight: Weight) -> &Typeface {
        match weight {
            Weight::Regular => &self.regular,
            Weight::SemiBold => &self.semi_bold,
        }
    }

    /// How wide a text is.
    pub(super) fn width(&self, text: &str, weight: Weight, size: f32) -> f32 {
        self.of(weight).shape(text).iter().map(|glyph| glyph.x_advance * size).sum()
    }

    /// The text, or as much of it as fits, with an ellipsis.
    pub(super) fn fit(&self, text: &str, weight: Weight, size: f32, width: f32) -> String {
        if self.width(text, weight, size) <= width {
            return text.to_owned();
        }
        // Text is short: halving the number of characters finds the longest that fits in a few steps.
        let shortened = |count: usize| text.chars().take(count).chain(['…']).collect::<String>();
        let (mut fits, mut too_long) = (0, text.chars().count().min(1_000));
        while too_long - fits > 1 {
            let middle = usize::midpoint(fits, too_long);
            if self.width(&shortened(middle), weight, size) <= width { fits = middle } else { too_long = middle }
        }
        shortened(fits)
    }
}

impl Typeface {
    /// Glyphs of one line, left to right; advances in parts of the em.
    ///
    /// Shaping places Thai vowels and tone marks over and under their consonants, by rules that a typeface keeps for
    /// each script: so a line is shaped script by script. A character that the typeface lacks becomes its box for
    /// missing glyphs, which people can see.
    fn shape(&self, text: &str) -> Vec<KrillaGlyph> {
        let mut glyphs = Vec::new();
        let mut start = 0;
        for run in runs(text) {
            let script = if run.starts_with(is_thai) { script::THAI } else { script::LATIN };
            let mut buffer = UnicodeBuffer::new();
            buffer.push_str(run);
            buffer.set_script(script);
            buffer.set_direction(Direction::LeftToRight);
            self.push_shaped(&rustybuzz::shape(&self.face, &[], buffer), start..start + run.len(), &mut glyphs);
            start += run.len();
        }
        glyphs
    }

    fn push_shaped(&self, shaped: &GlyphBuffer, run: Range<usize>, glyphs: &mut Vec<KrillaGlyph>) {
        let em = self.font.units_per_em();
        let starts: Vec<usize> = shaped.glyph_infos().iter().map(|info| run.start + info.cluster as usize).collect();
        for (index, (info, position)) in shaped.glyph_infos().iter().zip(shaped.glyph_positions()).enumerate() {
            let start = run.start + info.cluster as usize;
            // Several glyphs may stand for one group of characters; it ends where the next group begins.
            let end = starts.iter().skip(index).copied().find(|other| *other > start).unwrap_or(run.end);
            glyphs.push(KrillaGlyph::new(
                GlyphId::new(info.glyph_id),
                position.x_advance as f32 / em,
                position.x_offset as f32 / em,
                position.y_offset as f32 / em,
                position.y_advance as f32 / em,
                start..end,
                None,
            ));
        }
    }
}

fn is_thai(character: char) -> bool {
    matches!(character, '\u{E00}'..='\u{E7F}')
}

/// The longest pieces of a text that are Thai or have no Thai in them.
fn runs(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let thai = is_thai(rest.chars().next()?);
        let end = rest.find(|character| is_thai(character) != thai).unwrap_or(rest.len());
        let (run, after) = rest.split_at_checked(end)?;
        rest = after;
        Some(run)
    })
}

impl Canvas<'_, '_> {
    /// Draws one line of text; `y` is its base line.
    pub(super) fn text(&mut self, x: f32, y: f32, size: f32, weight: Weight, ink: Ink, text: &str) {
        // Line breaks and other control characters have no glyph, and this is one line.
        let line: String = text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect();
        let typeface = self.typefaces.of(weight);
        let lacks = |character: &char| typeface.face.glyph_index(*character).is_none();
        self.typefaces.lacking.borrow_mut().extend(line.chars().filter(lacks));
        let glyphs = typeface.shape(&line);
        self.surface.set_fill(Some(ink.fill()));
        self.surface.draw_glyphs(Point::from_xy(x, y), &glyphs, typeface.font.clone(), &line, size, false);
    }

    /// Draws text that ends at `x`.
    pub(super) fn text_to(&mut self, x: f32, y: f32, size: f32, weight: Weight, ink: Ink, text: &str) {
        let width = self.typefaces.width(text, weight, size);
        self.text(x - width, y, size, weight, ink, text);
    }

    /// Draws text around `x`.
    pub(super) fn text_around(&mut self, x: f32, y: f32, size: f32, ink: Ink, text: &str) {
        let width = self.typefaces.width(text, Weight::Regular, size);
        self.text(x - width / 2.0, y, size, Weight::Regular, ink, text);
    }

    /// Fills a box; thin ones are lines.
    pub(super) fn fill(&mut self, area: Area, ink: Ink) {
        let mut path = PathBuilder::new();
        let Some(rect) = Rect::from_xywh(area.x, area.y, area.width, area.height) else { return };
        path.push_rect(rect);
        if let Some(path) = path.finish() {
            self.surface.set_fill(Some(ink.fill()));
            self.surface.draw_path(&path);
        }
    }

    /// Draws a line across.
    pub(super) fn rule(&mut self, x: f32, y: f32, width: f32) {
        self.fill(Area { x, y, width, height: 0.6 }, Ink::Rule);
    }

    /// Draws a picture as large as it fits, at the top left of the box.
    pub(super) fn picture(&mut self, image: Image, within: Area) {
        let (width, height) = image.size();
        let scale = (within.width / width.max(1) as f32).min(within.height / height.max(1) as f32);
        let Some(size) = Size::from_wh(width as f32 * scale, height as f32 * scale) else { return };
        self.surface.push_transform(&Transform::from_translate(within.x, within.y));
        self.surface.draw_image(image, size);
        self.surface.pop();
    }
}

impl Ink {
    fn fill(self) -> Fill {
        let color = match self {
            Self::Black => rgb::Color::new(17, 24, 39),
            Self::Grey => rgb::Color::new(85, 94, 108),
            Self::Rule => rgb::Color::new(200, 205, 212),
            Self::Bar => rgb::Color::new(38, 84, 124),
        };
        Fill { paint: color.into(), ..Fill::default() }
    }
}
