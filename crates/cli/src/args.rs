//! The arguments, and the pages of `--help`.

pub(crate) mod station;

use clap::{Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Some picture could not be read.
pub(crate) const EXIT_SOME_UNREAD: u8 = 3;
/// Nothing was read: an argument, assay, calibration or model cannot be used. Clap ends with it too.
pub(crate) const EXIT_USAGE: u8 = 2;
/// Something outside the pictures failed.
pub(crate) const EXIT_BROKEN: u8 = 1;
/// The role does not allow it, or nobody has signed in.
pub(crate) const EXIT_NOT_PERMITTED: u8 = 4;
/// Stopped by Ctrl-C or a termination signal: 128 + SIGINT.
pub(crate) const EXIT_INTERRUPTED: u8 = 130;

const EXIT_CODES: &str = "\
Exit codes:
  0    all pictures were read
  1    something outside the pictures failed, such as a full disk
  2    usage: an argument, assay, calibration or model cannot be used; nothing was read
  3    some picture could not be read; the others were
  4    the role does not allow it, or nobody has signed in
  130  stopped by Ctrl-C; what was printed until then is complete";

/// Reads microplates: from a photograph to well calls, titres and a distribution.
#[derive(Debug, Parser)]
#[command(name = "wellread", version, after_help = EXIT_CODES, max_term_width = 110)]
pub(crate) struct Args {
    #[command(flatten)]
    pub global: Global,
    #[command(subcommand)]
    pub command: Command,
}

/// What every command takes.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Global {
    /// The station's data folder [default: `WELLREAD_DATA`, else the application data folder of this account]
    #[arg(long, global = true, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Print one JSON object a line
    #[arg(long, global = true)]
    pub json: bool,
}

impl Args {
    /// The arguments of this call; what every command takes may stand before the command or after it.
    pub(crate) fn read() -> Self {
        let mut args = Self::parse();
        match &mut args.command {
            Command::Read(read) => read.json |= args.global.json,
            Command::Evaluate(evaluate) => evaluate.json |= args.global.json,
            _ => {}
        }
        args
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Read photographs of plates
    #[command(after_help = EXIT_CODES)]
    Read(ReadArgs),
    /// Render plates of a simulated camera, with their truth beside them
    #[command(after_help = EXIT_CODES)]
    Simulate(SimulateArgs),
    /// Score readings against the truth beside the pictures, simulated and real alike
    #[command(after_help = EXIT_CODES)]
    Evaluate(EvaluateArgs),
    /// Take in the pictures that a camera writes into the watched folder: the station's service
    #[command(after_help = EXIT_CODES)]
    Watch(WatchArgs),
    #[command(flatten)]
    Station(station::StationCommand),
}

/// Models and threads, alike for `read` and `evaluate`.
#[derive(Debug, clap::Args)]
pub(crate) struct EyesArgs {
    /// Model manifest, or the folder that holds one [default: the models shipped with the program]
    #[arg(long, value_name = "PATH")]
    pub model: Option<PathBuf>,
    /// Pictures read at the same time [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub jobs: Option<u16>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct ReadArgs {
    /// Photographs, or folders of photographs (their pictures are read in order of name)
    #[arg(required = true, value_name = "IMAGE")]
    pub images: Vec<PathBuf>,
    /// Assay: hi, ha, mic, qualitative, or an assay file of your own
    #[arg(long, default_value = "hi", value_name = "ID|FILE")]
    pub assay: String,
    /// Print one JSON object a line instead of tables
    #[arg(long)]
    pub json: bool,
    /// Write each picture with grid, classes and confidences drawn onto it into this folder
    #[arg(long, value_name = "DIR")]
    pub annotate: Option<PathBuf>,
    /// Where the plate lies, for a fixed camera: a file with format = 96 and the centres of the four corner wells in
    /// pixels, as A1 = [x, y], A12 = [x, y], H1 = [x, y], H12 = [x, y]
    #[arg(long, value_name = "FILE")]
    pub calibration: Option<PathBuf>,
    #[command(flatten)]
    pub eyes: EyesArgs,
}

#[derive(Debug, clap::Args)]
pub(crate) struct WatchArgs {
    /// Take in what is there, then end
    #[arg(long)]
    pub once: bool,
    /// The first time, what to do with pictures that are there already: import them, mark them as seen, or import those
    /// since a day [default: asks; imports them where nobody can be asked]
    #[arg(long, value_name = "import|seen|YYYY-MM-DD")]
    pub existing: Option<wellread_station::intake::first_start::Existing>,
    /// Model manifest, or the folder that holds one [default: the models shipped with the program]
    #[arg(long, value_name = "PATH")]
    pub model: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(crate) struct SimulateArgs {
    /// How many plates
    #[arg(long, default_value_t = 8, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub plates: u32,
    /// Assay: hi, ha, mic or qualitative
    #[arg(long, default_value = "hi", value_name = "ID")]
    pub assay: String,
    /// The same seed gives the same pictures
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Folder for the pictures and their truth
    #[arg(long, value_name = "DIR")]
    pub out: PathBuf,
    /// How varied the photographs are
    #[arg(long, value_enum, default_value_t = StyleArg::Bench)]
    pub style: StyleArg,
    /// Size of the pictures in pixels
    #[arg(long, default_value = "1700x1200", value_name = "WxH", value_parser = size)]
    pub size: (usize, usize),
    /// Plate format, as a number of wells or as rows x columns, such as 4x12 [default: as the style has it]
    #[arg(long, value_name = "WELLS", value_parser = format)]
    pub format: Option<wellread_plate::format::PlateFormat>,
    /// Write JPEGs of this quality instead of what the simulated camera would choose
    #[arg(long, value_name = "1-100", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub quality: Option<u8>,
}

/// How varied simulated photographs are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum StyleArg {
    /// A reading bench: fixed camera, even light, the plate nearly straight
    Bench,
    /// Anything that has been seen: phones, shadows, clutter, every format
    Wild,
    /// Pictures without a plate
    NoPlate,
}

#[derive(Debug, clap::Args)]
pub(crate) struct EvaluateArgs {
    /// Folder of pictures with NAME.truth.json beside each; pictures in a folder no-plate in it or beside it must be refused
    #[arg(long, value_name = "DIR")]
    pub truth: PathBuf,
    /// Assay to read under [default: what each truth names, else hi]
    #[arg(long, value_name = "ID|FILE")]
    pub assay: Option<String>,
    /// Print one JSON object instead of tables
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    pub eyes: EyesArgs,
}

/// The most pixels of a simulated picture: 64 megapixels take some seconds and 2 GB to render.
const MOST_PIXELS: usize = 64_000_000;

fn size(text: &str) -> Result<(usize, usize), String> {
    let sides = text.split_once(['x', 'X']).and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)));
    match sides {
        Some((w, h)) if w >= 64 && h >= 64 && usize::saturating_mul(w, h) <= MOST_PIXELS => Ok((w, h)),
        _ => Err(format!("write WIDTHxHEIGHT such as 1700x1200, at least 64 a side and {MOST_PIXELS} pixels at most")),
    }
}

fn format(text: &str) -> Result<wellread_plate::format::PlateFormat, String> {
    use wellread_plate::format::PlateFormat;
    let sides = text.split_once(['x', 'X']).and_then(|(r, c)| Some((r.parse().ok()?, c.parse().ok()?)));
    match sides {
        Some((rows, cols)) => PlateFormat::new(rows, cols).map_err(|e| e.to_string()),
        None => text
            .parse()
            .ok()
            .and_then(PlateFormat::with_wells)
            .ok_or_else(|| "write 6, 12, 24, 48, 96, 384 or 1536, or ROWSxCOLS such as 4x12".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_arguments_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn sizes_are_checked_before_memory_is_taken() {
        assert_eq!(size("1700x1200"), Ok((1700, 1200)), "the bench camera's size");
        for wrong in ["1700", "1700x", "10x10", "100000x100000", "x", "-1x200", "18446744073709551615x2"] {
            assert!(size(wrong).is_err(), "{wrong} is no size to render");
        }
    }

    #[test]
    fn formats_are_wells_or_sides() {
        assert_eq!(format("96").unwrap().rows(), 8, "96 wells lie in 8 rows");
        assert_eq!(format("4x12").unwrap().wells(), 48, "a strip holder has 48 wells, but is not the 6 x 8 plate");
        assert!(format("97").is_err() && format("40x60").is_err(), "no such plates");
    }
}
