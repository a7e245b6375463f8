//! Plate formats and well ids.
//!
//! Formats are those of ANSI/SLAS 4-2004 (well positions) and the common coarse plates: 6, 12, 24, 48, 96, 384 and
//! 1536 wells. Strips and partial carriers (a 4 x 12 strip holder, say) are formats of their own size.

use serde::{Deserialize, Serialize};
use std::{fmt, str::FromStr};

/// Rows x columns of a plate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct PlateFormat {
    rows: u8,
    cols: u8,
}

/// A format outside 1x1 to 32x48.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a plate of {rows} x {cols} wells does not exist here: rows go from 1 to 32 and columns from 1 to 48")]
pub struct FormatError {
    /// The rows asked for.
    pub rows: usize,
    /// The columns asked for.
    pub cols: usize,
}

impl PlateFormat {
    /// The most rows a plate has (1536 wells).
    pub const MAX_ROWS: u8 = 32;
    /// The most columns a plate has (1536 wells).
    pub const MAX_COLS: u8 = 48;
    /// The 96-well plate, 8 x 12.
    pub const WELLS_96: Self = Self { rows: 8, cols: 12 };
    /// The standard formats, from 6 to 1536 wells.
    pub const STANDARD: [Self; 7] = [
        Self { rows: 2, cols: 3 },
        Self { rows: 3, cols: 4 },
        Self { rows: 4, cols: 6 },
        Self { rows: 6, cols: 8 },
        Self { rows: 8, cols: 12 },
        Self { rows: 16, cols: 24 },
        Self { rows: 32, cols: 48 },
    ];

    /// A format of any size up to 32 x 48.
    pub fn new(rows: usize, cols: usize) -> Result<Self, FormatError> {
        match (u8::try_from(rows), u8::try_from(cols)) {
            (Ok(r @ 1..=Self::MAX_ROWS), Ok(c @ 1..=Self::MAX_COLS)) => Ok(Self { rows: r, cols: c }),
            _ => Err(FormatError { rows, cols }),
        }
    }

    /// The standard format with that many wells (6, 12, 24, 48, 96, 384, 1536).
    pub fn with_wells(wells: usize) -> Option<Self> {
        Self::STANDARD.into_iter().find(|f| f.wells() == wells)
    }

    /// Number of rows.
    pub const fn rows(self) -> usize {
        self.rows as usize
    }

    /// Number of columns.
    pub const fn cols(self) -> usize {
        self.cols as usize
    }

    /// Number of wells.
    pub const fn wells(self) -> usize {
        self.rows() * self.cols()
    }

    /// Whether this is one of [`Self::STANDARD`].
    pub fn is_standard(self) -> bool {
        Self::STANDARD.contains(&self)
    }

    /// Distance between neighbouring wells in mm: by ANSI/SLAS 4-2004 for 96, 384 and 1536 wells, what is common to
    /// the makers of coarser plates, and 9 mm for strips and every other size.
    pub fn pitch_mm(self) -> f64 {
        match (self.rows, self.cols) {
            (2, 3) => 39.12,
            (3, 4) => 26.01,
            (4, 6) => 19.3,
            (6, 8) => 13.08,
            (16, 24) => 4.5,
            (32, 48) => 2.25,
            _ => 9.0,
        }
    }

    /// Width and height in mm: the footprint of ANSI/SLAS 1-2004 for the standard formats, and for others what holds
    /// their wells.
    pub fn footprint_mm(self) -> [f64; 2] {
        if self.is_standard() {
            return [127.76, 85.48];
        }
        let pitch = self.pitch_mm();
        [(self.cols() - 1) as f64 * pitch + 22.0, (self.rows() - 1) as f64 * pitch + 20.0]
    }

    /// Whether the well lies on this plate.
    pub fn contains(self, well: WellId) -> bool {
        well.row < self.rows && well.col < self.cols
    }

    /// Row-major index of a well; `None` when it is not on this plate.
    pub fn index_of(self, well: WellId) -> Option<usize> {
        self.contains(well).then(|| well.row() * self.cols() + well.col())
    }

    /// The well at a row-major index; `None` past the last.
    pub fn well_at(self, index: usize) -> Option<WellId> {
        (index < self.wells()).then(|| WellId { row: (index / self.cols()) as u8, col: (index % self.cols()) as u8 })
    }

    /// All wells, row by row.
    pub fn iter(self) -> impl Iterator<Item = WellId> {
        (0..self.rows).flat_map(move |row| (0..self.cols).map(move |col| WellId { row, col }))
    }
}

impl fmt::Display for PlateFormat {
    /// The number of wells of a standard format, `ROWSxCOLS` of any other.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_standard() { write!(f, "{}", self.wells()) } else { write!(f, "{}x{}", self.rows, self.cols) }
    }
}

/// One well by row and column, both from 0; written `A1`, `H12`, `AF48`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS), ts(as = "String"))]
pub struct WellId {
    row: u8,
    col: u8,
}

/// A text that is no well id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a well: write a row from A to AF and a column from 1 to 48, such as A1, H12 or AF48")]
pub struct WellIdError(pub String);

impl WellId {
    /// The well at this row and column, both from 0, on the largest plate at most.
    pub fn new(row: usize, col: usize) -> Option<Self> {
        let (row, col) = (u8::try_from(row).ok()?, u8::try_from(col).ok()?);
        (row < PlateFormat::MAX_ROWS && col < PlateFormat::MAX_COLS).then_some(Self { row, col })
    }

    /// Row from 0.
    pub const fn row(self) -> usize {
        self.row as usize
    }

    /// Column from 0.
    pub const fn col(self) -> usize {
        self.col as usize
    }
}

/// The letters of a row from 0: `A`..`Z`, `AA`..`AF`.
pub fn row_letters(row: usize) -> String {
    let letter = |n: usize| char::from(b'A' + (n % 26) as u8);
    if row < 26 { letter(row).to_string() } else { format!("{}{}", letter(row / 26 - 1), letter(row)) }
}

impl fmt::Display for WellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", row_letters(self.row()), self.col + 1)
    }
}

impl FromStr for WellId {
    type Err = WellIdError;

    /// Reads `A1`, `a1`, `A01` and `AF48`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || WellIdError(text.chars().take(40).collect());
        let letters: String = text.chars().take_while(char::is_ascii_alphabetic).collect();
        let digits: String = text.chars().skip(letters.len()).collect();
        if letters.is_empty() || letters.len() > 2 || digits.is_empty() || digits.len() > 2 {
            return Err(wrong());
        }
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return Err(wrong());
        }
        let row = letters.bytes().fold(0usize, |n, b| n * 26 + usize::from(b.to_ascii_uppercase() - b'A') + 1) - 1;
        let col: usize = digits.parse().map_err(|_| wrong())?;
        col.checked_sub(1).and_then(|col| Self::new(row, col)).ok_or_else(wrong)
    }
}

impl Serialize for WellId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for WellId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
