//! Linear colours as three floats, and the noise that textures them.

/// Red, green, blue; 0 is black and 1 is the white of the picture.
pub(crate) type Rgb = [f32; 3];

pub(crate) const WHITE: Rgb = [1.0; 3];

pub(crate) fn mix(a: Rgb, b: Rgb, t: f32) -> Rgb {
    [a[0] + (b[0] - a[0]) * t, a[1] + (b[1] - a[1]) * t, a[2] + (b[2] - a[2]) * t]
}

pub(crate) fn mul(a: Rgb, b: Rgb) -> Rgb {
    [a[0] * b[0], a[1] * b[1], a[2] * b[2]]
}

pub(crate) fn scale(a: Rgb, k: f32) -> Rgb {
    [a[0] * k, a[1] * k, a[2] * k]
}

pub(crate) fn add(a: Rgb, b: Rgb) -> Rgb {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

/// Light left after `depth` of a medium that absorbs `absorb` of each channel.
pub(crate) fn through(light: Rgb, absorb: Rgb, depth: f32) -> Rgb {
    let left = |l: f32, a: f32| l * (-a * depth).exp();
    [left(light[0], absorb[0]), left(light[1], absorb[1]), left(light[2], absorb[2])]
}

/// Hue in turns, saturation and value from 0 to 1.
pub(crate) fn hsv(hue: f32, saturation: f32, value: f32) -> Rgb {
    let channel = |offset: f32| {
        let k = (offset + hue.rem_euclid(1.0) * 6.0).rem_euclid(6.0);
        value * (1.0 - saturation * k.min(4.0 - k).clamp(0.0, 1.0))
    };
    [channel(5.0), channel(3.0), channel(1.0)]
}

/// 0 below `low`, 1 above `high`, smooth between.
pub(crate) fn smoothstep(low: f32, high: f32, x: f32) -> f32 {
    let t = ((x - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// A bump of height 1 around 0, about `width` wide on each side.
pub(crate) fn bump(x: f32, width: f32) -> f32 {
    let t = x / width;
    (-t * t).exp()
}

fn hash(x: i32, y: i32, seed: u32) -> f32 {
    let mut h = seed ^ (x as u32).wrapping_mul(0x9E37_79B1) ^ (y as u32).wrapping_mul(0x85EB_CA77);
    h = (h ^ (h >> 15)).wrapping_mul(0x2C1B_3C6D);
    h = (h ^ (h >> 12)).wrapping_mul(0x297A_2D39);
    ((h ^ (h >> 15)) >> 8) as f32 / 16_777_216.0
}

/// Smooth noise from 0 to 1 with features of size 1.
pub(crate) fn noise(x: f32, y: f32, seed: u32) -> f32 {
    let (fx, fy) = (x.floor(), y.floor());
    let (ix, iy) = (fx as i32, fy as i32);
    let (tx, ty) = (smoothstep(0.0, 1.0, x - fx), smoothstep(0.0, 1.0, y - fy));
    let top = hash(ix, iy, seed) * (1.0 - tx) + hash(ix + 1, iy, seed) * tx;
    let low = hash(ix, iy + 1, seed) * (1.0 - tx) + hash(ix + 1, iy + 1, seed) * tx;
    top * (1.0 - ty) + low * ty
}

/// Three octaves of [`noise`], still 0 to 1.
pub(crate) fn cloud(x: f32, y: f32, seed: u32) -> f32 {
    noise(x, y, seed) * 0.57 + noise(x * 2.1, y * 2.1, seed ^ 0x4D) * 0.29 + noise(x * 4.3, y * 4.3, seed ^ 0xBF) * 0.14
}

/// Noise of single cells: as many independent values as there are pairs of integers.
pub(crate) fn grain(x: i32, y: i32, seed: u32) -> f32 {
    hash(x, y, seed)
}
