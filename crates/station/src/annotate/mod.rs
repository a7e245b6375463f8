//! The annotated picture: the photograph with grid, class, confidence and titres drawn onto it, so that a person can
//! check a reading at a glance.

mod canvas;
mod label;
mod layout;
mod legend;
mod text;

pub use label::{call_name, series_label};
pub use legend::{Legend, Look, Shape};

use canvas::{Canvas, Color, Point, Rect};
use layout::Layout;
use text::Type;
use wellread_plate::{
    assay::{Along, Assay, Role},
    class::Call,
    format::row_letters,
    interpret::{CallFlag, CalledWell, Interpretation},
    reading::Grid,
};
use wellread_vision::raster::Raster;

const INK: Color = [0xff; 3];
const PAPER: Color = [0x1c, 0x1f, 0x24];
const WARNING: Color = [0xff, 0xd2, 0x3f];
/// Letters need more than photographs do.
const JPEG_QUALITY: u8 = 80;

/// What an annotated picture is drawn from.
pub struct Sheet<'a> {
    /// The picture's name, for people.
    pub name: &'a str,
    /// The picture.
    pub raster: &'a Raster,
    /// Where its wells are.
    pub grid: &'a Grid,
    /// The assay.
    pub assay: &'a Assay,
    /// What the assay made of it.
    pub made: &'a Interpretation,
}

/// Draws the annotated picture and returns it as a JPEG file.
pub fn jpeg(sheet: &Sheet<'_>) -> anyhow::Result<Vec<u8>> {
    let (width, height, rgb) = draw(sheet).into_rgb();
    encode(width, height, &rgb, JPEG_QUALITY)
}

/// Makes a JPEG file of RGB pixels.
pub(crate) fn encode(width: usize, height: usize, rgb: &[u8], quality: u8) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut encoder = jpeg_encoder::Encoder::new(&mut bytes, quality);
    // Letters and lines are told by light and dark, which keeps every pixel.
    encoder.set_sampling_factor(jpeg_encoder::SamplingFactor::F_2_2);
    encoder.encode(rgb, u16::try_from(width)?, u16::try_from(height)?, jpeg_encoder::ColorType::Rgb)?;
    Ok(bytes)
}

fn draw(sheet: &Sheet<'_>) -> Canvas {
    let font = Type::load();
    let legend = Legend::of(sheet.assay);
    let layout = Layout::of(sheet.grid, sheet.raster);
    let mut canvas = Canvas::new(layout.width, layout.height, PAPER);
    canvas.lay(sheet.raster, &layout.view, layout.bottom);
    let mut pen = Pen { canvas: &mut canvas, font: &font, layout: &layout, sheet };
    pen.lattice();
    pen.names();
    for well in &sheet.made.wells {
        pen.well(well, legend.look(&well.class));
    }
    pen.results();
    pen.header();
    pen.legend(&legend);
    canvas
}

struct Pen<'a> {
    canvas: &'a mut Canvas,
    font: &'a Type,
    layout: &'a Layout,
    sheet: &'a Sheet<'a>,
}

impl Pen<'_> {
    fn at(&self, col: f64, row: f64) -> Point {
        self.layout.view.place(self.sheet.grid.project(col, row))
    }

    /// The lines between the wells, and a corner mark at A1.
    fn lattice(&mut self) {
        let (rows, cols) = (self.sheet.grid.format.rows() as f64, self.sheet.grid.format.cols() as f64);
        let width = (self.layout.pitch * 0.012).clamp(1.0, 2.5);
        for col in 0..=self.sheet.grid.format.cols() {
            let col = col as f64 - 0.5;
            let (a, b) = (self.at(col, -0.5), self.at(col, rows - 0.5));
            self.canvas.line(a, b, width, INK, 0.45);
        }
        for row in 0..=self.sheet.grid.format.rows() {
            let row = row as f64 - 0.5;
            let (a, b) = (self.at(-0.5, row), self.at(cols - 0.5, row));
            self.canvas.line(a, b, width, INK, 0.45);
        }
        for (col, row) in [(0.1, -0.5), (-0.5, 0.1)] {
            let (a, b) = (self.at(-0.5, -0.5), self.at(col, row));
            self.canvas.line(a, b, 4.0 * width, INK, 1.0);
        }
    }

    /// Row letters and column numbers outside the first row and column.
    fn names(&mut self) {
        for row in 0..self.sheet.grid.format.rows() {
            let name = row_letters(row);
            self.beside([-0.5, row as f64], [-1.0, 0.0], &name, INK);
        }
        for col in 0..self.sheet.grid.format.cols() {
            self.beside([col as f64, -0.5], [0.0, -1.0], &(col + 1).to_string(), INK);
        }
    }

    /// A label that touches a lattice point from the side that a lattice direction points to.
    fn beside(&mut self, [col, row]: [f64; 2], [du, dv]: [f64; 2], text: &str, color: Color) {
        let (from, to) = (self.at(col, row), self.at(col + 0.1 * du, row + 0.1 * dv));
        let (dx, dy) = (to[0] - from[0], to[1] - from[1]);
        let length = dx.hypot(dy).max(f32::MIN_POSITIVE);
        let (dx, dy) = (dx / length, dy / length);
        let px = self.layout.text_px * 1.1;
        let (width, height) = (self.font.width(text, px) + px * 0.5, px * 1.3);
        let reach = dx.abs() * width / 2.0 + dy.abs() * height / 2.0 + px * 0.25;
        let middle = [from[0] + dx * reach, from[1] + dy * reach];
        self.label(middle, px, text, color);
    }

    /// Text on a dark ground, centred.
    fn label(&mut self, middle: Point, px: f32, text: &str, color: Color) {
        let width = self.font.width(text, px);
        self.canvas.fill(Rect::around(middle, width + px * 0.5, px * 1.3), PAPER, 0.78);
        self.canvas.text(self.font, [middle[0] - width / 2.0, middle[1]], px, color, text);
    }

    fn well(&mut self, well: &CalledWell, look: Look) {
        let middle = self.layout.view.place(well.center_px);
        let (col, row) = (well.well.col() as f64, well.well.row() as f64);
        let pitch = (self.sheet.grid.pitch_px(col, row) * self.layout.view.scale) as f32;
        let unsure = well.flags.contains(&CallFlag::LowConfidence);
        let used = well.role != Role::Unused;
        let width = (pitch * 0.03).clamp(1.5, 5.0);
        let radius = pitch * 0.4;
        // A dark line under the coloured one keeps it visible on any background.
        self.canvas.circle(middle, radius, width * 1.8, PAPER, false);
        let color = if used { look.color } else { look.color.map(|c| c / 2) };
        self.canvas.circle(middle, radius, width, color, unsure);
        let mark = if unsure { "?" } else { "" };
        let percent = format!("{:.0}{mark}", (well.confidence * 100.0).floor());
        let text = if self.layout.names_classes { format!("{} {percent}", well.class) } else { percent };
        self.tag([middle[0], middle[1] + pitch * 0.46], pitch, look, &text, unsure);
    }

    /// A shape and a text on a dark ground, no wider than the well's share of the plate.
    fn tag(&mut self, middle: Point, pitch: f32, look: Look, text: &str, warn: bool) {
        let whole = |px: f32| self.font.width(text, px) + px * 1.3;
        let px = self.layout.text_px;
        let px = px * (pitch * 0.97 / whole(px)).min(1.0);
        let width = whole(px);
        let left = middle[0] - width / 2.0;
        self.canvas.fill(Rect::around(middle, width + px * 0.2, px * 1.25), PAPER, 0.8);
        self.shape([left + px * 0.5, middle[1]], px * 0.45, look);
        let color = if warn { WARNING } else { INK };
        self.canvas.text(self.font, [left + px * 1.15, middle[1]], px, color, text);
    }

    /// The shape of a class, `r` from its middle to its edge.
    fn shape(&mut self, [x, y]: Point, r: f32, look: Look) {
        let Look { shape, color, .. } = look;
        let canvas = &mut *self.canvas;
        let line = (r * 0.45).max(1.2);
        let rhomb = [[x, y - r], [x + r, y], [x, y + r], [x - r, y]];
        match shape {
            Shape::Drop => {
                canvas.disc([x, y - r * 0.3], r * 0.7, color);
                canvas.polygon(&[[x - r * 0.68, y - r * 0.15], [x + r * 0.68, y - r * 0.15], [x, y + r * 1.15]], color);
            }
            Shape::Disc => canvas.disc([x, y], r * 0.9, color),
            Shape::Circle => canvas.circle([x, y], r * 0.72, line, color, false),
            Shape::Square => canvas.fill(Rect::around([x, y], r * 1.7, r * 1.7), color, 1.0),
            Shape::Cross => {
                let a = r * 0.75;
                canvas.line([x - a, y - a], [x + a, y + a], line, color, 1.0);
                canvas.line([x - a, y + a], [x + a, y - a], line, color, 1.0);
            }
            Shape::Diamond => canvas.polygon(&rhomb, color),
            Shape::Rhomb => outline(canvas, &rhomb, line, color),
            Shape::Frame => {
                let a = r * 0.75;
                outline(canvas, &[[x - a, y - a], [x + a, y - a], [x + a, y + a], [x - a, y + a]], line, color);
            }
            Shape::Triangle => canvas.polygon(&[[x, y - r], [x + r, y + r * 0.8], [x - r, y + r * 0.8]], color),
            Shape::Bar => canvas.fill(Rect::around([x, y], r * 1.8, r * 0.6), color, 1.0),
        }
    }

    /// The result of each series at its end.
    fn results(&mut self) {
        let Some(series) = &self.sheet.assay.series else { return };
        let format = self.sheet.grid.format;
        let lines = self.sheet.assay.series_lines(format);
        for (line, result) in lines.iter().zip(&self.sheet.made.series) {
            let (at, towards) = match series.along {
                Along::Rows => ([format.cols() as f64 - 0.5, line.line as f64], [1.0, 0.0]),
                Along::Columns => ([line.line as f64, format.rows() as f64 - 0.5], [0.0, 1.0]),
            };
            let flagged = result.flags.iter().any(|flag| flag.needs_review());
            self.beside(at, towards, &series_label(result), if flagged { WARNING } else { INK });
        }
    }

    fn header(&mut self) {
        let Sheet { name, grid, assay, made, .. } = self.sheet;
        let counted = |call: Call| made.counts.calls.get(&call).copied().unwrap_or(0);
        let review = made.wells.iter().filter(|well| well.flags.contains(&CallFlag::LowConfidence)).count();
        let first = format!("{name}  {} version {}", assay.name, assay.version);
        let second = format!(
            "{} wells: {} positive, {} negative, {} invalid; {review} below the review threshold{}{}",
            grid.format.wells(),
            counted(Call::Positive),
            counted(Call::Negative),
            counted(Call::Invalid),
            if grid.orientation.known { "" } else { "; A1 taken to be upright" },
            if made.validity_failures.is_empty() { "" } else { "; plate not valid" },
        );
        let px = self.layout.head_px;
        let color = if made.needs_review { WARNING } else { INK };
        for (n, (text, color)) in [(first, INK), (second, color)].into_iter().enumerate() {
            let fits = (self.canvas.width() - px) / self.font.width(&text, px);
            let at = [px * 0.5, px * (0.85 + 1.35 * n as f32)];
            self.canvas.text(self.font, at, px * fits.min(1.0), color, &text);
        }
    }

    fn legend(&mut self, legend: &Legend) {
        let entries: Vec<(Look, String)> = legend
            .iter()
            .filter_map(|(class, look)| {
                let call = self.sheet.assay.call(class)?;
                let count = self.sheet.made.counts.classes.get(class).copied().unwrap_or(0);
                Some((look, format!("{class} {count} ({})", call_name(call))))
            })
            .collect();
        let whole = |px: f32| entries.iter().map(|(_, t)| self.font.width(t, px) + px * 2.4).sum::<f32>();
        let px = self.layout.head_px;
        let px = px * (self.canvas.width() / whole(px)).min(1.0);
        let y = self.layout.bottom as f32 + self.layout.head_px * 0.8;
        let mut x = px * 0.5;
        for (look, text) in entries {
            self.shape([x + px * 0.5, y], px * 0.45, look);
            self.canvas.text(self.font, [x + px * 1.25, y], px, INK, &text);
            x += self.font.width(&text, px) + px * 2.4;
        }
    }
}

fn outline(canvas: &mut Canvas, corners: &[Point], width: f32, color: Color) {
    for (a, b) in corners.iter().zip(corners.iter().cycle().skip(1)) {
        canvas.line(*a, *b, width, color, 1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::samples::{hi, staircase};
    use wellread_plate::interpret::interpret;

    #[test]
    fn every_well_gets_its_class_colour_around_it() {
        let (reading, assay) = (staircase(), hi());
        let made = interpret(&reading, &assay).unwrap();
        let raster = Raster::new(1400, 1000, vec![90; 1400 * 1000 * 3]).unwrap();
        let sheet = Sheet { name: "p.jpg", raster: &raster, grid: &reading.grid, assay: &assay, made: &made };
        let layout = Layout::of(&reading.grid, &raster);
        let legend = Legend::of(&assay);
        let (width, _, rgb) = draw(&sheet).into_rgb();
        for well in &made.wells {
            let [x, y] = layout.view.place([well.center_px[0], well.center_px[1] - 40.0]);
            let at = (y as usize * width + x as usize) * 3;
            let expected = legend.look(&well.class).color;
            let off = rgb[at..at + 3].iter().zip(expected).map(|(a, b)| a.abs_diff(b)).max().unwrap();
            assert!(off < 40, "{}: {:?} above the well, {expected:?} expected", well.well, &rgb[at..at + 3]);
        }
    }

    #[test]
    fn the_file_is_a_jpeg_of_the_layouts_size() {
        let (reading, assay) = (staircase(), hi());
        let made = interpret(&reading, &assay).unwrap();
        let raster = Raster::new(1400, 1000, vec![90; 1400 * 1000 * 3]).unwrap();
        let sheet = Sheet { name: "p.jpg", raster: &raster, grid: &reading.grid, assay: &assay, made: &made };
        let layout = Layout::of(&reading.grid, &raster);
        let read = image::load_from_memory(&jpeg(&sheet).unwrap()).unwrap();
        assert_eq!((read.width() as usize, read.height() as usize), (layout.width, layout.height), "as laid out");
    }
}
