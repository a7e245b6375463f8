//! Distributions and the statistics of titres.

use wellread_plate::{
    class::{Call, WellClass},
    summary::{Counts, Distribution, LogStatistics, log_statistics, share_at_or_above, summarise},
    titre::{BelowFirst, Dilution},
};

const HI: Dilution = Dilution { start: 2.0, fold: 2.0 };

fn worked_example() -> Distribution {
    [(2, 5), (4, 10), (5, 15), (6, 10)].into_iter().collect()
}

#[track_caller]
fn close(found: Option<f64>, expected: f64, tolerance: f64, reason: &str) {
    let found = found.expect(reason);
    assert!((found - expected).abs() <= tolerance, "{reason}: {found} is not {expected}");
}

#[test]
fn the_worked_example_comes_out() {
    let summary = summarise(&worked_example(), &HI, BelowFirst::Half, Some(16.0));
    let statistics = summary.statistics;
    assert_eq!(summary.series, 40, "5 + 10 + 15 + 10 sera");
    assert_eq!(statistics.count, 40, "every serum enters the statistics");
    close(statistics.mean_log2, 4.625, 1e-12, "(2x5 + 4x10 + 5x15 + 6x10) / 40");
    close(statistics.sd_log2, 1.2339, 5e-5, "sample SD, with n - 1");
    close(statistics.cv_percent, 26.68, 5e-3, "100 x 1.2339 / 4.625");
    close(statistics.geometric_mean_titre, 24.675, 5e-3, "2 to the power of 4.625");
    close(summary.share_at_or_above, 35.0 / 40.0, 1e-12, "all but the five of end point 2 reach 1:16");
}

#[test]
fn a_summary_serialises_flat() {
    let distribution: Distribution = [(0, 1), (4, 2), (6, 2)].into_iter().collect();
    insta::assert_json_snapshot!("summary", summarise(&distribution, &HI, BelowFirst::Exclude, Some(16.0)));
}

#[test]
fn what_is_not_defined_is_none() {
    assert_eq!(log_statistics(&[]), LogStatistics::default(), "no value, no statistic");
    let one = log_statistics(&[(3.0, 1)]);
    assert_eq!((one.mean_log2, one.sd_log2, one.cv_percent), (Some(3.0), None, None), "one value has no spread");
    let around_zero = log_statistics(&[(-1.0, 1), (1.0, 1)]);
    assert_eq!(around_zero.cv_percent, None, "a mean of 0 cannot be divided by");
    close(around_zero.sd_log2, 2f64.sqrt(), 1e-12, "but the spread is there: sqrt(2 / 1)");
    close(around_zero.geometric_mean_titre, 1.0, 1e-12, "2 to the power of 0");
    assert_eq!(share_at_or_above(&Distribution::default(), &HI, 16.0), None, "a share of nothing is none, not 0");
}

#[test]
fn equal_values_have_no_spread() {
    let statistics = log_statistics(&[(4.0, 7)]);
    assert_eq!((statistics.sd_log2, statistics.cv_percent), (Some(0.0), Some(0.0)), "all seven are the same");
}

#[test]
fn end_point_0_enters_as_the_assay_says() {
    let distribution: Distribution = [(0, 1), (4, 1)].into_iter().collect();
    let ten = Dilution { start: 10.0, fold: 2.0 };
    let half = summarise(&distribution, &ten, BelowFirst::Half, Some(10.0));
    close(half.statistics.geometric_mean_titre, 20.0, 1e-9, "below 10 counts as 5, and sqrt(5 x 80) is 20");
    let without = summarise(&distribution, &ten, BelowFirst::Exclude, Some(10.0));
    close(without.statistics.geometric_mean_titre, 80.0, 1e-9, "the other serum stands alone");
    assert_eq!(without.below_first, 1, "what was left out is still told");
    for summary in [half, without] {
        assert_eq!(summary.share_at_or_above, Some(0.5), "end point 0 is in every share, and always below");
    }
}

#[test]
fn a_cut_off_is_met_by_its_own_titre() {
    let distribution: Distribution = [(4, 1)].into_iter().collect();
    assert_eq!(share_at_or_above(&distribution, &HI, 16.0), Some(1.0), "end point 4 is 1:16, which is at the cut-off");
    assert_eq!(share_at_or_above(&distribution, &HI, 17.0), Some(0.0), "and below the next number");
    let thirds = Dilution { start: 10.0, fold: 1.1 };
    let at_cut_off = share_at_or_above(&distribution, &thirds, 13.31);
    assert_eq!(at_cut_off, Some(1.0), "10 x 1.1^3 is 13.31, whatever its last bit");
}

#[test]
fn a_distribution_is_keyed_by_number_and_adds_up() {
    let mut distribution: Distribution = [(10, 4), (0, 1), (5, 3), (7, 0)].into_iter().collect();
    distribution.merge(&worked_example());
    assert_eq!(distribution.total(), 48, "eight series here and forty there");
    assert_eq!(distribution.count(5), 18, "equal end points add up");
    let text = serde_json::to_string(&distribution).expect("a distribution is plain JSON");
    assert_eq!(text, r#"{"0":1,"2":5,"4":10,"5":18,"6":10,"10":4}"#, "in numeric order, and 7 was never seen");
    let back: Distribution = serde_json::from_str(&text).expect("it reads back what it wrote");
    assert_eq!(back, distribution, "nothing is lost on the way");
}

#[test]
fn counts_name_every_class_and_call_also_at_0() {
    let classes = [WellClass::TEARDROP, WellClass::BUTTON, WellClass::EMPTY];
    let wells = [(&WellClass::TEARDROP, Call::Positive), (&WellClass::TEARDROP, Call::Positive)];
    insta::assert_json_snapshot!("counts", Counts::of(&classes, wells));
}
