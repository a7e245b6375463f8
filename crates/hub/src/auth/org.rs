//! Which organization somebody means, before anybody is known.

use super::caller::get;
use crate::{
    Answer, Hub,
    db::{Tx, p},
};
use uuid::Uuid;

/// An organization that people may sign in to.
#[derive(Clone, Debug)]
pub(crate) struct Org {
    pub(crate) id: Uuid,
    pub(crate) slug: String,
    pub(crate) name: String,
}

/// A transaction of the organization with this short name, if there is one that people may sign in to. It has seen
/// nothing of any other.
pub(crate) async fn enter(hub: &Hub, slug: &str) -> Answer<(Tx, Option<Org>)> {
    let slug = slug.trim().to_lowercase();
    let tx = hub.db.by_slug(&slug).await?;
    let found = tx
        .query_opt(
            "SELECT org_id, slug, name FROM auth.organizations
             WHERE slug = $1 AND status = 'active' AND deleted_at IS NULL",
            &[p(&slug)],
        )
        .await?;
    let Some(row) = found else { return Ok((tx, None)) };
    let org = Org { id: get(&row, 0)?, slug: get(&row, 1)?, name: get(&row, 2)? };
    tx.query("SELECT set_config('app.org_id', $1, true)", &[p(&org.id.to_string())]).await?;
    Ok((tx, Some(org)))
}
