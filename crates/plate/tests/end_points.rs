//! The end-point rules, one drawn series at a time: `+` positive, `-` negative, `?` invalid.

use wellread_plate::{
    class::Call,
    end_point::{
        Rule, RuleName,
        SeriesFlag::{
            self, InvalidInRun, InvalidWell, LeadingGap, NoValidWells, OpenEnded, SeveralTransitions, SkippedWell,
        },
        end_point,
    },
    interpret::CallFlag,
};

const RUN: Rule = Rule::Run { max_leading_gap: 1, max_skip: 1 };

fn calls(drawn: &str) -> Vec<Call> {
    let call = |letter| match letter {
        '+' => Call::Positive,
        '-' => Call::Negative,
        '?' => Call::Invalid,
        other => panic!("'{other}' draws no call"),
    };
    drawn.chars().map(call).collect()
}

#[track_caller]
fn check(rule: Rule, drawn: &str, step: u8, flags: &[SeriesFlag], reason: &str) {
    let found = end_point(&calls(drawn), rule);
    assert_eq!(found.step, Some(step), "end point of {drawn}: {reason}");
    assert_eq!(found.flags, flags, "flags of {drawn}: {reason}");
}

#[test]
fn a_clean_run_ends_at_its_last_positive_under_every_rule() {
    for rule in [RUN, Rule::Strict, Rule::Highest] {
        check(rule, "+++++-------", 5, &[], "five positives, then none");
        check(rule, "------------", 0, &[], "no positive at all is end point 0, a result without oddity");
        check(rule, "++++++++++++", 12, &[OpenEnded], "the last well is positive, so the titre is at least this");
    }
}

#[test]
fn the_run_rule_forgives_a_prozone_up_to_its_limit() {
    check(RUN, "-++++-------", 5, &[LeadingGap], "one leading well is forgiven, and said");
    check(RUN, "--+++-------", 0, &[LeadingGap, SeveralTransitions], "two are not: the run does not count");
    let none = Rule::Run { max_leading_gap: 0, max_skip: 1 };
    check(none, "-++++-------", 0, &[LeadingGap, SeveralTransitions], "without tolerance one is too many");
}

#[test]
fn the_run_rule_bridges_single_gaps_up_to_its_limit() {
    check(RUN, "+++-++------", 6, &[SkippedWell], "one single gap is bridged, and said");
    check(
        RUN,
        "+++--+------",
        3,
        &[SeveralTransitions],
        "a gap of two wells ends the run; the positive beyond is said",
    );
    check(RUN, "++-+-+------", 4, &[SkippedWell, SeveralTransitions], "the second gap ends the run");
    let two = Rule::Run { max_leading_gap: 1, max_skip: 2 };
    check(two, "++-+-+------", 6, &[SkippedWell], "with two gaps allowed, both are bridged");
    let no = Rule::Run { max_leading_gap: 1, max_skip: 0 };
    check(no, "+-++--------", 1, &[SeveralTransitions], "with none allowed, the first gap ends it");
    check(RUN, "-+-++-------", 5, &[LeadingGap, SkippedWell], "leading gap and skip are forgiven independently");
    check(RUN, "+++++++++-+-", 11, &[SkippedWell], "a gap near the end is a gap like any other");
    check(RUN, "++++++++++-+", 12, &[SkippedWell, OpenEnded], "bridged up to the last well, the end is open");
}

#[test]
fn the_strict_rule_wants_an_unbroken_run_from_the_first_well() {
    check(Rule::Strict, "+++-++------", 3, &[SeveralTransitions], "the first gap ends it; what follows is said");
    check(Rule::Strict, "-++++-------", 0, &[LeadingGap, SeveralTransitions], "it must start in the first well");
}

#[test]
fn the_old_rule_takes_the_highest_positive_and_flags_no_shape() {
    check(Rule::Highest, "+++-----+---", 9, &[], "the old system reads a lone positive far out without a word");
    check(Rule::Highest, "---++-------", 5, &[], "nor does it care where the run starts");
}

#[test]
fn an_invalid_well_is_never_silently_negative_or_positive() {
    check(RUN, "++?---------", 2, &[InvalidInRun], "were it positive, the end point would be 3");
    check(RUN, "++?++-------", 5, &[SkippedWell, InvalidInRun], "bridged like a gap, but said to be unusable");
    check(RUN, "?++++-------", 5, &[LeadingGap, InvalidInRun], "an unusable first well counts as a leading gap");
    check(RUN, "+++-?-------", 3, &[InvalidInRun], "were it positive, the gap before it would be bridged");
    check(
        RUN,
        "-?-++-------",
        0,
        &[LeadingGap, SeveralTransitions, InvalidInRun],
        "were it positive, a run began in time",
    );
    check(RUN, "+++---?-----", 3, &[InvalidWell], "too far out to move the end point: said, but harmless");
    check(RUN, "+++?????????", 3, &[InvalidInRun], "the rest is unusable, so the end may lie anywhere behind");
    check(
        Rule::Strict,
        "+?+---------",
        1,
        &[SeveralTransitions, InvalidInRun],
        "were it positive, strict would reach 3",
    );
    check(Rule::Strict, "++--?-------", 2, &[InvalidWell], "strict ended two wells before it");
    check(Rule::Highest, "++?+--------", 4, &[InvalidWell], "a higher positive stands, whatever the well was");
    check(Rule::Highest, "++---?------", 2, &[InvalidInRun], "were it positive, it would be the highest");
}

#[test]
fn a_series_without_any_usable_well_has_no_end_point() {
    for drawn in ["????????????", ""] {
        for rule in [RUN, Rule::Strict, Rule::Highest, Rule::Mic] {
            let found = end_point(&calls(drawn), rule);
            assert_eq!(found.step, None, "'{drawn}': 0 would claim that somebody saw negatives");
            assert_eq!(found.flags, [NoValidWells], "'{drawn}': and it is said");
        }
    }
}

#[test]
fn the_mic_rule_counts_wells_without_growth_from_the_highest_concentration() {
    check(Rule::Mic, "----++++++", 4, &[], "four concentrations inhibit (growth is +)");
    check(Rule::Mic, "++++++++++", 0, &[], "nothing inhibits");
    check(Rule::Mic, "----------", 10, &[OpenEnded], "everything inhibits: the MIC lies at or below the lowest");
    check(
        Rule::Mic,
        "---+-+++++",
        3,
        &[SkippedWell],
        "above the MIC nothing may grow, so the lone clear well is skipped",
    );
    check(Rule::Mic, "--+-+-++++", 2, &[SkippedWell, SeveralTransitions], "twice out of turn");
    check(Rule::Mic, "+---++++++", 0, &[SkippedWell], "growth at the top is no MIC, whatever follows");
    check(Rule::Mic, "---?++++++", 3, &[InvalidInRun], "were it clear, the MIC would be one step lower");
    check(Rule::Mic, "---++?++++", 3, &[InvalidWell], "growth stands above it, so it decides nothing");
}

#[test]
fn only_what_can_change_a_result_asks_for_review() {
    for flag in [LeadingGap, SkippedWell, SeveralTransitions, InvalidInRun] {
        assert!(flag.needs_review(), "{flag:?}: another rule, or another look, may give another end point");
    }
    for flag in [OpenEnded, InvalidWell, NoValidWells] {
        assert!(!flag.needs_review(), "{flag:?}: the result stands as it is");
    }
}

#[test]
fn results_name_the_rule_that_decided() {
    let names = [RUN, Rule::Strict, Rule::Highest, Rule::Mic].map(Rule::name);
    let expected = [RuleName::Run, RuleName::Strict, RuleName::Highest, RuleName::Mic];
    assert_eq!(names, expected, "each rule has its own name");
    insta::assert_json_snapshot!("rule_names", names);
}

#[test]
fn names_shown_to_people_are_those_that_results_carry() {
    let json = |value: serde_json::Value| value.as_str().map(str::to_owned);
    for flag in SeriesFlag::ALL {
        let carried = json(serde_json::to_value(flag).expect("a flag is plain JSON"));
        assert_eq!(carried.as_deref(), Some(flag.as_str()), "one name for one series flag");
    }
    for flag in CallFlag::ALL {
        let carried = json(serde_json::to_value(flag).expect("a flag is plain JSON"));
        assert_eq!(carried.as_deref(), Some(flag.as_str()), "one name for one well flag");
    }
    for rule in [RUN, Rule::Strict, Rule::Highest, Rule::Mic].map(Rule::name) {
        let carried = json(serde_json::to_value(rule).expect("a rule is plain JSON"));
        assert_eq!(carried.as_deref(), Some(rule.as_str()), "one name for one rule");
    }
    for call in [Call::Positive, Call::Negative, Call::Invalid] {
        let carried = json(serde_json::to_value(call).expect("a call is plain JSON"));
        assert_eq!(carried, Some(call.to_string()), "one name for one call");
    }
}

/// The pictures of the documentation are what people trust, so each line of them is played through the rule.
#[test]
fn the_pictures_of_the_documentation_are_true() {
    let page = include_str!("../../../docs/assays.md");
    let pictures = page.lines().filter(|line| line.len() > 20 && line.chars().take(15).all(|c| "+-? ".contains(c)));
    let run_pictures: Vec<&str> = pictures.filter(|line| !line.contains("mg/L") && !line.starts_with(' ')).collect();
    assert_eq!(run_pictures.len(), 13, "eight of shapes and five of invalid wells");
    for line in run_pictures {
        let (drawn, said) = line.split_at(15);
        let mut words = said.split_whitespace();
        let step: Option<u8> = words.next().and_then(|word| word.parse().ok());
        let found = end_point(&calls(&drawn.replace(' ', "")), RUN);
        assert_eq!(found.step, step, "end point of the picture: {line}");
        let names: Vec<&str> = SeriesFlag::ALL.iter().map(|flag| flag.as_str()).collect();
        let flags: Vec<&str> =
            words.map(|word| word.trim_end_matches(',')).filter(|word| names.contains(word)).collect();
        let shown: Vec<&str> = found.flags.iter().map(|flag| flag.as_str()).collect();
        assert_eq!(shown, flags, "flags of the picture: {line}");
    }
}
