//! What lies in a well: how it is drawn from a class, and how much of it a point of the floor sees.
//!
//! Floor coordinates are those of the floor's unit disc: (0, 0) its centre, 1 its edge.

use crate::{
    color::{Rgb, add, bump, cloud, mix, mul, noise, scale, smoothstep, through},
    draw::Draw,
};
use wellread_plate::class::WellClass;

/// Cells, growth or colour in one well.
#[derive(Clone, Debug)]
pub(crate) struct Content {
    pub(crate) shape: Shape,
    /// How dense it is: 1 hides about two thirds of what lies behind.
    pub(crate) density: f32,
    /// Width of its edge, in floor radii.
    pub(crate) softness: f32,
    /// Liquid: what it absorbs, already times its depth.
    pub(crate) liquid: Rgb,
    /// Small dirt on the floor: (x, y, radius, darkness).
    pub(crate) debris: Vec<[f32; 4]>,
    /// Bubbles: (x, y, radius).
    pub(crate) bubbles: Vec<[f32; 3]>,
    pub(crate) seed: u32,
}

/// The outline of what has settled.
#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Nothing,
    /// A head of radius `head` at `at`, running `length` along `angle` and narrowing to `tip`.
    Drop {
        at: [f32; 2],
        head: f32,
        length: f32,
        angle: f32,
        tip: f32,
        bend: f32,
        foot: f32,
    },
    Disc {
        at: [f32; 2],
        radius: f32,
        squash: f32,
        angle: f32,
    },
    Ring {
        at: [f32; 2],
        radius: f32,
        width: f32,
        wobble: f32,
        inside: f32,
    },
    /// A veil over the floor, thinner towards `reach`, with a fold-like texture and perhaps a thicker middle.
    Veil {
        reach: f32,
        texture: f32,
        middle: f32,
    },
    /// Colonies around `at`: a ragged clump.
    Clump {
        at: [f32; 2],
        radius: f32,
        raggedness: f32,
        scatter: f32,
    },
    /// Evenly clouded liquid.
    Haze {
        texture: f32,
    },
}

/// How cells look under this light, the same for a whole plate.
#[derive(Clone, Debug)]
pub(crate) struct Stain {
    /// What a dense layer absorbs.
    pub(crate) absorb: Rgb,
    /// The colour it shows by itself.
    pub(crate) scatter: Rgb,
}

impl Content {
    pub(crate) fn empty(draw: &mut Draw) -> Self {
        Self {
            shape: Shape::Nothing,
            density: 0.0,
            softness: 0.1,
            liquid: [0.0; 3],
            debris: Vec::new(),
            bubbles: Vec::new(),
            seed: draw.seed(),
        }
    }

    /// The finest detail that tells the class apart, in floor radii; none where there is no fine detail.
    pub(crate) fn finest_detail(&self) -> Option<f32> {
        match &self.shape {
            Shape::Drop { head, length, .. } => Some((length - 0.6 * head).min(head * 1.6)),
            Shape::Ring { radius, width, .. } => Some((radius - width) * 1.3),
            Shape::Disc { radius, .. } => Some(radius * 1.6),
            _ => None,
        }
    }

    /// What this well would be compared with: the same well without its matter, or with a faint veil where it has none;
    /// on a colour plate, with a pale colour where it has none, and without where it has one.
    pub(crate) fn counterpart(&self, by_color: bool) -> Self {
        let mut other = self.clone();
        if by_color {
            let colored = self.liquid.iter().sum::<f32>() > 0.25;
            other.liquid = if colored { [0.0; 3] } else { [0.1, 0.3, 0.5] };
        } else if matches!(self.shape, Shape::Nothing) {
            other.shape = Shape::Veil { reach: 1.0, texture: 0.0, middle: 0.0 };
            other.density = 0.3;
        } else {
            other.shape = Shape::Nothing;
        }
        other
    }

    /// Optical density of the settled matter at a point of the floor.
    fn density_at(&self, x: f32, y: f32) -> f32 {
        let edge = self.softness;
        let rough = (noise(x * 7.0, y * 7.0, self.seed) - 0.5) * edge;
        let inside = |distance: f32| 1.0 - smoothstep(-edge, edge, distance + rough);
        match &self.shape {
            Shape::Nothing => 0.0,
            Shape::Drop { at, head, length, angle, tip, bend, foot } => {
                let (dx, dy) = (x - at[0], y - at[1]);
                let (sin, cos) = angle.sin_cos();
                let along = dx * cos + dy * sin;
                let t = (along / length).clamp(0.0, 1.0);
                let across = -dx * sin + dy * cos - bend * t * t;
                let radius = head + (tip - head) * t.powf(0.8) + foot * bump(t - 1.0, 0.25);
                let beyond = along - t * length;
                inside(across.hypot(beyond) - radius) * self.density * (1.0 - 0.25 * t * (1.0 - foot.min(1.0)))
            }
            Shape::Disc { at, radius, squash, angle } => {
                let (sin, cos) = angle.sin_cos();
                let (dx, dy) = (x - at[0], y - at[1]);
                let (u, v) = ((dx * cos + dy * sin) / squash, (-dx * sin + dy * cos) * squash);
                inside(u.hypot(v) - radius) * self.density
            }
            Shape::Ring { at, radius, width, wobble, inside: fill } => {
                let (dx, dy) = (x - at[0], y - at[1]);
                let turn = dy.atan2(dx);
                let lumpy = (noise(turn.cos() * 1.6 + 5.0, turn.sin() * 1.6, self.seed) - 0.5) * wobble;
                let from_middle = dx.hypot(dy);
                let line = from_middle - radius * (1.0 + lumpy);
                let strength = 0.75 + 0.5 * noise(turn.cos() * 2.5, turn.sin() * 2.5 + 9.0, self.seed);
                (inside(line.abs() - width) * strength).max(inside(line) * fill) * self.density
            }
            Shape::Veil { reach, texture, middle } => {
                let r = x.hypot(y);
                let folds = 1.0 + texture * (cloud(x * 4.0, y * 4.0, self.seed) - 0.5) * 2.0;
                let fade = 1.0 - smoothstep(reach - 0.25 - edge, reach + edge, r);
                self.density * fade * folds.max(0.0) * (1.0 + middle * bump(r, 0.3))
            }
            Shape::Clump { at, radius, raggedness, scatter } => {
                let (dx, dy) = (x - at[0], y - at[1]);
                let ragged = (cloud(x * 5.0, y * 5.0, self.seed) - 0.45) * raggedness;
                let clump = inside(dx.hypot(dy) - radius * (1.0 + ragged));
                let specks = smoothstep(1.0 - scatter, 1.02 - scatter * 0.7, noise(x * 16.0, y * 16.0, self.seed ^ 5));
                let lumps = 0.55 + 0.9 * cloud(x * 9.0, y * 9.0, self.seed ^ 3);
                (clump * lumps + specks * 0.5 * bump(dx.hypot(dy), radius * 2.0 + 0.2)) * self.density
            }
            Shape::Haze { texture } => self.density * (1.0 + texture * (cloud(x * 3.0, y * 3.0, self.seed) - 0.5)),
        }
    }

    /// The floor's colour behind liquid and settled matter.
    pub(crate) fn over(&self, floor: Rgb, stain: &Stain, light: f32, x: f32, y: f32) -> Rgb {
        let mut color = through(floor, self.liquid, 1.0);
        let density = self.density_at(x, y);
        if density > 0.002 {
            let hidden = 1.0 - (-density * 0.9).exp();
            let seen = through(color, stain.absorb, density);
            color = mix(seen, add(scale(seen, 0.5), scale(stain.scatter, 0.6 * light)), hidden);
        }
        for &[dx, dy, radius, dark] in &self.debris {
            color = scale(color, 1.0 - dark * bump((x - dx).hypot(y - dy), radius));
        }
        for &[bx, by, radius] in &self.bubbles {
            let away = (x - bx).hypot(y - by);
            let line = bump(away - radius, 0.05);
            color = scale(color, 1.0 - 0.4 * line);
            let shine = bump((x - bx + radius * 0.5).hypot(y - by + radius * 0.5), radius * 0.28);
            color = add(color, scale([light; 3], 0.6 * shine + 0.12 * bump(away - radius * 0.8, 0.05)));
        }
        color
    }
}

/// How the wells of one plate resemble each other.
#[derive(Clone, Debug)]
pub(crate) struct Habit {
    /// Which way drops run, in radians (0 = along columns' +x, a quarter turn = down the plate).
    pub(crate) tilt_angle: f32,
    /// Typical drop head, button radius, veil density.
    head: f32,
    length: f32,
    density: f32,
    softness: f32,
    tip: f32,
    foot: f32,
    veil: f32,
    reach: f32,
    veil_texture: f32,
    off_center: [f32; 2],
    spread: f32,
    dirt: f32,
    /// Liquid tint every filled well shares.
    pub(crate) medium: Rgb,
}

impl Habit {
    pub(crate) fn draw(draw: &mut Draw, tilted: bool) -> Self {
        let down = std::f32::consts::FRAC_PI_2;
        let tilt_angle = draw.weighted(&[(0.62, down), (0.22, -down), (0.08, 0.0), (0.08, 2.0 * down)], down);
        Self {
            tilt_angle: tilt_angle + draw.normal(0.12),
            head: draw.range(0.14, 0.34),
            length: if draw.chance(0.5) { draw.range(0.25, 0.5) } else { draw.range(0.4, 1.0) },
            density: draw.log_range(0.9, 5.0),
            softness: draw.range(0.03, 0.13),
            tip: draw.range(0.2, 0.75),
            foot: if draw.chance(0.25) { draw.range(0.03, 0.15) } else { 0.0 },
            veil: draw.log_range(0.28, 1.5),
            reach: draw.range(0.85, 1.3),
            veil_texture: draw.range(0.05, 0.7),
            off_center: if tilted {
                [draw.normal(0.07), draw.normal(0.09)]
            } else {
                [draw.normal(0.05), draw.normal(0.05)]
            },
            spread: draw.range(0.04, 0.2),
            dirt: if draw.chance(0.5) { draw.range(0.0, 0.5) } else { 0.03 },
            medium: if draw.chance(0.35) { [0.02, 0.08, 0.1].map(|a| a * draw.range(0.0, 2.0)) } else { [0.0; 3] },
        }
    }

    fn vary(&self, draw: &mut Draw, value: f32) -> f32 {
        value * (1.0 + draw.normal(self.spread)).clamp(0.4, 1.8)
    }

    fn soil(&self, draw: &mut Draw, content: &mut Content) {
        if draw.chance(self.dirt * 0.5) {
            for _ in 0..draw.count(1, 3) {
                let spot = [draw.normal(0.5), draw.normal(0.5), draw.range(0.02, 0.07), draw.range(0.1, 0.6)];
                content.debris.push(spot);
            }
        }
        if draw.chance(self.dirt * 0.3) {
            content.bubbles.push([draw.normal(0.45), draw.normal(0.45), draw.range(0.08, 0.35)]);
        }
    }

    /// A well of a haemagglutination plate, and whether a careful eye would be sure of its class.
    pub(crate) fn cells(&self, class: &WellClass, draw: &mut Draw) -> (Content, bool) {
        let mut content = Content::empty(draw);
        content.liquid = self.medium;
        content.density = self.vary(draw, self.density).max(0.55);
        content.softness = self.vary(draw, self.softness);
        let at = [self.off_center[0] + draw.normal(0.03), self.off_center[1] + draw.normal(0.03)];
        let head = self.vary(draw, self.head);
        let mut sure = true;
        if *class == WellClass::TEARDROP {
            sure = self.pour(&mut content, at, head, draw);
        } else if *class == WellClass::BUTTON {
            let squash = 1.0 + draw.normal(0.025);
            content.shape =
                Shape::Disc { at, radius: head * draw.range(0.9, 1.45), squash, angle: draw.range(0.0, 3.1) };
            sure = content.density > 0.7;
        } else if *class == WellClass::RING {
            let radius = (head * draw.range(1.2, 2.4)).clamp(0.24, 0.62);
            let width = radius * draw.range(0.1, 0.3);
            let inside = draw.range(0.0, 0.32);
            content.softness = content.softness.min(0.06);
            content.density = content.density.max(0.9);
            sure = inside < 0.22 && radius > 0.3;
            content.shape = Shape::Ring { at, radius, width, wobble: draw.range(0.0, 0.5), inside };
        } else if *class == WellClass::MAT {
            content.density = self.vary(draw, self.veil);
            let middle = if draw.chance(0.2) { draw.range(0.1, 0.35) } else { 0.0 };
            let reach = self.vary(draw, self.reach).max(0.7);
            // A veil that covers half the floor could as well be a large soft button.
            sure = content.density > 0.25 && reach > 0.88;
            content.shape = Shape::Veil { reach, texture: self.veil_texture * draw.range(0.6, 1.3), middle };
        } else if draw.chance(0.15) {
            // A smear of blood on the wall or the odd fleck does not make an empty well a full one.
            content.debris.push([draw.range(-0.9, 0.9), draw.range(0.7, 0.95), draw.range(0.05, 0.2), 0.5]);
        }
        self.soil(draw, &mut content);
        (content, sure)
    }

    /// Cells that ran: from a short taper to a stream down to the wall.
    fn pour(&self, content: &mut Content, at: [f32; 2], head: f32, draw: &mut Draw) -> bool {
        let length = (self.vary(draw, self.length) * draw.range(0.75, 1.1)).max(head * 0.95).max(0.22);
        let angle = self.tilt_angle + draw.normal(0.1);
        let tip = head * self.tip * draw.range(0.7, 1.1);
        // The head lies above the middle, so that the drop as a whole is about centred.
        let up = length * draw.range(0.3, 0.5);
        let start = [at[0] - up * angle.cos(), at[1] - up * angle.sin()];
        if draw.chance(0.1) {
            content.density *= draw.range(0.45, 0.8);
        }
        let bend = draw.normal(0.05);
        content.shape = Shape::Drop { at: start, head, length, angle, tip, bend, foot: self.foot };
        // A third longer than wide at least: what is rounder could as well be a button that slid.
        content.density > 0.7 && length + tip > head * 1.7
    }

    /// A well of a growth plate: pellets, colonies and haze, or clear broth.
    pub(crate) fn growth(&self, class: &WellClass, indicator: Option<&Indicator>, draw: &mut Draw) -> (Content, bool) {
        let mut content = Content::empty(draw);
        content.liquid = self.medium;
        let grown = *class == WellClass::GROWTH;
        let mut sure = true;
        if let Some(indicator) = indicator {
            let strength = draw.range(0.75, 1.25);
            content.liquid = scale(if grown { indicator.grown } else { indicator.still }, strength);
        } else if grown {
            content.softness = draw.range(0.03, 0.2);
            content.density = draw.log_range(0.25, 2.5);
            let at = [draw.normal(0.12), draw.normal(0.12)];
            let radius = draw.log_range(0.1, 0.55);
            content.shape = match draw.count(0, 5) {
                0 | 1 => Shape::Clump { at, radius, raggedness: draw.range(0.3, 1.8), scatter: draw.range(0.0, 0.3) },
                2 => Shape::Clump { at, radius: radius * 0.5, raggedness: 0.3, scatter: 0.0 },
                3 => Shape::Disc { at, radius: radius * 0.7, squash: 1.0, angle: 0.0 },
                4 => Shape::Haze { texture: draw.range(0.0, 0.8) },
                _ => Shape::Veil { reach: draw.range(0.6, 1.2), texture: draw.range(0.2, 1.4), middle: 0.4 },
            };
            sure = content.density * radius.max(0.2) > 0.08;
        }
        self.soil(draw, &mut content);
        (content, sure)
    }

    /// A well of a colour plate.
    pub(crate) fn color(&self, class: &WellClass, dye: Rgb, draw: &mut Draw) -> (Content, bool) {
        let mut content = Content::empty(draw);
        let depth = if *class == WellClass::COLOURED { draw.log_range(0.22, 3.0) } else { draw.range(0.0, 0.06) };
        content.liquid = add(self.medium, scale(dye, depth));
        self.soil(draw, &mut content);
        (content, *class != WellClass::COLOURED || depth > 0.35)
    }
}

/// A growth indicator: what the medium absorbs before and after growth.
#[derive(Clone, Debug)]
pub(crate) struct Indicator {
    still: Rgb,
    grown: Rgb,
}

impl Indicator {
    /// Resazurin: blue to purple without growth, pink with it.
    pub(crate) fn resazurin(draw: &mut Draw) -> Self {
        let blue = [draw.range(0.7, 1.8), draw.range(1.1, 2.4), draw.range(0.1, 0.6)];
        let pink = [draw.range(0.0, 0.08), draw.range(0.25, 1.2), draw.range(0.1, 0.5)];
        Self { still: blue, grown: pink }
    }
}

/// The look of red cells in this picture.
pub(crate) fn red_cells(draw: &mut Draw) -> Stain {
    let fresh = [draw.range(0.18, 0.5), draw.range(0.9, 1.5), draw.range(0.8, 1.4)];
    let red = [draw.range(0.25, 0.7), draw.range(0.03, 0.2), draw.range(0.05, 0.25)];
    Stain { absorb: mul(fresh, [draw.range(0.7, 1.4), 1.0, 1.0]), scatter: red }
}

/// The look of bacteria: they take light, about evenly.
pub(crate) fn bacteria(draw: &mut Draw) -> Stain {
    let tone = draw.range(0.5, 1.1);
    let pale = if draw.chance(0.3) { draw.range(0.5, 0.9) } else { draw.range(0.05, 0.3) };
    Stain { absorb: [tone, tone * draw.range(0.9, 1.1), tone * draw.range(0.9, 1.2)], scatter: [pale; 3] }
}
