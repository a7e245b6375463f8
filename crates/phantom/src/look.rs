//! How a plate is made: its plastic, rims, walls, floors, letters and corners. Lengths in well pitches unless named.

use crate::{
    color::{Rgb, hsv},
    draw::Draw,
};

/// The plastic and what of it catches the light.
#[derive(Clone, Debug)]
pub(crate) struct Look {
    /// Share of the backdrop that is seen through the body, per channel.
    pub(crate) clear: Rgb,
    /// The body's own colour, where it is not clear.
    pub(crate) body: Rgb,
    /// Outer radius of the rim, its thickness, and the floor's radius.
    pub(crate) rim: f32,
    pub(crate) rim_width: f32,
    pub(crate) floor: f32,
    /// Depth of the well in mm.
    pub(crate) depth_mm: f32,
    pub(crate) rim_color: Rgb,
    pub(crate) rim_opacity: f32,
    /// Brightness of the wall relative to what lies behind, and how much it glitters.
    pub(crate) wall_gain: f32,
    pub(crate) wall_haze: f32,
    /// The wall takes the liquid's colour by this share.
    pub(crate) wall_tint: f32,
    pub(crate) glints: Vec<Glint>,
    /// Reflections of lamps on each floor: (x, y, size, strength) in floor radii.
    pub(crate) lamps: Vec<[f32; 4]>,
    pub(crate) floor_gain: f32,
    pub(crate) floor_edge: f32,
    /// Brightness of the plane between the wells, 1 = as the body.
    pub(crate) between: f32,
    /// Dark crescent in each well cast by its rim: strength and direction.
    pub(crate) shadow: f32,
    pub(crate) light_angle: f32,
    pub(crate) outline: Outline,
    pub(crate) marks: Marks,
    /// Ridges across the plate: (position in mm, true when vertical, brightness).
    pub(crate) ridges: Vec<(f32, bool, f32)>,
    /// Little circles with the well's name between the wells.
    pub(crate) small_labels: f32,
    pub(crate) lid: Option<Lid>,
}

/// A bright or dark arc on the wall: how deep, how wide, in which direction.
#[derive(Clone, Debug)]
pub(crate) struct Glint {
    pub(crate) depth: f32,
    pub(crate) depth_width: f32,
    pub(crate) angle: f32,
    pub(crate) angle_width: f32,
    pub(crate) gain: f32,
}

/// The plate's edge.
#[derive(Clone, Debug)]
pub(crate) struct Outline {
    pub(crate) corner_mm: f32,
    /// Cut corners: top left, top right, bottom right, bottom left; 0 is not cut.
    pub(crate) notches_mm: [f32; 4],
    /// Edge lines: (inset in mm, width, brightness).
    pub(crate) steps: Vec<[f32; 3]>,
    pub(crate) skirt: f32,
}

/// Letters and numbers beside the wells.
#[expect(clippy::struct_excessive_bools, reason = "each side of a plate has labels or has none")]
#[derive(Clone, Debug)]
pub(crate) struct Marks {
    pub(crate) rows_left: bool,
    pub(crate) rows_right: bool,
    pub(crate) cols_top: bool,
    pub(crate) cols_bottom: bool,
    /// Height of a letter and width of its stroke.
    pub(crate) height: f32,
    pub(crate) stroke: f32,
    /// Distance of the letters' middles from the outermost wells' middles.
    pub(crate) away: f32,
    /// Ink colour, and how strongly it covers.
    pub(crate) ink: Rgb,
    pub(crate) cover: f32,
    /// Moulded letters have a light and a dark side.
    pub(crate) relief: f32,
    pub(crate) slant: f32,
    /// Unsteady lines, as by hand.
    pub(crate) shaky: f32,
    /// Something scribbled in the margin: (text number, x mm, y mm, height mm, turn).
    pub(crate) scribble: Option<(usize, [f32; 4])>,
    pub(crate) scribble_ink: Rgb,
}

impl Marks {
    /// Whether they tell A1 from H12 to a careful eye.
    pub(crate) fn tell(&self) -> bool {
        (self.rows_left || self.rows_right || self.cols_top || self.cols_bottom)
            && self.cover.max(self.relief * 0.7) > 0.22
    }
}

/// A lid: another layer of plastic with its own shine.
#[derive(Clone, Debug)]
pub(crate) struct Lid {
    pub(crate) haze: f32,
    pub(crate) mist: f32,
    pub(crate) seed: u32,
}

/// What kind of plastic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Plastic {
    Clear,
    Frosted,
    White,
    Black,
}

/// The bottom's shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Bottom {
    U,
    V,
    Flat,
}

impl Look {
    /// Wells that touch, full of colour up to their rims, the light shining between them.
    pub(crate) fn brim_over(&mut self, draw: &mut Draw) {
        let joined = draw.chance(0.75);
        self.rim = if joined { draw.range(0.505, 0.54) } else { draw.range(0.46, 0.5) };
        self.rim_width = if joined { draw.range(0.003, 0.02) } else { draw.range(0.01, 0.04) };
        self.floor = (self.rim - self.rim_width) * draw.range(0.75, 0.99);
        if joined {
            self.rim_color = [draw.range(0.02, 0.25); 3];
            self.wall_gain = draw.range(0.6, 1.0);
        }
        self.rim_opacity = draw.range(0.0, 0.35);
        self.wall_tint = draw.range(0.7, 1.3);
        self.wall_haze *= 0.3;
        self.between = draw.range(1.0, 1.9);
        for glint in &mut self.glints {
            glint.gain *= draw.range(0.0, 0.5);
        }
    }

    pub(crate) fn draw(draw: &mut Draw, plastic: Plastic, bottom: Bottom, tight: bool) -> Self {
        let rim = if tight { draw.range(0.43, 0.505) } else { draw.range(0.33, 0.49) };
        let rim_width = if draw.chance(0.7) { draw.range(0.012, 0.06) } else { draw.range(0.05, 0.13) };
        // Some plates hardly show in their light: what is not filled is only just there.
        let plain = if draw.chance(0.2) { draw.range(0.12, 0.5) } else { 1.0 };
        let inner = rim - rim_width;
        let floor = match bottom {
            Bottom::U => inner * draw.range(0.52, 0.85),
            Bottom::V => inner * draw.range(0.45, 0.75),
            Bottom::Flat => inner * draw.range(0.7, 0.98),
        };
        let (clear, body) = plastic_colors(draw, plastic);
        let rim_bright = draw.range(0.55, 1.05);
        let rim_color = match plastic {
            Plastic::Black => [draw.range(0.1, 0.45); 3],
            _ if draw.chance(0.25) => [draw.range(0.05, 0.4); 3],
            _ => [rim_bright, rim_bright * draw.range(0.93, 1.0), rim_bright * draw.range(0.93, 1.03)],
        };
        let glints = (0..draw.count(1, 7)).map(|_| glint(draw, plain)).collect();
        let lamps = if draw.chance(0.55) {
            (0..draw.count(1, 3))
                .map(|_| [draw.normal(0.35), draw.normal(0.35), draw.range(0.03, 0.2), draw.range(0.1, 0.9)])
                .collect()
        } else {
            Vec::new()
        };
        Self {
            clear,
            body,
            rim,
            rim_width,
            floor,
            depth_mm: draw.range(3.0, 12.5),
            rim_color,
            rim_opacity: draw.range(0.05, 1.0) * plain,
            wall_gain: 1.0 + (draw.range(0.5, 1.1) - 1.0) * plain,
            wall_haze: draw.range(0.0, 0.55) * plain,
            wall_tint: draw.range(0.0, 1.0),
            glints,
            lamps,
            floor_gain: 1.0
                + (if draw.chance(0.2) { draw.range(0.7, 0.9) } else { draw.range(0.88, 1.12) } - 1.0) * plain,
            floor_edge: draw.range(0.0, 0.5) * plain,
            between: draw.weighted(&[(0.6, 1.0), (0.2, 0.7), (0.2, 1.35)], 1.0) * draw.range(0.9, 1.1),
            shadow: if draw.chance(0.5) { draw.range(0.0, 0.6) * plain } else { 0.0 },
            light_angle: draw.range(0.0, std::f32::consts::TAU),
            outline: outline(draw),
            marks: marks(draw, plastic),
            ridges: ridges(draw),
            small_labels: if draw.chance(0.2) { draw.range(0.05, 0.3) } else { 0.0 },
            lid: draw.chance(0.2).then(|| Lid {
                haze: draw.range(0.02, 0.15),
                mist: if draw.chance(0.5) { draw.range(0.0, 0.25) } else { 0.0 },
                seed: draw.seed(),
            }),
        }
    }
}

fn plastic_colors(draw: &mut Draw, plastic: Plastic) -> (Rgb, Rgb) {
    let tint = hsv(draw.range(0.0, 1.0), draw.range(0.0, 0.08), 1.0);
    match plastic {
        Plastic::Clear => (tint.map(|t| t * draw.range(0.82, 1.0)), [draw.range(0.6, 0.95); 3]),
        Plastic::Frosted => (tint.map(|t| t * draw.range(0.35, 0.75)), [draw.range(0.55, 0.95); 3]),
        Plastic::White => ([0.0; 3], tint.map(|t| t * draw.range(0.72, 0.97))),
        Plastic::Black => ([0.0; 3], tint.map(|t| t * draw.range(0.02, 0.16))),
    }
}

fn glint(draw: &mut Draw, plain: f32) -> Glint {
    let bright = draw.chance(0.68);
    Glint {
        depth: draw.range(-0.05, 1.0),
        depth_width: draw.range(0.03, 0.3),
        angle: draw.range(0.0, std::f32::consts::TAU),
        angle_width: draw.log_range(0.15, 2.5),
        gain: plain * if bright { draw.range(0.1, 1.1) } else { -draw.range(0.1, 0.7) },
    }
}

fn outline(draw: &mut Draw) -> Outline {
    let cut = draw.range(3.0, 8.0);
    // The common makes cut A1 alone, the two left corners, or none; a few cut others.
    let kind = draw.weighted(&[(0.3, 0), (0.32, 1), (0.33, 2), (0.05, 3)], 0);
    let notches_mm = match kind {
        1 => [cut, 0.0, 0.0, 0.0],
        2 => [cut, 0.0, 0.0, cut],
        3 => [cut; 4],
        _ => [0.0; 4],
    };
    let steps =
        (0..draw.count(1, 4)).map(|_| [draw.range(0.0, 6.5), draw.range(0.12, 0.5), draw.range(-0.55, 0.55)]).collect();
    Outline { corner_mm: draw.range(0.8, 4.0), notches_mm, steps, skirt: draw.range(-0.25, 0.25) }
}

fn marks(draw: &mut Draw, plastic: Plastic) -> Marks {
    let present = draw.chance(0.85);
    let printed = draw.chance(0.45);
    let dark_ink = plastic != Plastic::Black && draw.chance(0.75);
    let both = draw.chance(0.15);
    let ink = if dark_ink {
        hsv(draw.range(0.0, 1.0), draw.range(0.0, 0.5), draw.range(0.02, 0.35))
    } else {
        [draw.range(0.75, 1.0); 3]
    };
    let scribble = draw.chance(0.3).then(|| {
        let side = draw.chance(0.5);
        let x = if side { draw.range(2.0, 8.0) } else { draw.range(10.0, 110.0) };
        let y = if side { draw.range(5.0, 70.0) } else { draw.range(1.0, 4.0) };
        (draw.count(0, 999), [x, y, draw.range(3.0, 8.0), draw.normal(0.25)])
    });
    Marks {
        rows_left: present,
        rows_right: present && both,
        cols_top: present && draw.chance(0.95),
        cols_bottom: present && both && draw.chance(0.5),
        height: draw.range(0.22, 0.48),
        stroke: draw.range(0.02, 0.06),
        away: draw.range(0.68, 1.02),
        ink,
        cover: if printed { draw.range(0.25, 1.0) } else { draw.range(0.0, 0.15) },
        relief: if printed { 0.0 } else { draw.range(0.1, 0.9) },
        slant: draw.normal(0.08),
        shaky: if draw.chance(0.15) { draw.range(0.02, 0.09) } else { 0.0 },
        scribble,
        scribble_ink: hsv(draw.range(0.0, 1.0), draw.range(0.3, 1.0), draw.range(0.1, 0.8)),
    }
}

fn ridges(draw: &mut Draw) -> Vec<(f32, bool, f32)> {
    if draw.chance(0.6) {
        return Vec::new();
    }
    (0..draw.count(1, 4))
        .map(|_| {
            let vertical = draw.chance(0.7);
            let at = draw.range(0.15, 0.85) * if vertical { 127.8 } else { 85.5 };
            (at, vertical, draw.range(-0.2, 0.35))
        })
        .collect()
}
