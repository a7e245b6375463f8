//! Applies the EXIF orientation.

use crate::raster::Raster;

/// Turns and mirrors a stored picture so that it stands upright.
///
/// The orientation says where the stored first row and first column lie in the upright picture; values outside
/// 2 to 8 leave it as it is.
pub(super) fn upright(stored: Raster, exif_orientation: u8) -> Raster {
    let (width, height) = (stored.width(), stored.height());
    let (last_x, last_y) = (width.saturating_sub(1), height.saturating_sub(1));
    match exif_orientation {
        2 => moved(&stored, width, height, |x, y| (last_x - x, y)),
        3 => moved(&stored, width, height, |x, y| (last_x - x, last_y - y)),
        4 => moved(&stored, width, height, |x, y| (x, last_y - y)),
        5 => moved(&stored, height, width, |x, y| (y, x)),
        6 => moved(&stored, height, width, |x, y| (y, last_y - x)),
        7 => moved(&stored, height, width, |x, y| (last_x - y, last_y - x)),
        8 => moved(&stored, height, width, |x, y| (last_x - y, x)),
        _ => stored,
    }
}

/// A picture of the given size whose pixel (x, y) is the stored pixel `from(x, y)`.
///
/// It is written in tiles: a quarter turn reads down the columns, and a column of a large picture falls out of the
/// cache before its neighbour is wanted.
fn moved(stored: &Raster, width: usize, height: usize, from: impl Fn(usize, usize) -> (usize, usize)) -> Raster {
    const TILE: usize = 64;
    let (source, _) = stored.rgb().as_chunks::<3>();
    let mut pixels = vec![[0u8; 3]; width * height];
    for (band, rows) in pixels.chunks_mut(width * TILE).enumerate() {
        for left in (0..width).step_by(TILE) {
            for (row, line) in rows.chunks_mut(width).enumerate() {
                for (column, pixel) in line.iter_mut().skip(left).take(TILE).enumerate() {
                    let (x, y) = from(left + column, band * TILE + row);
                    *pixel = source.get(y * stored.width() + x).copied().unwrap_or_default();
                }
            }
        }
    }
    Raster::new(width, height, pixels.into_flattened()).unwrap_or_else(|| stored.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The letter F as EXIF explains it: stored pixel (x, y) has the value `x + 10 * y`.
    fn numbered(width: usize, height: usize) -> Raster {
        let rgb = (0..height).flat_map(|y| (0..width).flat_map(move |x| [(x + 10 * y) as u8; 3])).collect();
        Raster::new(width, height, rgb).unwrap()
    }

    fn corners(r: &Raster) -> [u8; 4] {
        let (w, h) = (r.width() as isize - 1, r.height() as isize - 1);
        [r.pixel(0, 0)[0], r.pixel(w, 0)[0], r.pixel(0, h)[0], r.pixel(w, h)[0]]
    }

    #[test]
    fn each_orientation_brings_the_corners_where_exif_says() {
        // Stored 3 x 2: top-left 0, top-right 2, bottom-left 10, bottom-right 12.
        let cases = [
            (1, (3, 2), [0, 2, 10, 12]),
            (2, (3, 2), [2, 0, 12, 10]),
            (3, (3, 2), [12, 10, 2, 0]),
            (4, (3, 2), [10, 12, 0, 2]),
            (5, (2, 3), [0, 10, 2, 12]),
            (6, (2, 3), [10, 0, 12, 2]),
            (7, (2, 3), [12, 2, 10, 0]),
            (8, (2, 3), [2, 12, 0, 10]),
            (0, (3, 2), [0, 2, 10, 12]),
            (9, (3, 2), [0, 2, 10, 12]),
        ];
        for (orientation, size, expected) in cases {
            let turned = upright(numbered(3, 2), orientation);
            assert_eq!((turned.width(), turned.height()), size, "size at orientation {orientation}");
            assert_eq!(corners(&turned), expected, "corners at orientation {orientation}");
        }
    }

    #[test]
    fn four_quarter_turns_are_none_past_the_tile_size() {
        let stored = numbered(131, 70);
        let turned = (0..4).fold(stored.clone(), |r, _| upright(r, 6));
        assert_eq!(turned, stored, "every pixel comes back, also beyond one tile");
        assert_eq!(upright(upright(stored.clone(), 6), 8), stored, "8 undoes 6");
    }
}
