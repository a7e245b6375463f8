//! From the database to what is reported of a sample: its plates that count, with everything decided about them.

use crate::{
    Problem, Station,
    blobs::{BlobError, Blobs},
    deliver::sample::{
        AuditHead, Meaning, Moment, Picture, PictureEncoding, PlateReport, SampleReport, SeriesReport, Signature,
        WellReport, WellReview,
    },
    judged::Judged,
};
use std::collections::BTreeMap;
use wellread_plate::{
    assay::{Assay, Scale},
    format::WellId,
    interpret::{CalledWell, SeriesResult},
    summary::{TitreSummary, summarise},
};
use wellread_store::{ImageKind, Now, Override, Reading, RunId, SampleSummary, TitreScale};

/// What is asked of a report.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wanted<'a> {
    pub(crate) sample_no: &'a str,
    pub(crate) test_no: &'a str,
    pub(crate) revision: u32,
    pub(crate) generated: Now,
    /// Whether the annotated picture belongs in it.
    pub(crate) picture: bool,
}

impl Station {
    pub(crate) fn sample_report(&self, reading: &Reading<'_>, wanted: Wanted<'_>) -> anyhow::Result<SampleReport> {
        let Wanted { sample_no, test_no, revision, generated, picture } = wanted;
        let sample = reading.sample(sample_no)?.ok_or_else(|| Problem::not_found("sample", sample_no))?;
        let runs = reading.counted_runs(sample_no)?;
        if runs.is_empty() {
            let told = format!("sample {sample_no} has no accepted plate yet: review its runs first");
            return Err(Problem::refused(told).into());
        }
        let plates = runs.iter().map(|run| plate_report(reading, *run)).collect::<anyhow::Result<Vec<_>>>()?;
        let picture = match runs.last().filter(|_| picture) {
            Some(run) => annotated_picture(reading, self.blobs(), *run)?,
            None => None,
        };
        let head = reading.audit_head()?;
        Ok(SampleReport {
            sample_no: sample_no.to_owned(),
            submission_no: submission_no(reading, &runs)?,
            test_no: Some(test_no.to_owned()).filter(|number| !number.is_empty()),
            station: self.identity().name.clone(),
            plates,
            statistics: statistics(reading, &runs, &sample)?,
            distribution: sample.distribution,
            signatures: signatures(reading, &runs)?,
            audit_head: head.map(|head| AuditHead { seq: head.seq.unsigned_abs(), hash: head.hash.to_string() }),
            picture,
            generated: moment(generated),
            revision,
        })
    }
}

const fn moment(at: Now) -> Moment {
    Moment { utc_ms: at.utc_ms, offset_min: at.offset_min }
}

fn submission_no(reading: &Reading<'_>, runs: &[RunId]) -> anyhow::Result<Option<String>> {
    // The newest plate's number is what the laboratory goes by now.
    for run in runs.iter().rev() {
        let number = reading.run_state(*run)?.identity.submission_no;
        if !number.is_empty() {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// Statistics of titres, where all plates have one scale.
fn statistics(reading: &Reading<'_>, runs: &[RunId], sample: &SampleSummary) -> anyhow::Result<Option<TitreSummary>> {
    let mut scales: Vec<Option<TitreScale>> = Vec::new();
    for run in runs {
        scales.push(reading.run(*run)?.scale);
    }
    let Some((Some(first), others)) = scales.split_first() else { return Ok(None) };
    let one = others.iter().all(|scale| scale.as_ref() == Some(first));
    Ok(one.then(|| summarise(&sample.distribution, &first.dilution, first.below_first, first.cut_off)))
}

fn plate_report(reading: &Reading<'_>, run: RunId) -> anyhow::Result<PlateReport> {
    let judged = Judged::load(reading, run)?;
    let made = judged.with(&judged.calls());
    let reviews = reading.overrides(run)?;
    let identity = reading.run_state(run)?.identity;
    let wells = judged.wells.iter().zip(&made.wells).map(|(seen, last)| well_report(seen, last, &reviews));
    let judge = judged.run.models.iter().find(|model| matches!(model.kind.as_str(), "well-classifier" | "detector"));
    let model = judge.or(judged.run.models.first()).map(|model| format!("{} {}", model.name, model.version));
    Ok(PlateReport {
        plate_no: identity.plate_no,
        run_id: run.to_string(),
        image_sha256: judged.run.image_sha256.to_string(),
        assay_id: judged.run.assay.id.clone(),
        assay_version: judged.run.assay.version,
        model: model.unwrap_or_default(),
        read_at: moment(judged.run.predict_at),
        wells: wells.collect(),
        series: made.series.iter().map(|series| series_report(series, &judged.assay)).collect(),
        validity_failures: made.validity_failures,
    })
}

fn well_report(seen: &CalledWell, last: &CalledWell, reviews: &BTreeMap<WellId, Override>) -> WellReport {
    let review = reviews.get(&seen.well).map(|review| {
        let words = [review.reason_code.as_str(), review.reason_text.as_str()];
        let reason = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(": ");
        WellReview { by: review.actor.clone(), reason }
    });
    WellReport {
        well: seen.well,
        role: seen.role,
        ai_class: seen.class.clone(),
        ai_label: seen.label,
        confidence: seen.confidence,
        final_class: last.class.clone(),
        final_label: last.label,
        flags: seen.flags.clone(),
        review,
    }
}

fn series_report(series: &SeriesResult, assay: &Assay) -> SeriesReport {
    let first_titre = assay.series.as_ref().and_then(|layout| match &layout.scale {
        Scale::Dilution { dilution, .. } => dilution.titre(1),
        Scale::Concentration(_) => None,
    });
    SeriesReport {
        series: series.series.clone(),
        role: series.role,
        end_point: series.end_point,
        titre: series.titre,
        first_titre,
        mic: series.mic.clone(),
        flags: series.flags.clone(),
    }
}

fn signatures(reading: &Reading<'_>, runs: &[RunId]) -> anyhow::Result<Vec<Signature>> {
    let mut all = Vec::new();
    for run in runs {
        for known in reading.signatures(*run)?.into_iter().filter(|known| !known.void) {
            let user = reading.user(known.user)?;
            let full = [user.first_name.as_str(), user.last_name.as_str()].join(" ");
            let by = if full.trim().is_empty() { known.username } else { full.trim().to_owned() };
            let meaning = match known.meaning {
                wellread_store::Meaning::Performed => Meaning::Performed,
                wellread_store::Meaning::Reviewed => Meaning::Reviewed,
                wellread_store::Meaning::Approved => Meaning::Approved,
            };
            all.push(Signature { by, meaning, at: moment(known.at) });
        }
    }
    Ok(all)
}

fn annotated_picture(reading: &Reading<'_>, blobs: &Blobs, run: RunId) -> anyhow::Result<Option<Picture>> {
    let Some(image) = reading.images(run)?.into_iter().find(|image| image.kind == ImageKind::Annotated) else {
        return Ok(None);
    };
    let encoding = match image.mime_type.as_str() {
        "image/jpeg" => PictureEncoding::Jpeg,
        "image/png" => PictureEncoding::Png,
        _ => return Ok(None),
    };
    match blobs.get(&image.sha256.to_string()) {
        Ok(bytes) => Ok(Some(Picture { encoding, bytes })),
        // The results are not less true without it; `verify` tells of the picture.
        Err(BlobError::Missing { .. } | BlobError::Corrupt { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}
