//! A progress bar on the terminal, and nothing anywhere else.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::IsTerminal;

/// A bar on standard error; hidden when that is no terminal, or when there is but one thing to do.
pub(crate) fn bar(what: &'static str, length: usize) -> ProgressBar {
    let shown = length > 1 && std::io::stderr().is_terminal();
    let target = if shown { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let bar = ProgressBar::with_draw_target(Some(length as u64), target).with_message(what);
    // The template is fixed text: were it ever wrong, the plain style serves as well.
    match ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len}  {per_sec}  {eta} left") {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
