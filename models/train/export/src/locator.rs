//! What the locator learns from: a picture, where the wells' middles are, and how far apart they stand.

use crate::sink;
use std::{ops::Range, path::Path};
use wellread_phantom::{Family, Request, Scene, Style};

const WIDTH: usize = 512;
const HEIGHT: usize = 384;
/// One cell of the maps covers this many pixels each way.
const STRIDE: usize = 4;

pub(crate) fn write(seeds: Range<u64>, out: &Path, brimming: bool) -> anyhow::Result<()> {
    sink::write(seeds, out, ["locator.images.u8", "locator.maps.u8"], |seed| item(seed, brimming))
}

fn item(seed: u64, brimming: bool) -> [Vec<u8>; 2] {
    let family = match seed % 4 {
        0 => Family::HaemTilted,
        1 => Family::HaemFlat,
        2 => Family::Growth,
        _ => Family::Color,
    };
    let style = match seed % 16 {
        _ if brimming => Style::Brimming,
        3 | 10 => Style::NoPlate,
        5 => Style::Bench,
        _ => Style::Wild,
    };
    let scene = Scene::draw(&Request { seed, family, style, size: (WIDTH, HEIGHT), format: None });
    [scene.render().rgb, maps(&scene)]
}

/// Heat (0 to 255) and log2 of the pitch (0: none, else 1 + 32 x (log2 px - 2)), interleaved.
fn maps(scene: &Scene) -> Vec<u8> {
    let (cols, rows) = (WIDTH / STRIDE, HEIGHT / STRIDE);
    let mut maps = vec![0u8; cols * rows * 2];
    for [x, y, pitch] in scene.wells_px() {
        let (cx, cy, cells) = (x / STRIDE as f64 - 0.5, y / STRIDE as f64 - 0.5, pitch / STRIDE as f64);
        let sigma = (0.13 * cells).clamp(0.6, 2.0);
        let reach = (0.45 * cells).max(3.0 * sigma).ceil() as i64;
        for my in (cy.round() as i64 - reach).max(0)..=(cy.round() as i64 + reach).min(rows as i64 - 1) {
            for mx in (cx.round() as i64 - reach).max(0)..=(cx.round() as i64 + reach).min(cols as i64 - 1) {
                let away = (mx as f64 - cx).hypot(my as f64 - cy);
                let heat = (255.0 * (-0.5 * (away / sigma).powi(2)).exp()) as u8;
                let at = (my as usize * cols + mx as usize) * 2;
                if let Some([h, p]) = maps.get_mut(at..at + 2) {
                    *h = heat.max(*h);
                    if away < 0.45 * cells {
                        *p = (1.0 + 32.0 * (pitch.log2() - 2.0)).clamp(1.0, 255.0) as u8;
                    }
                }
            }
        }
    }
    maps
}
