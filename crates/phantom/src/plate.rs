//! The colour of a point of the plate: body, edge, letters, rims, walls, floors.

use crate::{
    color::{Rgb, add, bump, cloud, grain, mix, mul, noise, scale, smoothstep, through},
    content::{Content, Stain},
    geometry::Geometry,
    glyph,
    look::Look,
};
use wellread_plate::format::row_letters;

/// A plate ready to be looked at.
#[derive(Clone, Debug)]
pub(crate) struct Plate {
    pub(crate) geometry: Geometry,
    pub(crate) look: Look,
    pub(crate) stain: Stain,
    pub(crate) contents: Vec<Content>,
    pub(crate) seed: u32,
    /// Where the shadow of the plate falls, in mm, and how dark it is.
    pub(crate) cast: ([f32; 2], f32),
}

/// A point on the top plane with all that shading needs to know of the view.
pub(crate) struct Sight {
    pub(crate) mm: [f32; 2],
    /// Shift of a floor one pitch away from under the camera, and the point under the camera in mm.
    pub(crate) above: [f32; 2],
    pub(crate) parallax_per_mm: f32,
    /// Width of a pixel in mm, for smooth edges.
    pub(crate) pixel_mm: f32,
}

impl Plate {
    /// The colour at a point over a backdrop; the backdrop itself, shadowed, beside the plate.
    ///
    /// `instead` puts other matter into one well.
    pub(crate) fn shade(&self, sight: &Sight, backdrop: Rgb, instead: Option<(usize, &Content)>) -> Rgb {
        let edge = self.edge_distance(sight.mm);
        if edge > sight.pixel_mm {
            let (by, dark) = self.cast;
            let shadow = self.edge_distance([sight.mm[0] - by[0], sight.mm[1] - by[1]]);
            return scale(backdrop, 1.0 - dark * smoothstep(2.0, -2.0, shadow));
        }
        let under = self.plastic(backdrop);
        let mut color = self.body(sight, under, edge);
        color = self.well(sight, color, under, instead);
        if let Some(lid) = &self.look.lid {
            let mist = lid.mist * smoothstep(0.35, 0.8, cloud(sight.mm[0] * 0.5, sight.mm[1] * 0.5, lid.seed));
            color = mix(color, [0.85; 3], lid.haze + mist);
        }
        mix(color, backdrop, smoothstep(-sight.pixel_mm, sight.pixel_mm, edge))
    }

    /// The backdrop as seen through one layer of the body.
    fn plastic(&self, backdrop: Rgb) -> Rgb {
        let opaque = [1.0 - self.look.clear[0], 1.0 - self.look.clear[1], 1.0 - self.look.clear[2]];
        add(mul(backdrop, self.look.clear), mul(self.look.body, opaque))
    }

    /// Distance in mm to the plate's outline, negative inside.
    fn edge_distance(&self, mm: [f32; 2]) -> f32 {
        let [w, h] = self.geometry.size;
        let outline = &self.look.outline;
        let (x, y) = (mm[0] - w / 2.0, mm[1] - h / 2.0);
        let corner = outline.corner_mm;
        let (qx, qy) = (x.abs() - w / 2.0 + corner, y.abs() - h / 2.0 + corner);
        let mut distance = qx.max(0.0).hypot(qy.max(0.0)) + qx.max(qy).min(0.0) - corner;
        let signs = [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)];
        for (cut, (sx, sy)) in outline.notches_mm.iter().zip(signs) {
            if *cut > 0.0 {
                let diagonal = (sx * x - w / 2.0 + sy * y - h / 2.0 + cut) * std::f32::consts::FRAC_1_SQRT_2;
                distance = distance.max(diagonal);
            }
        }
        distance
    }

    fn body(&self, sight: &Sight, under: Rgb, edge: f32) -> Rgb {
        let look = &self.look;
        let [x, y] = sight.mm;
        let mut color = under;
        let field = self.outside_of_wells(sight.mm);
        color = scale(color, 1.0 + (look.between - 1.0) * (1.0 - smoothstep(0.45, 0.6, field)));
        color = scale(color, 1.0 + look.outline.skirt * smoothstep(-5.0, -4.6, edge));
        for &[inset, width, gain] in &look.outline.steps {
            let line = bump(edge + inset, width + sight.pixel_mm * 0.5);
            color = scale(color, 1.0 + gain * line * (0.7 + 0.6 * noise(x * 0.1, y * 0.1, self.seed)));
        }
        for &(at, vertical, gain) in &look.ridges {
            let away = if vertical { x - at } else { y - at };
            color = scale(color, 1.0 + gain * bump(away, 0.9));
        }
        if field > 0.1 {
            color = self.letters(sight, color);
        }
        if look.small_labels > 0.0 && field < 0.1 {
            color = self.small_label(sight.mm, color);
        }
        color
    }

    /// How far beyond the block of wells, in pitches; negative inside.
    fn outside_of_wells(&self, mm: [f32; 2]) -> f32 {
        let g = &self.geometry;
        let (col, row) = ((mm[0] - g.a1[0]) / g.pitch, (mm[1] - g.a1[1]) / g.pitch);
        let (last_col, last_row) = (g.format.cols() as f32 - 1.0, g.format.rows() as f32 - 1.0);
        (-col).max(col - last_col).max(-row).max(row - last_row)
    }

    fn letters(&self, sight: &Sight, mut color: Rgb) -> Rgb {
        let (g, marks) = (&self.geometry, &self.look.marks);
        let (col, row) = ((sight.mm[0] - g.a1[0]) / g.pitch, (sight.mm[1] - g.a1[1]) / g.pitch);
        let (last_col, last_row) = (g.format.cols() as f32 - 1.0, g.format.rows() as f32 - 1.0);
        let (near_row, near_col) = (row.round(), col.round());
        let label = if near_row >= 0.0 && near_row <= last_row {
            let left = marks.rows_left && (col + marks.away).abs() < 0.6;
            let right = marks.rows_right && (col - last_col - marks.away).abs() < 0.6;
            let x = if left { col + marks.away } else { col - last_col - marks.away };
            (left || right).then(|| (row_letters(near_row as usize), x, row - near_row))
        } else {
            None
        };
        let label = label.or_else(|| {
            let top = marks.cols_top && (row + marks.away).abs() < 0.5;
            let bottom = marks.cols_bottom && (row - last_row - marks.away).abs() < 0.5;
            let y = if top { row + marks.away } else { row - last_row - marks.away };
            let fits = near_col >= 0.0 && near_col <= last_col && (top || bottom);
            fits.then(|| ((near_col as usize + 1).to_string(), col - near_col, y))
        });
        if let Some((text, x, y)) = label {
            color = self.write(&text, [x, y], [marks.height, marks.stroke], sight.pixel_mm / g.pitch, color);
        }
        if let Some((number, [x, y, height, turn])) = marks.scribble {
            let (sin, cos) = turn.sin_cos();
            let (dx, dy) = (sight.mm[0] - x, sight.mm[1] - y);
            let at = [(dx * cos + dy * sin) / height, (-dx * sin + dy * cos) / height];
            if at[0] > -0.3 && at[0] < 3.0 && at[1] > -0.3 && at[1] < 1.3 {
                let shake = 0.08 * (noise(at[0] * 3.0, at[1] * 3.0, self.seed) - 0.5);
                let ink = smoothstep(0.1, 0.06, glyph::distance(&number.to_string(), at[0] + shake, at[1] + shake));
                color = mix(color, marks.scribble_ink, ink * 0.85);
            }
        }
        color
    }

    /// One label centred at the origin of `at`; lengths in pitches.
    fn write(&self, text: &str, at: [f32; 2], size: [f32; 2], pixel: f32, color: Rgb) -> Rgb {
        let marks = &self.look.marks;
        let [height, stroke] = size;
        let shake = |k: u32| marks.shaky * (noise(at[0] * 9.0 + 50.0, at[1] * 9.0, self.seed ^ k) - 0.5) * 3.0;
        let ink_at = |dx: f32, dy: f32| {
            let y = (at[1] + dy + shake(1)) / height + 0.5;
            let x = (at[0] + dx + shake(2)) / height + glyph::width(text) / 2.0 + marks.slant * (y - 0.5);
            let away = glyph::distance(text, x, y) * height;
            smoothstep(stroke + pixel * 0.6, stroke - pixel * 0.6, away)
        };
        let ink = ink_at(0.0, 0.0);
        let mut color = mix(color, marks.ink, ink * marks.cover);
        if marks.relief > 0.0 {
            let offset = stroke * 0.7;
            let slope = ink_at(offset, offset) - ink_at(-offset, -offset);
            color = scale(color, (1.0 + 0.45 * marks.relief * slope - 0.08 * ink * marks.relief).max(0.0));
        }
        color
    }

    /// The little circles with a well's name that some makers mould between the wells.
    fn small_label(&self, mm: [f32; 2], color: Rgb) -> Rgb {
        let g = &self.geometry;
        let away = |v: f32| v - v.floor() - 0.5;
        let (dx, dy) = (away((mm[0] - g.a1[0]) / g.pitch), away((mm[1] - g.a1[1]) / g.pitch));
        let r = dx.hypot(dy);
        let ring = bump(r - 0.15, 0.012);
        let scratch =
            if r < 0.11 { smoothstep(0.6, 0.75, noise(mm[0] * 2.2, mm[1] * 2.2, self.seed ^ 8)) } else { 0.0 };
        scale(color, 1.0 - self.look.small_labels * (ring * 0.6 + scratch * 0.5))
    }

    fn well(&self, sight: &Sight, color: Rgb, under: Rgb, instead: Option<(usize, &Content)>) -> Rgb {
        let g = &self.geometry;
        let look = &self.look;
        let (col, row) = ((sight.mm[0] - g.a1[0]) / g.pitch, (sight.mm[1] - g.a1[1]) / g.pitch);
        let (near_col, near_row) = (col.round().max(0.0), row.round().max(0.0));
        let (dx, dy) = (col - near_col, row - near_row);
        let r = dx.hypot(dy);
        let pixel = sight.pixel_mm / g.pitch;
        if r > look.rim + pixel {
            return color;
        }
        let index = near_row as usize * g.format.cols() + near_col as usize;
        let in_plate = (near_col as usize) < g.format.cols() && (near_row as usize) < g.format.rows();
        let own = self.contents.get(index).filter(|_| in_plate);
        let other = instead.filter(|(well, _)| *well == index && in_plate).map(|(_, content)| content);
        let Some(content) = other.or(own) else { return color };
        let inner = look.rim - look.rim_width;
        let turn = dy.atan2(dx);
        let inside = if r < inner + pixel {
            let [cx, cy] = [g.a1[0] + near_col * g.pitch, g.a1[1] + near_row * g.pitch];
            let k = look.depth_mm * sight.parallax_per_mm;
            let shift = k / (1.0 + k) / g.pitch;
            let floor = [(sight.above[0] - cx) * shift, (sight.above[1] - cy) * shift];
            self.inside(content, [dx, dy], floor, turn, under, pixel)
        } else {
            under
        };
        let glitter =
            0.65 + 0.7 * noise(turn.cos() * 2.0 + near_col * 3.1, turn.sin() * 2.0 + near_row * 2.7, self.seed ^ 0x15);
        let rim = mix(color, scale(look.rim_color, glitter), look.rim_opacity);
        let with_rim = mix(inside, rim, smoothstep(inner - pixel, inner + pixel, r));
        mix(with_rim, color, smoothstep(look.rim - pixel, look.rim + pixel, r))
    }

    /// Wall or floor at `q` pitches from the rim's middle, the floor's middle lying at `floor`.
    fn inside(&self, content: &Content, q: [f32; 2], floor: [f32; 2], turn: f32, under: Rgb, pixel: f32) -> Rgb {
        let look = &self.look;
        let from_floor = (q[0] - floor[0]).hypot(q[1] - floor[1]);
        let edge = smoothstep(look.floor - pixel, look.floor + pixel, from_floor);
        let mut color = [0.0; 3];
        if edge < 1.0 {
            color = self.floor(content, [(q[0] - floor[0]) / look.floor, (q[1] - floor[1]) / look.floor], under);
        }
        if edge > 0.0 {
            let depth = wall_depth(q, floor, look.rim - look.rim_width, look.floor);
            color = mix(color, self.wall(content, depth, turn, under), edge);
        }
        color
    }

    fn floor(&self, content: &Content, s: [f32; 2], under: Rgb) -> Rgb {
        let look = &self.look;
        let r2 = s[0] * s[0] + s[1] * s[1];
        let side = s[0] * look.light_angle.cos() + s[1] * look.light_angle.sin();
        let dim = (1.0 - look.floor_edge * r2 * r2) * (1.0 - look.shadow * smoothstep(0.35, 1.0, side));
        let base = scale(under, look.floor_gain * dim.max(0.05));
        let mut color = content.over(base, &self.stain, look.floor_gain * dim, s[0], s[1]);
        for &[x, y, size, strength] in &look.lamps {
            color = add(color, [strength * bump((s[0] - x).hypot(s[1] - y), size); 3]);
        }
        color
    }

    fn wall(&self, content: &Content, depth: f32, turn: f32, under: Rgb) -> Rgb {
        let look = &self.look;
        let mut color = scale(under, look.wall_gain);
        color = mix(color, scale(look.rim_color, 0.9), look.wall_haze);
        color = through(color, content.liquid, look.wall_tint * smoothstep(0.0, 0.5, depth));
        let uneven = 0.6 + 0.8 * noise(turn.cos() * 3.0, turn.sin() * 3.0, content.seed ^ 0x0D);
        for glint in &look.glints {
            let away =
                (turn - glint.angle + std::f32::consts::PI).rem_euclid(std::f32::consts::TAU) - std::f32::consts::PI;
            let strength =
                bump(depth - glint.depth, glint.depth_width) * bump(away, glint.angle_width) * glint.gain * uneven;
            color = if strength > 0.0 {
                mix(color, [1.15; 3], strength.min(1.0))
            } else {
                scale(color, (1.0 + strength).max(0.0))
            };
        }
        scale(color, 0.97 + 0.06 * grain((turn * 20.0) as i32, (depth * 20.0) as i32, content.seed))
    }
}

/// How far down the wall a point lies: 0 at the rim's inner edge, 1 at the floor.
///
/// The wall is the cone between the two circles; the circle at depth t has its middle at t x floor and its radius
/// between the two, so t solves a quadratic.
fn wall_depth(q: [f32; 2], floor: [f32; 2], rim: f32, floor_radius: f32) -> f32 {
    let narrowing = floor_radius - rim;
    let a = floor[0] * floor[0] + floor[1] * floor[1] - narrowing * narrowing;
    let b = -2.0 * (q[0] * floor[0] + q[1] * floor[1] + rim * narrowing);
    let c = q[0] * q[0] + q[1] * q[1] - rim * rim;
    if a.abs() < 1e-7 {
        return if b.abs() < 1e-9 { 0.0 } else { (-c / b).clamp(0.0, 1.0) };
    }
    let root = (b * b - 4.0 * a * c).max(0.0).sqrt();
    let (one, two) = ((-b + root) / (2.0 * a), (-b - root) / (2.0 * a));
    let fits = |t: f32| (-0.01..=1.01).contains(&t);
    if fits(one) && fits(two) {
        one.min(two)
    } else if fits(one) {
        one
    } else {
        two.clamp(0.0, 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::wall_depth;

    #[test]
    fn wall_depth_runs_from_rim_to_floor() {
        let floor = [0.05, -0.02];
        assert!(wall_depth([0.4, 0.0], floor, 0.4, 0.25).abs() < 0.02, "on the rim");
        let at_floor = [floor[0] + 0.25, floor[1]];
        assert!((wall_depth(at_floor, floor, 0.4, 0.25) - 1.0).abs() < 0.02, "on the floor's edge");
    }
}
