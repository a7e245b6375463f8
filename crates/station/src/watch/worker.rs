//! A worker: takes one job after the other, and outlives whatever a picture does to it.

use super::{
    Told,
    queue::{Job, Queue},
};
use crate::{
    Station,
    eyes::contained,
    intake::{
        admit::{Admitted, Admitting, shown},
        hints::Waker,
    },
    pipeline::{Ended, Pipeline},
    recover::{self, Resumed},
};
use std::sync::mpsc::Sender;
use wellread_store::{FileId, RunId};

/// What became of a job.
pub(super) struct Report {
    pub(super) job: Job,
    pub(super) outcome: Outcome,
}

pub(super) enum Outcome {
    /// It is over; what to tell of it.
    Over(Option<Told>),
    /// The file must be looked at again.
    NotYet,
    /// The file is gone.
    Gone,
    /// The system does not let the file be read.
    Unreadable(String),
    /// Something that has nothing to do with the file stood in the way.
    Trouble(anyhow::Error),
    /// The program failed on it, outside the reading of its picture.
    Panicked(String),
}

/// What workers share.
pub(super) struct Bench<'s> {
    pub(super) station: &'s Station,
    pub(super) admitting: &'s Admitting,
    pub(super) pipeline: &'s Pipeline<'s>,
    pub(super) queue: &'s Queue,
}

impl Bench<'_> {
    /// Works until the queue is closed.
    pub(super) fn work(&self, reports: &Sender<Report>, waker: &Waker) {
        while let Some(job) = self.queue.take() {
            let outcome = match contained(|| self.one(&job)) {
                Ok(done) => done.unwrap_or_else(Outcome::Trouble),
                Err(panic) => Outcome::Panicked(panic.message),
            };
            if reports.send(Report { job, outcome }).is_err() {
                return;
            }
            waker.wake();
        }
    }

    fn one(&self, job: &Job) -> anyhow::Result<Outcome> {
        match job {
            Job::Resume(run) | Job::GiveUp(run) => self.resume(*run, matches!(job, Job::GiveUp(_))),
            Job::File { found, fresh, last_call } => {
                let path = shown(&found.path);
                let admitted = self.admitting.admit(self.station, found, Job::manner(*fresh, *last_call))?;
                Ok(match admitted {
                    Admitted::Plate(plate) => {
                        let run = plate.run.id;
                        self.read(run, &path, |pipeline| pipeline.read(&plate))
                    }
                    Admitted::Duplicate { of } => Outcome::Over(Some(Told::Duplicate { path, of: self.name_of(of) })),
                    Admitted::Rejected { code, reason } => Outcome::Over(Some(Told::Rejected { path, code, reason })),
                    Admitted::Known => Outcome::Over(None),
                    Admitted::NotYet => Outcome::NotYet,
                    Admitted::Gone => Outcome::Gone,
                    Admitted::Unreadable(why) => Outcome::Unreadable(why),
                })
            }
        }
    }

    fn resume(&self, run: RunId, give_up: bool) -> anyhow::Result<Outcome> {
        let Some(run) = self.station.read(|reading| Ok(reading.find_run(run)?))? else {
            return Ok(Outcome::Over(None));
        };
        let resumed = recover::resume(self.station, &run, Some(&self.admitting.inbox), &self.admitting.pattern)?;
        let Resumed::Plate(plate) = resumed else { return Ok(Outcome::Over(None)) };
        let path = plate.file_name.clone();
        if give_up {
            let ended = self.pipeline.give_up(&plate, run.tries)?;
            return Ok(Outcome::Over(Some(Told::Run { path, ended })));
        }
        Ok(self.read(run.id, &path, |pipeline| pipeline.read(&plate)))
    }

    /// Reads a plate that was promised. Trouble from here on leaves the promise, which is then taken up as such; only
    /// the end of the program leaves the try noted as well.
    fn read(&self, run: RunId, path: &str, read: impl FnOnce(&Pipeline<'_>) -> anyhow::Result<Ended>) -> Outcome {
        if let Err(error) = self.station.write(|writing| Ok(writing.start_run(run)?)) {
            return Outcome::Trouble(error.context(Promised(run)));
        }
        match read(self.pipeline) {
            Ok(ended) => Outcome::Over(Some(Told::Run { path: path.to_owned(), ended })),
            Err(error) => {
                // What stood in the way of the recording may stand in the way of this too. Then a try too many is
                // noted, and only after several such starts would the plate have to wait for the others.
                let _ = self.station.write(|writing| Ok(writing.put_back_run(run)?));
                Outcome::Trouble(error.context(Promised(run)))
            }
        }
    }

    fn name_of(&self, file: FileId) -> String {
        self.station.read(|reading| Ok(reading.intake_file(file)?.path_text)).unwrap_or_else(|_| file.to_string())
    }
}

/// Marks trouble that came after a run was promised.
#[derive(Clone, Copy, Debug)]
pub(super) struct Promised(pub(super) RunId);

impl std::fmt::Display for Promised {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "run {} waits", self.0)
    }
}
