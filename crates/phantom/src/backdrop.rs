//! What lies behind and beside the plate. Positions are shares of the picture's width.

use crate::{
    color::{Rgb, cloud, grain, hsv, mix, noise, scale, smoothstep},
    draw::Draw,
    glyph,
};

/// The table, the mat, the light box, and the things on it.
#[derive(Clone, Debug)]
pub(crate) struct Backdrop {
    base: Rgb,
    second: Rgb,
    pattern: Pattern,
    texture: f32,
    texture_size: f32,
    fibre: f32,
    seed: u32,
    things: Vec<Thing>,
    pub(crate) backlit: bool,
}

#[derive(Clone, Copy, Debug)]
enum Pattern {
    Plain,
    /// Fades from one colour to the other in a direction.
    Fade(f32),
    /// Changes at a line: direction and place.
    Edge(f32, f32),
    Planks(f32, f32),
}

#[derive(Clone, Debug)]
struct Thing {
    at: [f32; 2],
    size: [f32; 2],
    turn: [f32; 2],
    reach: f32,
    color: Rgb,
    cover: f32,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    Box,
    Round,
    Hoop(f32),
    Line,
    /// Rows and columns of coloured squares.
    Chart {
        cols: f32,
        rows: f32,
        gap: f32,
        seed: u32,
    },
    /// Circles in staggered rows.
    Honeycomb {
        pitch: f32,
        radius: f32,
        ring: bool,
    },
    Text(u32),
    Screw,
}

impl Backdrop {
    pub(crate) fn draw(draw: &mut Draw, clutter: usize, odd: bool) -> Self {
        let backlit = draw.chance(0.25);
        let base = base_color(draw, backlit);
        let second = if draw.chance(0.5) { scale(base, draw.range(0.5, 1.3)) } else { base_color(draw, false) };
        let turn = draw.range(0.0, std::f32::consts::TAU);
        let pattern = match draw.count(0, 7) {
            0 | 1 => Pattern::Fade(turn),
            2 => Pattern::Edge(turn, draw.range(-0.4, 0.4)),
            3 => Pattern::Planks(turn, draw.range(3.0, 40.0)),
            _ => Pattern::Plain,
        };
        let texture = if draw.chance(0.6) { draw.range(0.0, 0.35) } else { 0.0 };
        let things = (0..draw.count(0, clutter)).map(|_| thing(draw, odd)).collect();
        Self {
            base,
            second,
            pattern,
            texture,
            texture_size: draw.log_range(2.0, 120.0),
            fibre: if draw.chance(0.3) { draw.range(0.0, 0.25) } else { 0.0 },
            seed: draw.seed(),
            things,
            backlit,
        }
    }

    /// A plain coloured mat, as on a bench made for reading plates.
    pub(crate) fn mat(draw: &mut Draw, color: Rgb, backlit: bool) -> Self {
        let texture = draw.range(0.0, 0.08);
        Self {
            base: color,
            second: scale(color, 0.9),
            pattern: Pattern::Fade(draw.range(0.0, 6.2)),
            texture,
            texture_size: draw.range(4.0, 20.0),
            fibre: 0.03,
            seed: draw.seed(),
            things: Vec::new(),
            backlit,
        }
    }

    /// Colour of the surface at a place of the picture.
    pub(crate) fn at(&self, x: f32, y: f32) -> Rgb {
        let along = |turn: f32| (x - 0.5) * turn.cos() + (y - 0.4) * turn.sin();
        let mut color = match self.pattern {
            Pattern::Plain => self.base,
            Pattern::Fade(turn) => mix(self.base, self.second, (along(turn) * 0.6 + 0.5).clamp(0.0, 1.0)),
            Pattern::Edge(turn, place) => mix(self.base, self.second, smoothstep(-0.004, 0.004, along(turn) - place)),
            Pattern::Planks(turn, count) => {
                let at = (along(turn) + 9.0) * count;
                let tone = 0.8 + 0.4 * grain(at.floor() as i32, 0, self.seed);
                let seam = smoothstep(0.0, 0.06, at.fract()) * 0.5 + 0.5;
                scale(self.base, tone * seam)
            }
        };
        if self.texture > 0.0 {
            let size = self.texture_size;
            color = scale(color, 1.0 + self.texture * (cloud(x * size, y * size, self.seed) - 0.5) * 2.0);
        }
        if self.fibre > 0.0 {
            color = scale(color, 1.0 + self.fibre * (noise(x * 400.0, y * 40.0, self.seed ^ 9) - 0.5));
        }
        for thing in &self.things {
            color = thing.paint(color, x, y);
        }
        color
    }
}

fn base_color(draw: &mut Draw, backlit: bool) -> Rgb {
    if backlit {
        let bright = draw.range(0.75, 1.15);
        return [bright * draw.range(0.9, 1.0), bright * draw.range(0.93, 1.0), bright * draw.range(0.9, 1.05)];
    }
    match draw.count(0, 9) {
        0 | 1 => hsv(0.0, 0.0, draw.range(0.5, 0.98)),
        2 => hsv(0.0, 0.0, draw.range(0.01, 0.2)),
        3 => hsv(draw.range(0.05, 0.12), draw.range(0.2, 0.7), draw.range(0.2, 0.8)),
        4 | 5 => hsv(draw.range(0.28, 0.48), draw.range(0.3, 0.9), draw.range(0.2, 0.8)),
        6 => hsv(draw.range(0.5, 0.7), draw.range(0.2, 0.95), draw.range(0.2, 0.9)),
        _ => hsv(draw.range(0.0, 1.0), draw.range(0.0, 0.6), draw.range(0.2, 0.95)),
    }
}

fn thing(draw: &mut Draw, odd: bool) -> Thing {
    let size = [draw.log_range(0.03, 0.5), draw.log_range(0.03, 0.4)];
    let turn = if draw.chance(0.6) { 0.0 } else { draw.range(0.0, 6.2) };
    let kind = match draw.count(0, if odd { 13 } else { 9 }) {
        0..=2 => Kind::Box,
        4 => Kind::Hoop(draw.range(0.05, 0.4)),
        5 | 6 => Kind::Line,
        7 => Kind::Text(draw.seed()),
        8 => Kind::Screw,
        9 | 10 => Kind::Chart {
            cols: draw.count(2, 8) as f32,
            rows: draw.count(2, 8) as f32,
            gap: draw.range(0.0, 0.2),
            seed: draw.seed(),
        },
        11 => Kind::Honeycomb { pitch: draw.range(0.02, 0.1), radius: draw.range(0.25, 0.48), ring: draw.chance(0.5) },
        _ => Kind::Round,
    };
    let large = matches!(kind, Kind::Chart { .. } | Kind::Honeycomb { .. });
    let size = if large { size.map(|s| s.max(0.15)) } else { size };
    let size = if matches!(kind, Kind::Line) { [draw.range(0.1, 1.2), draw.log_range(0.001, 0.02)] } else { size };
    Thing {
        at: [draw.range(0.0, 1.0), draw.range(0.0, 0.8)],
        size,
        turn: [turn.cos(), turn.sin()],
        reach: size[0].hypot(size[1]),
        color: hsv(draw.range(0.0, 1.0), draw.range(0.0, 0.9), draw.range(0.02, 0.98)),
        cover: draw.range(0.5, 1.0),
        kind,
    }
}

impl Thing {
    fn paint(&self, under: Rgb, x: f32, y: f32) -> Rgb {
        let (dx, dy) = (x - self.at[0], y - self.at[1]);
        if dx.abs() > self.reach || dy.abs() > self.reach {
            return under;
        }
        let u = (dx * self.turn[0] + dy * self.turn[1]) / self.size[0];
        let v = (-dx * self.turn[1] + dy * self.turn[0]) / self.size[1];
        let radius = dx.hypot(dy) / self.size[0].min(self.size[1]);
        let within = u.abs() < 0.5 && v.abs() < 0.5;
        let (hit, color) = match self.kind {
            Kind::Box | Kind::Line => (within, self.color),
            Kind::Round => (radius < 0.5, self.color),
            Kind::Hoop(width) => ((radius - 0.4).abs() < 0.1 * width, self.color),
            Kind::Chart { cols, rows, gap, seed } => {
                let (cu, cv) = ((u + 0.5) * cols, (v + 0.5) * rows);
                let open = |f: f32| f.fract() > gap && f.fract() < 1.0 - gap;
                let hue = grain(cu.floor() as i32, cv.floor() as i32, seed);
                let value = 0.2 + 0.8 * grain(cu.floor() as i32, cv.floor() as i32, seed ^ 1);
                let color = if open(cu) && open(cv) { hsv(hue, 0.8, value) } else { self.color };
                (within, color)
            }
            Kind::Honeycomb { pitch, radius: size, ring } => {
                let (gx, gy) = (dx / pitch, dy / (pitch * 0.866));
                let row = gy.round();
                let shift = if row.rem_euclid(2.0) > 0.5 { 0.5 } else { 0.0 };
                let away = (gx - shift - (gx - shift).round()).hypot((gy - row) * 0.866);
                (within && away < size && (!ring || away > size * 0.8), self.color)
            }
            Kind::Text(seed) => {
                let text = (seed % 100_000).to_string();
                let (tx, ty) = ((u + 0.5) * 4.0, (v + 0.5) * 1.3);
                (within && glyph::distance(&text, tx, ty - 0.1) < 0.07, self.color)
            }
            Kind::Screw => (radius < 0.5, if radius < 0.35 { scale(self.color, 0.5) } else { self.color }),
        };
        if hit { mix(under, color, self.cover) } else { under }
    }
}
