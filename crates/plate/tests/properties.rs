//! What holds for every plate and every series.

use proptest::{collection::vec, prelude::*};
use wellread_plate::{
    assay::Assay,
    class::Call,
    end_point::{Rule, SeriesFlag, end_point},
    format::{PlateFormat, WellId},
    summary::log_statistics,
};

fn any_call() -> impl Strategy<Value = Call> {
    prop_oneof![4 => Just(Call::Positive), 4 => Just(Call::Negative), 1 => Just(Call::Invalid)]
}

fn any_run() -> impl Strategy<Value = Rule> {
    (0u8..4, 0u8..4).prop_map(|(max_leading_gap, max_skip)| Rule::Run { max_leading_gap, max_skip })
}

fn step(calls: &[Call], rule: Rule) -> Option<u8> {
    end_point(calls, rule).step
}

proptest! {
    #[test]
    fn a_well_id_reads_back_what_it_writes(row in 0usize..32, col in 0usize..48) {
        let well = WellId::new(row, col).expect("within the largest plate");
        prop_assert_eq!(well.to_string().parse::<WellId>(), Ok(well), "ids are written and read alike");
        prop_assert_eq!(well.to_string().to_lowercase().parse::<WellId>(), Ok(well), "people write small letters too");
    }

    #[test]
    fn any_text_is_a_well_or_a_named_error(text in "\\PC{0,6}") {
        if let Ok(well) = text.parse::<WellId>() {
            prop_assert!(PlateFormat::STANDARD.iter().any(|format| format.contains(well)), "{} lies on a plate", text);
        }
    }

    #[test]
    fn indices_and_wells_of_a_format_are_one_to_one(rows in 1usize..=32, cols in 1usize..=48) {
        let format = PlateFormat::new(rows, cols).expect("within the largest plate");
        for (index, well) in format.iter().enumerate() {
            prop_assert_eq!(format.index_of(well), Some(index), "row by row");
            prop_assert_eq!(format.well_at(index), Some(well), "and back");
        }
        prop_assert_eq!(format.well_at(format.wells()), None, "there is none past the last");
    }

    #[test]
    fn strict_never_exceeds_run_nor_run_highest(calls in vec(any_call(), 1..=48), run in any_run()) {
        let (strict, run, highest) = (step(&calls, Rule::Strict), step(&calls, run), step(&calls, Rule::Highest));
        prop_assert!(strict <= run && run <= highest, "{:?} {:?} {:?}: each rule forgives more", strict, run, highest);
    }

    #[test]
    fn an_end_point_is_a_positive_well_of_the_series(calls in vec(any_call(), 1..=48), run in any_run()) {
        for rule in [run, Rule::Strict, Rule::Highest] {
            if let Some(step @ 1..) = step(&calls, rule) {
                let carried = calls.get(usize::from(step) - 1);
                prop_assert_eq!(carried, Some(&Call::Positive), "an end point never lies on another call");
            }
        }
    }

    #[test]
    fn a_positive_after_the_end_of_a_run_never_lowers_it(calls in vec(any_call(), 1..=47), run in any_run()) {
        for rule in [run, Rule::Strict, Rule::Highest] {
            let Some(before) = step(&calls, rule) else { continue };
            let mut longer = calls.clone();
            match longer.get_mut(usize::from(before)) {
                Some(next) => *next = Call::Positive,
                None => longer.push(Call::Positive),
            }
            let after = step(&longer, rule);
            prop_assert!(after > Some(before), "{:?}: {} became {:?}", rule, before, after);
        }
    }

    #[test]
    fn whatever_invalid_wells_were_an_unflagged_end_point_stands(
        calls in vec(any_call(), 1..=12), run in any_run(), truth in vec(any::<bool>(), 12),
    ) {
        for rule in [run, Rule::Strict, Rule::Highest, Rule::Mic] {
            let found = end_point(&calls, rule);
            if found.flags.contains(&SeriesFlag::InvalidInRun) || found.step.is_none() {
                continue;
            }
            let resolve = |(call, positive): (&Call, &bool)| match (call, positive) {
                (Call::Invalid, true) => Call::Positive,
                (Call::Invalid, false) => Call::Negative,
                (call, _) => *call,
            };
            let resolved: Vec<Call> = calls.iter().zip(&truth).map(resolve).collect();
            prop_assert_eq!(step(&resolved, rule), found.step, "{:?}: nobody was warned of {:?}", rule, calls);
        }
    }

    #[test]
    fn statistics_agree_with_the_plain_formulas(values in vec((-3.0f64..16.0, 1u64..20), 1..12)) {
        let all: Vec<f64> =
            values.iter().flat_map(|(value, times)| std::iter::repeat_n(*value, *times as usize)).collect();
        let n = all.len() as f64;
        let mean = all.iter().sum::<f64>() / n;
        let found = log_statistics(&values);
        let near = |found: Option<f64>, plain: f64| found.is_some_and(|found| (found - plain).abs() <= 1e-9 * (1.0 + plain.abs()));
        prop_assert!(near(found.mean_log2, mean), "mean {:?}, plainly {}", found.mean_log2, mean);
        let product_root = all.iter().map(|log2| log2.exp2().ln()).sum::<f64>() / n;
        prop_assert!(near(found.geometric_mean_titre, product_root.exp()), "the n-th root of the product of titres");
        if all.len() > 1 {
            let sd = (all.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
            prop_assert!(near(found.sd_log2, sd), "SD {:?}, plainly {}", found.sd_log2, sd);
        } else {
            prop_assert_eq!(found.sd_log2, None, "one value has no spread");
        }
    }

    #[test]
    fn any_edit_of_an_assay_file_is_read_or_refused_in_one_line(at in 0usize..1500, junk in "\\PC{0,3}|\n") {
        let text = include_str!("../../../assays/hi.toml");
        let edited: String = text.chars().take(at).chain(junk.chars()).chain(text.chars().skip(at + 1)).collect();
        if let Err(error) = Assay::from_toml("hi.toml", &edited) {
            let message = error.to_string();
            prop_assert!(message.starts_with("hi.toml") && !message.contains('\n'), "names the file: {}", message);
        }
    }
}
