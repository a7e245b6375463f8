//! Results in a word, alike in pictures and tables.

use wellread_plate::{class::Call, end_point::RuleName, interpret::SeriesResult};

/// A call, for people.
pub const fn call_name(call: Call) -> &'static str {
    match call {
        Call::Positive => "positive",
        Call::Negative => "negative",
        Call::Invalid => "invalid",
    }
}

/// A series' result in one word, for a picture.
pub fn series_label(series: &SeriesResult) -> String {
    match (&series.mic, series.titre, series.end_point) {
        (Some(mic), _, _) => mic.to_string(),
        (None, Some(titre), _) => format!("1:{titre}"),
        (None, None, Some(0)) if series.rule != RuleName::Mic => "<first".to_owned(),
        (None, None, _) => "none".to_owned(),
    }
}
