//! Signatures: a named person stands for a run, with the password given again and a meaning stated.

use crate::{
    Problem, Station,
    people::{Permission, Session},
    pipeline::stored_assay,
};
use wellread_store::{Meaning, NewSignature, Reading, RunId, Signature};

impl Station {
    /// Signs a run as it is. `seen` is the run's newest event that the signer knew of; `None` is for who has just
    /// looked. Any later review voids the signature.
    pub fn sign(
        &self,
        session: &Session,
        password: &str,
        run: RunId,
        meaning: Meaning,
        seen: Option<i64>,
    ) -> anyhow::Result<Signature> {
        self.confirm_password(session, password)?;
        let id = self.clock().id()?;
        let permission = match meaning {
            Meaning::Performed | Meaning::Reviewed => Permission::RunSign,
            Meaning::Approved => Permission::RunApprove,
        };
        self.act(session, permission, |writing| {
            if meaning == Meaning::Approved && is_own_work(writing, session, run)? {
                let assay = stored_assay(writing, &writing.run(run)?.assay)?;
                if !assay.approve_own_work {
                    let told = format!(
                        "who reviewed or signed a run does not approve it: ask somebody else (assay '{}' allows it \
                         where `review.approve_own_work` is true)",
                        assay.id
                    );
                    return Err(Problem::refused(told).into());
                }
            }
            let covers_seq = match seen {
                Some(seen) => seen,
                None => writing.run_state(run)?.last_event_seq,
            };
            Ok(writing.sign(&NewSignature { id, run, meaning, covers_seq })?)
        })
    }
}

fn is_own_work(reading: &Reading<'_>, session: &Session, run: RunId) -> anyhow::Result<bool> {
    let user = session.user();
    let reviewed = reading.events(run)?.iter().any(|event| event.user == Some(user) && !event.undone);
    let signed = reading.signatures(run)?.iter().any(|known| known.user == user && !known.void);
    Ok(reviewed || signed || reading.run(run)?.created_by == Some(user))
}
