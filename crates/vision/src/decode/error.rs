//! Why a file is not read.

use super::Format;

/// Why a file is not read, with what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// No byte in it.
    #[error("the file is empty: copy it from the camera again")]
    EmptyFile,
    /// The content is no picture.
    #[error("this is {looks_like}, not an image: give a JPEG, PNG, TIFF, BMP or WebP file")]
    NotAnImage {
        /// What the content looks like.
        looks_like: &'static str,
    },
    /// The end is missing.
    #[error("the {format} file is cut off: copy it from the camera again, once it is completely written")]
    Truncated {
        /// The format.
        format: Format,
    },
    /// The file is larger than allowed.
    #[error("the file has {bytes} bytes and the limit is {limit}: save the picture smaller or as JPEG")]
    FileTooLarge {
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The picture is larger than allowed.
    #[error(
        "the picture is {width} x {height} pixels and the limits are {limit_pixels} pixels and {limit_side_px} a side: \
         scale it down"
    )]
    TooManyPixels {
        /// Width in the header.
        width: u32,
        /// Height in the header.
        height: u32,
        /// The limit of width times height.
        limit_pixels: u64,
        /// The limit of either side.
        limit_side_px: u32,
    },
    /// The decoder would need more memory than allowed.
    #[error("decoding this {format} file would take more than {limit} bytes of memory: scale the picture down")]
    TooMuchMemory {
        /// The format.
        format: Format,
        /// The limit.
        limit: u64,
    },
    /// An image, of a kind that is not read.
    #[error("{what} is not read: save the picture as 8-bit JPEG or PNG")]
    Unsupported {
        /// Format or feature.
        what: String,
    },
    /// The content contradicts itself.
    #[error("the {format} file is damaged ({detail}): copy it from the camera again")]
    Damaged {
        /// The format.
        format: Format,
        /// What the decoder stumbled over, on one line.
        detail: String,
    },
}

impl DecodeError {
    /// The stable name of the error, for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::EmptyFile => "empty-file",
            Self::NotAnImage { .. } => "not-an-image",
            Self::Truncated { .. } => "truncated",
            Self::FileTooLarge { .. } | Self::TooManyPixels { .. } | Self::TooMuchMemory { .. } => "too-large",
            Self::Unsupported { .. } => "unsupported",
            Self::Damaged { .. } => "damaged",
        }
    }

    /// A [`Self::Damaged`] whose detail fits on one short line whatever the decoder said.
    pub(super) fn damaged(format: Format, detail: &impl ToString) -> Self {
        let words = detail.to_string();
        let line: String = words.split_whitespace().collect::<Vec<_>>().join(" ").chars().take(160).collect();
        Self::Damaged { format, detail: line }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decoders_message_is_kept_to_one_short_line() {
        let error = DecodeError::damaged(Format::Png, &format!("bad\n chunk {}", "x".repeat(500)));
        let text = error.to_string();
        assert!(text.starts_with("the PNG file is damaged (bad chunk xxx"), "the cause is kept: {text}");
        assert!(!text.contains('\n') && text.len() < 260, "one line of a table: {text}");
    }
}
