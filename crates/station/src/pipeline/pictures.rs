//! The pictures a run keeps beside the camera's: the annotated one and a thumbnail.

use super::{Stopped, size_px};
use crate::{
    Station,
    annotate::{self, Sheet},
    intake::admit::{Plate, blob_path, mime},
};
use wellread_plate::{assay::Assay, interpret::Interpretation, reading::Grid};
use wellread_store::{Image, ImageKind, Sha256};
use wellread_vision::{decode::Decoded, raster::Raster, scale};

/// The longer side of a thumbnail.
const THUMBNAIL_PX: usize = 320;
const THUMBNAIL_QUALITY: u8 = 80;

/// What is drawn.
pub(super) struct Drawn<'a> {
    pub(super) name: &'a str,
    pub(super) decoded: &'a Decoded,
    pub(super) grid: &'a Grid,
    pub(super) assay: &'a Assay,
    pub(super) made: &'a Interpretation,
}

/// Draws and keeps the pictures of a run; all of them, the camera's first.
pub(super) fn keep(station: &Station, plate: &Plate, drawn: &Drawn<'_>) -> Result<Vec<Image>, Stopped> {
    let Drawn { name, decoded, grid, assay, made } = *drawn;
    let annotated = annotate::jpeg(&Sheet { name, raster: &decoded.raster, grid, assay, made })?;
    let small = thumbnail(&decoded.raster)?;
    let stem = plate.file_name.rsplit_once('.').map_or(plate.file_name.as_str(), |(stem, _)| stem);
    Ok(vec![
        raw(plate, size_px(decoded)),
        put(station, ImageKind::Annotated, format!("{stem}.annotated.jpg"), &annotated)?,
        put(station, ImageKind::Thumbnail, format!("{stem}.thumbnail.jpg"), &small)?,
    ])
}

/// The camera's picture, which was kept when its file was admitted.
pub(super) fn raw(plate: &Plate, size_px: Option<(u32, u32)>) -> Image {
    Image {
        kind: ImageKind::Raw,
        file_name: plate.file_name.clone(),
        file_path: blob_path(&plate.run.image_sha256),
        size: plate.bytes.len() as u64,
        mime_type: mime(plate.format).to_owned(),
        width_px: size_px.map(|(width, _)| width),
        height_px: size_px.map(|(_, height)| height),
        sha256: plate.run.image_sha256,
    }
}

fn put(station: &Station, kind: ImageKind, file_name: String, jpeg: &[u8]) -> Result<Image, Stopped> {
    let kept = station.blobs().put(jpeg).map_err(anyhow::Error::from)?;
    let sha256: Sha256 = kept.parse().map_err(anyhow::Error::from)?;
    let dimensions = image::ImageReader::new(std::io::Cursor::new(jpeg)).with_guessed_format();
    let dimensions = dimensions.ok().and_then(|reader| reader.into_dimensions().ok());
    Ok(Image {
        kind,
        file_name,
        file_path: blob_path(&sha256),
        size: jpeg.len() as u64,
        mime_type: "image/jpeg".to_owned(),
        width_px: dimensions.map(|(width, _)| width),
        height_px: dimensions.map(|(_, height)| height),
        sha256,
    })
}

fn thumbnail(raster: &Raster) -> anyhow::Result<Vec<u8>> {
    let longer = raster.width().max(raster.height()).max(1);
    let side = |px: usize| (px * THUMBNAIL_PX.min(longer) / longer).max(1);
    let small = scale::resize(raster, side(raster.width()), side(raster.height()));
    annotate::encode(small.width(), small.height(), small.rgb(), THUMBNAIL_QUALITY)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thumbnail_keeps_the_shape_and_is_never_larger() {
        for ((width, height), expected) in [((1700, 1200), (320, 225)), ((30, 200), (30, 200)), ((2000, 3), (320, 1))] {
            let raster = Raster::new(width, height, vec![90; width * height * 3]).unwrap();
            let read = image::load_from_memory(&thumbnail(&raster).unwrap()).unwrap();
            assert_eq!((read.width(), read.height()), expected, "{width} x {height}");
        }
    }
}
