//! The records that wait for headquarters. How the way there is, is told by [`crate::sync`].

use crate::{
    Station,
    people::{Permission, Session},
};
use wellread_store::{Listed, OutboxRecord, Page};

impl Station {
    /// Records that wait, newest first.
    pub fn outbox(&self, session: &Session, page: Page) -> anyhow::Result<Listed<OutboxRecord>> {
        self.ask(session, Permission::RunRead, |reading| Ok(reading.outbox_page(page)?))
    }
}
