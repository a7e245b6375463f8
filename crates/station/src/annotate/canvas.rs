//! Drawing with soft edges onto an RGB picture.

use super::text::Type;
use wellread_vision::{raster::Raster, scale};

pub(super) type Color = [u8; 3];
pub(super) type Point = [f32; 2];

/// A rectangle: left, top, right, bottom.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rect(pub f32, pub f32, pub f32, pub f32);

/// An RGB picture being drawn on.
pub(super) struct Canvas {
    width: usize,
    height: usize,
    rgb: Vec<u8>,
}

/// Which part of a photograph a canvas shows, and how large.
#[derive(Clone, Copy, Debug)]
pub(super) struct View {
    /// Pixel of the photograph at the canvas' corner.
    pub origin: [f64; 2],
    /// Canvas pixels per pixel of the photograph.
    pub scale: f64,
    /// Rows of the canvas above the photograph.
    pub top: f64,
}

impl View {
    /// Where a pixel of the photograph lies on the canvas.
    pub(super) fn place(&self, [x, y]: [f64; 2]) -> Point {
        [((x - self.origin[0]) * self.scale) as f32, ((y - self.origin[1]) * self.scale + self.top) as f32]
    }

    fn back(&self, x: f64, y: f64) -> [f64; 2] {
        [x / self.scale + self.origin[0], (y - self.top) / self.scale + self.origin[1]]
    }
}

impl Rect {
    pub(super) fn around([x, y]: Point, width: f32, height: f32) -> Self {
        Self(x - width / 2.0, y - height / 2.0, x + width / 2.0, y + height / 2.0)
    }
}

impl Canvas {
    pub(super) fn new(width: usize, height: usize, color: Color) -> Self {
        Self { width, height, rgb: color.repeat(width * height) }
    }

    pub(super) fn into_rgb(self) -> (usize, usize, Vec<u8>) {
        (self.width, self.height, self.rgb)
    }

    pub(super) fn width(&self) -> f32 {
        self.width as f32
    }

    /// Lays a photograph under everything; outside it the canvas keeps its colour.
    pub(super) fn lay(&mut self, raster: &Raster, view: &View, bottom: usize) {
        let Rect(left, top, right, bottom) = self.shown(raster, view, bottom);
        let (columns, rows) = ((right - left) as usize, (bottom - top) as usize);
        if columns == 0 || rows == 0 {
            return;
        }
        let [from_x, from_y] = view.back(f64::from(left), f64::from(top));
        let [to_x, to_y] = view.back(f64::from(right), f64::from(bottom));
        let part = scale::part(raster, [from_x, from_y, to_x, to_y], columns, rows);
        let lines = self.rgb.chunks_exact_mut(self.width * 3).skip(top as usize);
        for (line, photographed) in lines.zip(part.rgb().chunks_exact(columns * 3)) {
            if let Some(under) = line.get_mut(left as usize * 3..right as usize * 3) {
                under.copy_from_slice(photographed);
            }
        }
    }

    /// The whole canvas pixels that a photograph covers.
    fn shown(&self, raster: &Raster, view: &View, bottom: usize) -> Rect {
        let [left, top] = view.place([0.0, 0.0]);
        let [right, below] = view.place([raster.width() as f64, raster.height() as f64]);
        let (most_x, most_y) = (self.width as f32, bottom.min(self.height) as f32);
        let left = left.round().clamp(0.0, most_x);
        let top = top.round().clamp(view.top as f32, most_y.max(view.top as f32));
        Rect(left, top, right.round().clamp(left, most_x), below.round().clamp(top, most_y.max(top)))
    }

    fn blend(&mut self, x: usize, y: usize, color: Color, alpha: f32) {
        let at = (y * self.width + x) * 3;
        if let Some(pixel) = self.rgb.get_mut(at..at + 3) {
            for (old, new) in pixel.iter_mut().zip(color) {
                // Half more and cut off is rounded, and a colour is never below nothing.
                *old = (f32::from(*old) + (f32::from(new) - f32::from(*old)) * alpha + 0.5) as u8;
            }
        }
    }

    /// Paints where `distance` from a pixel's centre to the shape is negative, with an edge one pixel soft.
    fn paint(&mut self, bounds: Rect, color: Color, alpha: f32, distance: impl Fn(f32, f32) -> f32) {
        let Rect(left, top, right, bottom) = bounds;
        let clip = |v: f32, most: usize| v.clamp(0.0, most as f32) as usize;
        for y in clip(top - 1.0, self.height)..clip(bottom + 2.0, self.height) {
            for x in clip(left - 1.0, self.width)..clip(right + 2.0, self.width) {
                let cover = (0.5 - distance(x as f32 + 0.5, y as f32 + 0.5)).clamp(0.0, 1.0);
                if cover > 0.0 {
                    self.blend(x, y, color, alpha * cover);
                }
            }
        }
    }

    pub(super) fn line(&mut self, a: Point, b: Point, width: f32, color: Color, alpha: f32) {
        let half = width / 2.0;
        let bounds = Rect(a[0].min(b[0]) - half, a[1].min(b[1]) - half, a[0].max(b[0]) + half, a[1].max(b[1]) + half);
        let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
        let length = (dx * dx + dy * dy).max(f32::MIN_POSITIVE);
        self.paint(bounds, color, alpha, |x, y| {
            let along = (((x - a[0]) * dx + (y - a[1]) * dy) / length).clamp(0.0, 1.0);
            length_of(x - a[0] - along * dx, y - a[1] - along * dy) - half
        });
    }

    pub(super) fn disc(&mut self, [cx, cy]: Point, radius: f32, color: Color) {
        let bounds = Rect::around([cx, cy], 2.0 * radius, 2.0 * radius);
        self.paint(bounds, color, 1.0, |x, y| length_of(x - cx, y - cy) - radius);
    }

    /// A circle; a dashed one has gaps all round.
    pub(super) fn circle(&mut self, [cx, cy]: Point, radius: f32, width: f32, color: Color, dashed: bool) {
        let (inner, outer) = (radius - width / 2.0 - 1.0, radius + width / 2.0 + 1.0);
        let across = |radius: f32, dy: f32| (radius * radius - dy * dy).max(0.0).sqrt();
        let first = (cy - outer).floor();
        for row in 0..=(2.0 * outer).ceil() as usize {
            // Row by row, and only as far from the middle as the line is: the well inside is most of the circle.
            let top = first + row as f32;
            let far = across(outer, top + 0.5 - cy);
            let near = if inner > 0.0 { across(inner, top + 0.5 - cy).min(far) } else { 0.0 };
            // Two parts that met would draw the pixel between them twice.
            let parts: &[[f32; 2]] = if near < 1.0 { &[[-far, far]] } else { &[[-far, -near], [near, far]] };
            for [from, to] in parts {
                self.arc(Rect(cx + from, top, cx + to, top), [cx, cy], [radius, width], color, dashed);
            }
        }
    }

    /// The pixels of one row of a circle.
    fn arc(&mut self, part: Rect, [cx, cy]: Point, [radius, width]: [f32; 2], color: Color, dashed: bool) {
        let Rect(left, top, right, _) = part;
        if top < 0.0 || top >= self.height as f32 {
            return;
        }
        let clip = |v: f32| v.clamp(0.0, self.width as f32) as usize;
        for x in clip(left.floor())..clip(right.ceil()) {
            let (dx, dy) = (x as f32 + 0.5 - cx, top + 0.5 - cy);
            let cover = (0.5 - ((length_of(dx, dy) - radius).abs() - width / 2.0)).clamp(0.0, 1.0);
            let in_a_gap = || (dy.atan2(dx) / std::f32::consts::TAU + 0.5) * 12.0 % 1.0 > 0.6;
            if cover > 0.0 && !(dashed && in_a_gap()) {
                self.blend(x, top as usize, color, cover);
            }
        }
    }

    /// A convex polygon whose corners go round clockwise on the screen.
    pub(super) fn polygon(&mut self, corners: &[Point], color: Color) {
        let empty = Rect(f32::MAX, f32::MAX, f32::MIN, f32::MIN);
        let bounds = corners.iter().fold(empty, |Rect(left, top, right, bottom), [x, y]| {
            Rect(left.min(*x), top.min(*y), right.max(*x), bottom.max(*y))
        });
        self.paint(bounds, color, 1.0, |px, py| {
            let sides = corners.iter().zip(corners.iter().cycle().skip(1));
            sides.fold(f32::MIN, |most, (a, b)| {
                let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
                most.max(((px - a[0]) * dy - (py - a[1]) * dx) / dx.hypot(dy))
            })
        });
    }

    pub(super) fn fill(&mut self, rect: Rect, color: Color, alpha: f32) {
        let Rect(left, top, right, bottom) = rect;
        self.paint(rect, color, alpha, |x, y| (left - x).max(x - right).max(top - y).max(y - bottom));
    }

    /// Writes text whose left edge and middle height are at `at`.
    pub(super) fn text(&mut self, font: &Type, at: Point, px: f32, color: Color, text: &str) {
        font.draw(text, at, px, |x, y, cover| {
            if let (Ok(x), Ok(y)) = (usize::try_from(x), usize::try_from(y))
                && x < self.width
                && y < self.height
            {
                self.blend(x, y, color, cover);
            }
        });
    }
}

/// The length of a vector; coordinates of pixels need none of the care that `hypot` takes.
fn length_of(x: f32, y: f32) -> f32 {
    (x * x + y * y).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pixel(canvas: &Canvas, x: usize, y: usize) -> Color {
        let at = (y * canvas.width + x) * 3;
        canvas.rgb[at..at + 3].try_into().unwrap()
    }

    const WHITE: Color = [255; 3];

    #[test]
    fn shapes_cover_their_inside_and_nothing_far_outside() {
        let mut canvas = Canvas::new(60, 60, [0; 3]);
        canvas.polygon(&[[30.0, 10.0], [50.0, 30.0], [30.0, 50.0], [10.0, 30.0]], WHITE);
        assert_eq!(pixel(&canvas, 30, 30), WHITE, "the middle of a rhomb is inside");
        assert_eq!(pixel(&canvas, 12, 12), [0; 3], "the corner of its box is not");
        let mut canvas = Canvas::new(60, 60, [0; 3]);
        canvas.circle([30.0, 30.0], 20.0, 4.0, WHITE, false);
        assert_eq!(pixel(&canvas, 50, 30), WHITE, "the line of a circle");
        assert_eq!(pixel(&canvas, 30, 30), [0; 3], "the well inside stays visible");
        let mut canvas = Canvas::new(60, 60, [0; 3]);
        canvas.line([5.0, 5.0], [55.0, 5.0], 3.0, WHITE, 1.0);
        assert_eq!(pixel(&canvas, 30, 5), WHITE, "on the line");
        assert_eq!(pixel(&canvas, 30, 9), [0; 3], "beside the line");
    }

    #[test]
    fn drawing_past_the_edge_is_cut_off() {
        let mut canvas = Canvas::new(10, 10, [0; 3]);
        canvas.disc([-3.0, 14.0], 8.0, WHITE);
        canvas.fill(Rect(-100.0, -100.0, 1e9, 1.0), WHITE, 1.0);
        canvas.text(&Type::load(), [-20.0, 5.0], 16.0, WHITE, "A1 H12");
        assert_eq!(pixel(&canvas, 9, 0), WHITE, "what lies inside is drawn");
    }

    #[test]
    fn a_photograph_is_laid_where_the_view_says() {
        let mut rgb = vec![0; 20 * 10 * 3];
        let at = (4 * 20 + 7) * 3;
        rgb[at..at + 3].fill(200);
        let raster = Raster::new(20, 10, rgb).unwrap();
        let view = View { origin: [5.0, 2.0], scale: 3.0, top: 6.0 };
        let mut canvas = Canvas::new(60, 40, [9; 3]);
        canvas.lay(&raster, &view, 40);
        let [x, y] = view.place([7.5, 4.5]);
        assert_eq!(pixel(&canvas, x as usize, y as usize), [200; 3], "its bright pixel, three times as large");
        assert_eq!(pixel(&canvas, 59, 20), [9; 3], "right of the photograph the canvas shows");
        assert_eq!(pixel(&canvas, 10, 2), [9; 3], "and above it");
    }
}
