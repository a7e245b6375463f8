//! Lists: filters, pages by the key of the last row, and the same as a sheet. Every page is a transaction of its own, in
//! which the caller still may see it.

use super::{
    RUN_READ,
    ask::{self, Form},
    cursor::{self, MOST_LIMIT},
    sheet::{self, SheetRow},
    sql::Sql,
};
use crate::{Answer, Hub, Problem, auth::caller::Caller, db::DbError};
use axum::{
    Json,
    body::Body,
    http::{HeaderMap, header},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use tokio_postgres::Row;
use utoipa::ToSchema;
use uuid::Uuid;

/// A page of a list.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Page<T: ToSchema> {
    /// Its rows, in the list's order.
    pub items: Vec<T>,
    /// Where the next page begins, for `after`; null on the last one.
    pub next: Option<String>,
}

/// Where a page begins, how long it is and how it is written, as the query says.
#[derive(Clone, Copy, Debug, Default)]
pub struct Wanted<'a> {
    /// The cursor.
    pub after: Option<&'a str>,
    /// How many rows.
    pub limit: Option<u32>,
    /// `json` or `csv`.
    pub format: Option<&'a str>,
}

/// A list with its filters, as a query asks for it.
pub trait List: Send + Sync + 'static {
    /// What it is a list of.
    type Item: Serialize + SheetRow + ToSchema + Send + Sync + 'static;
    /// What a row is found by again; the list is in its order.
    type Key: Serialize + DeserializeOwned + Send;

    /// What it is called, also as a sheet; its cursors are good for no other name.
    fn name(&self) -> &'static str;
    /// What one must hold to see it.
    fn permission(&self) -> &'static str {
        RUN_READ
    }
    /// Where, how long and how.
    fn wanted(&self) -> Wanted<'_>;
    /// The statement for so many rows of an organization after a key.
    fn sql(&self, org: Uuid, after: Option<Self::Key>, rows: u32) -> Answer<Sql>;
    /// What a row says.
    fn item(&self, row: &Row) -> Result<Self::Item, DbError>;
    /// Where an item stands.
    fn key(&self, item: &Self::Item) -> Self::Key;
}

/// Answers with a page, or with a sheet of everything from the page on.
pub(crate) async fn answer<L: List>(hub: Hub, caller: Caller, headers: &HeaderMap, list: L) -> Answer<Response> {
    let wanted = list.wanted();
    let form = ask::form(headers, wanted.format)?;
    let limit = cursor::limit(wanted.limit)?;
    let after = wanted.after.map(|after| cursor::read(caller.org, list.name(), after)).transpose()?;
    match form {
        Form::Json => {
            Ok(Json(page(&hub, &caller, &list, after, limit).await?.written(caller.org, &list)?).into_response())
        }
        Form::Csv => whole_sheet(hub, caller, list, after).await,
    }
}

struct Found<L: List> {
    items: Vec<L::Item>,
    next: Option<L::Key>,
}

impl<L: List> Found<L> {
    fn written(self, org: Uuid, list: &L) -> Answer<Page<L::Item>> {
        let next = self.next.map(|key| cursor::write(org, list.name(), &key)).transpose()?;
        Ok(Page { items: self.items, next })
    }
}

async fn page<L: List>(hub: &Hub, caller: &Caller, list: &L, after: Option<L::Key>, limit: u32) -> Answer<Found<L>> {
    // One more than asked for tells whether there is a next page. Before the transaction: a filter that makes no sense
    // needs none.
    let sql = list.sql(caller.org, after, limit.saturating_add(1))?;
    let tx = caller.begin(hub, list.permission()).await?;
    let rows = sql.query(&tx).await?;
    tx.commit().await?;
    let wanted = limit as usize;
    let items = rows.iter().take(wanted).map(|row| list.item(row)).collect::<Result<Vec<_>, _>>()?;
    let next = items.last().filter(|_| rows.len() > wanted).map(|last| list.key(last));
    Ok(Found { items, next })
}

/// All rows after a key, page by page as the reader takes them. Once the answer has begun, an error can only cut it off:
/// the reader sees that the transfer was not completed.
async fn whole_sheet<L: List>(hub: Hub, caller: Caller, list: L, after: Option<L::Key>) -> Answer<Response> {
    let name = list.name();
    let first = page(&hub, &caller, &list, after, MOST_LIMIT).await?;
    let lines = async_stream::try_stream! {
        yield sheet::header::<L::Item>().map_err(Problem::from).map_err(Cut)?;
        let mut found = first;
        loop {
            yield sheet::rows(&found.items).map_err(Problem::from).map_err(Cut)?;
            let Some(next) = found.next else { break };
            found = page(&hub, &caller, &list, Some(next), MOST_LIMIT).await.map_err(Cut)?;
        }
    };
    let lines: std::pin::Pin<Box<dyn futures_util::Stream<Item = Result<bytes::Bytes, Cut>> + Send>> = Box::pin(lines);
    Ok(sheet_response(name, Body::from_stream(lines)))
}

/// A sheet as an answer.
pub(super) fn sheet_response(name: &str, body: Body) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8; header=present".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.csv\"")),
    ];
    (headers, body).into_response()
}

/// Why a sheet ends before its end.
#[derive(Debug, thiserror::Error)]
#[error("the sheet was cut off: {}", .0.detail)]
struct Cut(Problem);
