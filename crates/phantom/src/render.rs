//! Takes the photograph: every pixel, then blur, noise and the file.

use crate::{
    color::{Rgb, add, scale},
    content::Content,
    plate::Sight,
    scene::{Family, Scene, Subject},
};

/// An 8-bit RGB picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// Width in pixels.
    pub width: usize,
    /// Height in pixels.
    pub height: usize,
    /// Three bytes a pixel, row by row.
    pub rgb: Vec<u8>,
}

impl Scene {
    /// Renders the scene, before any file compression.
    pub fn render(&self) -> Picture {
        let (width, height) = self.size;
        let mut light = self.expose();
        blur(&mut light, width, height, self.optics.blur_px);
        let sharp = (self.optics.sharpen > 0.0).then(|| {
            let mut soft = light.clone();
            blur(&mut soft, width, height, 1.2);
            soft
        });
        let mut rgb = Vec::with_capacity(width * height * 3);
        for (i, value) in light.iter().enumerate() {
            let (x, y) = (i % width, i / width);
            let mut value = *value;
            if let Some(soft) = sharp.as_ref().and_then(|s| s.get(i)) {
                value = add(
                    value,
                    scale([value[0] - soft[0], value[1] - soft[1], value[2] - soft[2]], self.optics.sharpen),
                );
            }
            let noisy = add(value, self.optics.grain(x, y));
            rgb.extend(noisy.map(|v| (v.clamp(0.0, 1.0) * 255.0 + 0.5) as u8));
        }
        if self.optics.is_mono() {
            for pixel in rgb.as_chunks_mut::<3>().0 {
                *pixel = [pixel[1]; 3];
            }
        }
        Picture { width, height, rgb }
    }

    /// Every pixel's value before blur and noise; small wells get more rays.
    fn expose(&self) -> Vec<Rgb> {
        let (width, height) = self.size;
        let fine = self.subject.as_ref().is_some_and(|s| s.pitch_px() < 26.0);
        let rays: &[(f32, f32)] =
            if fine { &[(0.25, 0.125), (0.75, 0.375), (0.25, 0.625), (0.75, 0.875)] } else { &[(0.5, 0.5)] };
        let share = 1.0 / rays.len() as f32;
        let aspect = height as f32 / width as f32;
        let mut light = Vec::with_capacity(width * height);
        for y in 0..height {
            for x in 0..width {
                let mut sum = [0.0; 3];
                for (ox, oy) in rays {
                    let (px, py) = (x as f32 + ox, y as f32 + oy);
                    let (u, v) = (px / width as f32, py / width as f32);
                    sum = add(sum, self.optics.develop(self.ray(px, py, u, v, None), u, v, aspect));
                }
                light.push(scale(sum, share));
            }
        }
        light
    }

    fn ray(&self, px: f32, py: f32, u: f32, v: f32, instead: Option<(usize, &Content)>) -> Rgb {
        let backdrop = self.backdrop.at(u, v);
        let surface = match &self.subject {
            Some(subject) => subject.at(f64::from(px), f64::from(py), backdrop, instead),
            None => backdrop,
        };
        let shine = self.optics.shine(u, v);
        add(scale(surface, self.optics.light(u, v)), [shine; 3])
    }
}

impl Subject {
    fn at(&self, px: f64, py: f64, backdrop: Rgb, instead: Option<(usize, &Content)>) -> Rgb {
        let mm = self.camera.back([px, py]);
        let sight = Sight {
            mm: mm.map(|v| v as f32),
            above: self.camera.above.map(|v| v as f32),
            parallax_per_mm: self.camera.parallax_per_mm as f32,
            pixel_mm: self.plate.geometry.pitch / self.pitch_px() as f32,
        };
        self.plate.shade(&sight, backdrop, instead)
    }
}

impl Scene {
    /// Whether what lies in a well can be told in the finished picture: it stands out from the same well without it,
    /// and its form is coarser than blur and pixels.
    pub(crate) fn shows(&self, well: usize) -> bool {
        let Some(subject) = &self.subject else { return false };
        let format = subject.plate.geometry.format;
        let Some(content) = subject.plate.contents.get(well) else { return false };
        let floor = f64::from(subject.plate.look.floor);
        let floor_px = floor * subject.pitch_px();
        let blur = f64::from(self.optics.blur_px);
        if content.finest_detail().is_some_and(|detail| f64::from(detail) * floor_px < 1.5 * blur + 2.5) {
            return false;
        }
        let (col, row) = ((well % format.cols()) as f64, (well / format.cols()) as f64);
        let bare = content.counterpart(self.family == Family::Color);
        let mut seen = 0.0;
        let (mut rays, mut inside) = (0.0f32, 0.0f32);
        for step in 0..49 {
            let (u, v) = (f64::from(step % 7 - 3) / 3.5, f64::from(step / 7 - 3) / 3.5);
            if u.hypot(v) > 1.0 {
                continue;
            }
            rays += 1.0;
            let [px, py] = subject.well_px(col + u * floor, row + v * floor, 1.0);
            let (x, y) = (px as f32, py as f32);
            if x < 0.0 || y < 0.0 || x >= self.size.0 as f32 || y >= self.size.1 as f32 {
                continue;
            }
            inside += 1.0;
            let (here, other) = (self.value(x, y, None), self.value(x, y, Some((well, &bare))));
            seen +=
                (0..3).map(|c| (here.get(c).unwrap_or(&0.0) - other.get(c).unwrap_or(&0.0)).powi(2)).sum::<f32>() / 3.0;
        }
        let noise = self.optics.noise_level();
        inside > 0.7 * rays && (seen / inside).sqrt() > 0.045 + noise
    }

    /// The picture's value at a point, perhaps with something else in one well.
    fn value(&self, px: f32, py: f32, instead: Option<(usize, &Content)>) -> Rgb {
        let (u, v) = (px / self.size.0 as f32, py / self.size.0 as f32);
        let light = self.ray(px, py, u, v, instead);
        self.optics.develop(light, u, v, self.size.1 as f32 / self.size.0 as f32).map(|v| v.min(1.0))
    }
}

/// Gaussian blur by repeated three-tap kernels.
fn blur(light: &mut Vec<Rgb>, width: usize, height: usize, sigma: f32) {
    if sigma < 0.25 {
        return;
    }
    // The variances of the passes add up; a three-tap kernel has at most 2/3 px².
    let variance = sigma * sigma;
    let passes = (variance / 0.6).ceil().max(1.0);
    let side = variance / passes / 2.0;
    for _ in 0..passes as usize {
        let rows = pass(light, width, side);
        let turned = transpose(&rows, width, height);
        let columns = pass(&turned, height, side);
        *light = transpose(&columns, height, width);
    }
}

fn pass(light: &[Rgb], width: usize, side: f32) -> Vec<Rgb> {
    let mut out = Vec::with_capacity(light.len());
    for row in light.chunks(width) {
        for (x, here) in row.iter().enumerate() {
            let before = row.get(x.wrapping_sub(1)).unwrap_or(here);
            let after = row.get(x + 1).unwrap_or(here);
            out.push(add(scale(*here, 1.0 - 2.0 * side), scale(add(*before, *after), side)));
        }
    }
    out
}

fn transpose(light: &[Rgb], width: usize, height: usize) -> Vec<Rgb> {
    let mut out = Vec::with_capacity(light.len());
    for x in 0..width {
        for y in 0..height {
            out.push(light.get(y * width + x).copied().unwrap_or_default());
        }
    }
    out
}
