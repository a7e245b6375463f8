//! Light on the scene and what lens and sensor make of it: shadow, glare, vignetting, defocus, noise.

use crate::{
    color::{Rgb, WHITE, add, grain, scale, smoothstep},
    draw::Draw,
};

/// Light and sensor of one photograph.
#[derive(Clone, Debug)]
pub(crate) struct Optics {
    pub(crate) exposure: f32,
    fade: [f32; 3],
    shadows: Vec<Shade>,
    glare: Vec<[f32; 6]>,
    vignette: f32,
    white: Rgb,
    gamma: f32,
    saturation: f32,
    contrast: f32,
    pub(crate) blur_px: f32,
    pub(crate) sharpen: f32,
    noise: f32,
    noise_size: u32,
    seed: u32,
    /// JPEG quality, or none for a lossless file.
    pub(crate) jpeg_quality: Option<u8>,
}

/// A shadow with a straight or a bent edge.
#[derive(Clone, Debug)]
struct Shade {
    angle: f32,
    place: f32,
    width: f32,
    soft: f32,
    dark: f32,
}

impl Optics {
    /// `wild` covers phones in the sun; otherwise the even light of a reading bench.
    pub(crate) fn draw(draw: &mut Draw, wild: bool) -> Self {
        let strong = if wild { 1.0 } else { 0.35 };
        let shadows =
            if draw.chance(0.3 * strong) { (0..draw.count(1, 2)).map(|_| shade(draw)).collect() } else { Vec::new() };
        let glare =
            if draw.chance(0.4 * strong) { (0..draw.count(1, 5)).map(|_| spot(draw)).collect() } else { Vec::new() };
        let mono = wild && draw.chance(0.18);
        let turn = draw.range(0.0, std::f32::consts::TAU);
        let fall = draw.range(0.0, 0.45) * strong;
        Self {
            exposure: draw.range(0.7, 1.2),
            fade: [turn.cos(), turn.sin(), fall],
            shadows,
            glare,
            vignette: draw.range(0.0, 0.45) * strong,
            white: [1.0 + draw.normal(0.07), 1.0 + draw.normal(0.02), 1.0 + draw.normal(0.08)],
            gamma: draw.range(0.8, 1.25),
            saturation: if mono { 0.0 } else { draw.range(0.7, 1.3) },
            contrast: if mono && draw.chance(0.3) { draw.range(1.3, 3.5) } else { draw.range(0.8, 1.25) },
            blur_px: if draw.chance(0.6) {
                draw.range(0.3, 1.0)
            } else {
                draw.range(0.8, if wild { 2.6 } else { 1.3 })
            },
            sharpen: if draw.chance(0.4) { draw.range(0.2, 1.2) } else { 0.0 },
            noise: if draw.chance(0.7) { draw.range(0.002, 0.02) } else { draw.range(0.01, 0.05) * strong },
            noise_size: if draw.chance(0.6) { 1 } else { 2 },
            seed: draw.seed(),
            jpeg_quality: draw.chance(0.85).then(|| draw.count(if wild { 45 } else { 80 }, 96) as u8),
        }
    }

    /// How much of the light reaches a place (shares of the picture's width).
    pub(crate) fn light(&self, x: f32, y: f32) -> f32 {
        let mut light = self.exposure * (1.0 + self.fade[2] * ((x - 0.5) * self.fade[0] + (y - 0.4) * self.fade[1]));
        for shade in &self.shadows {
            let along = (x - 0.5) * shade.angle.cos() + (y - 0.4) * shade.angle.sin() - shade.place;
            let inside = smoothstep(-shade.soft, shade.soft, along)
                * (1.0 - smoothstep(-shade.soft, shade.soft, along - shade.width));
            light *= 1.0 - shade.dark * inside;
        }
        light
    }

    /// Light that comes off the surface itself.
    pub(crate) fn shine(&self, x: f32, y: f32) -> f32 {
        let mut shine = 0.0;
        for &[gx, gy, width, height, turn, strength] in &self.glare {
            let (sin, cos) = turn.sin_cos();
            let (dx, dy) = (x - gx, y - gy);
            let (u, v) = ((dx * cos + dy * sin) / width, (-dx * sin + dy * cos) / height);
            let r2 = u * u + v * v;
            if r2 < 9.0 {
                shine += strength * (-r2).exp();
            }
        }
        shine
    }

    /// From light to a picture value, before noise.
    pub(crate) fn develop(&self, light: Rgb, x: f32, y: f32, aspect: f32) -> Rgb {
        let r2 = ((x - 0.5).powi(2) + (y - 0.5 * aspect).powi(2)) * 2.0;
        let dim = 1.0 - self.vignette * r2;
        let mut out = [light[0] * self.white[0], light[1] * self.white[1], light[2] * self.white[2]];
        out = scale(out, dim);
        let grey = 0.3 * out[0] + 0.55 * out[1] + 0.15 * out[2];
        let tone = |v: f32| {
            let v = (grey + (v - grey) * self.saturation).max(0.0);
            let v = (v.powf(self.gamma) - 0.5) * self.contrast + 0.5;
            // A soft shoulder instead of a hard clip, as cameras have.
            if v > 0.85 { 0.85 + 0.15 * (1.0 - (-(v - 0.85) / 0.15).exp()) } else { v.max(0.0) }
        };
        [tone(out[0]), tone(out[1]), tone(out[2])]
    }

    /// Sensor noise of one pixel.
    pub(crate) fn grain(&self, x: usize, y: usize) -> Rgb {
        let (gx, gy) = ((x as u32 / self.noise_size) as i32, (y as u32 / self.noise_size) as i32);
        let shared = grain(gx, gy, self.seed) + grain(gx, gy, self.seed ^ 1) - 1.0;
        let own = |k: u32| (grain(gx, gy, self.seed ^ k) - 0.5) * 0.8;
        let colored = if self.saturation > 0.0 { [own(3), own(4), own(5)] } else { [0.0; 3] };
        scale(add(scale(WHITE, shared), colored), self.noise * 1.4)
    }

    /// How much noise there is, as a share of white.
    pub(crate) fn noise_level(&self) -> f32 {
        self.noise
    }

    pub(crate) fn is_mono(&self) -> bool {
        self.saturation <= 0.0
    }
}

fn shade(draw: &mut Draw) -> Shade {
    Shade {
        angle: draw.range(0.0, std::f32::consts::TAU),
        place: draw.range(-0.4, 0.4),
        width: draw.range(0.05, 0.8),
        soft: draw.log_range(0.002, 0.1),
        dark: draw.range(0.15, 0.6),
    }
}

fn spot(draw: &mut Draw) -> [f32; 6] {
    let size = draw.log_range(0.01, 0.18);
    [
        draw.range(0.0, 1.0),
        draw.range(0.0, 0.8),
        size,
        size * draw.log_range(0.15, 1.0),
        draw.range(0.0, std::f32::consts::PI),
        draw.range(0.15, 1.3),
    ]
}
