//! The picture as a file's bytes.

use crate::{render::Picture, scene::Scene};
use image::{ExtendedColorType, ImageEncoder, codecs};

/// Which file a picture becomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FileKind {
    /// JPEG of a quality from 1 to 100.
    Jpeg(u8),
    /// PNG.
    Png,
}

impl FileKind {
    /// The ending of such a file's name.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg(_) => "jpg",
            Self::Png => "png",
        }
    }
}

impl Scene {
    /// The file this scene's camera would write.
    pub fn file_kind(&self) -> FileKind {
        self.optics.jpeg_quality.map_or(FileKind::Png, FileKind::Jpeg)
    }
}

/// Encodes a picture.
pub fn encode(picture: &Picture, kind: FileKind) -> Result<Vec<u8>, image::ImageError> {
    let mut bytes = Vec::new();
    let (width, height) = (picture.width as u32, picture.height as u32);
    match kind {
        FileKind::Jpeg(quality) => codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, quality).write_image(
            &picture.rgb,
            width,
            height,
            ExtendedColorType::Rgb8,
        )?,
        FileKind::Png => {
            codecs::png::PngEncoder::new(&mut bytes).write_image(
                &picture.rgb,
                width,
                height,
                ExtendedColorType::Rgb8,
            )?;
        }
    }
    Ok(bytes)
}
