//! Bytes to network input.

use crate::manifest::InputSpec;
use ndarray::{Array4, Axis};

/// Writes an RGB picture, `width` pixels wide, into picture `index` of a batch as three planes of
/// (value / 255 - mean) / std; what the picture does not cover keeps its value.
pub(crate) fn fill(batch: &mut Array4<f32>, index: usize, rgb: &[u8], width: usize, input: InputSpec) {
    let (gain, shift) = (1.0 / (255.0 * input.std), input.mean / input.std);
    let mut picture = batch.index_axis_mut(Axis(0), index);
    for (channel, mut plane) in picture.outer_iter_mut().enumerate() {
        for (mut row, line) in plane.outer_iter_mut().zip(rgb.chunks_exact(width.max(1) * 3)) {
            for (value, byte) in row.iter_mut().zip(line.iter().skip(channel).step_by(3)) {
                *value = f32::from(*byte) * gain - shift;
            }
        }
    }
}
