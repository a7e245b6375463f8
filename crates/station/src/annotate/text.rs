//! Letters on pictures.

use super::canvas::Point;
use ab_glyph::{Font, FontRef, PxScale, ScaleFont, point};

/// The typeface of all annotations: Hack, which stays legible at ten pixels.
pub(super) struct Type {
    font: Option<FontRef<'static>>,
}

impl Type {
    /// The font is part of the program; a test reads it, so that text cannot be missing at run time.
    pub(super) fn load() -> Self {
        Self { font: FontRef::try_from_slice(epaint_default_fonts::HACK_REGULAR).ok() }
    }

    /// Width of a text in pixels.
    pub(super) fn width(&self, text: &str, px: f32) -> f32 {
        let Some(font) = &self.font else { return 0.0 };
        let font = font.as_scaled(PxScale::from(px));
        text.chars().map(|c| font.h_advance(font.glyph_id(c))).sum()
    }

    /// Hands out each pixel of a text and how much of it is covered. `at` is its left edge and middle height.
    pub(super) fn draw(&self, text: &str, at: Point, px: f32, mut put: impl FnMut(i32, i32, f32)) {
        let Some(font) = &self.font else { return };
        let scaled = font.as_scaled(PxScale::from(px));
        // Capitals and digits rise to about 0.73 of the size above the base line: their middle goes to `at`.
        let base = at[1] + px * 0.31;
        let mut x = at[0];
        for c in text.chars() {
            let id = scaled.glyph_id(c);
            let glyph = id.with_scale_and_position(px, point(x, base));
            x += scaled.h_advance(id);
            if let Some(outline) = font.outline_glyph(glyph) {
                let corner = outline.px_bounds().min;
                outline.draw(|dx, dy, cover| put(corner.x as i32 + dx as i32, corner.y as i32 + dy as i32, cover));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_font_has_what_annotations_say() {
        let font = Type::load();
        for c in ('A'..='Z').chain('a'..='z').chain('0'..='9').chain("-:<=>/.,?!()%µ".chars()) {
            let mut ink = 0.0;
            font.draw(&c.to_string(), [4.0, 12.0], 20.0, |_, _, cover| ink += cover);
            assert!(ink > 3.0, "'{c}' leaves {ink} pixels of ink");
        }
        assert!(font.width("1:4096", 14.0) > font.width("1:8", 14.0), "longer text is wider");
    }
}
