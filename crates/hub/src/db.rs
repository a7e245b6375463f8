//! The one gate to PostgreSQL: transactions that say whose they are.
//!
//! No statement is prepared under a name and nothing is set for a session, so that `PgBouncer` may hand another
//! connection to every transaction. A statement's parameters bring their types ([`p`]).

mod server;

use crate::problem::Problem;
use chrono::{DateTime, Utc};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, PoolError, RecyclingMethod, Runtime, Timeouts};
use futures_util::future::join;
use serde_json::Value;
use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};
use tokio_postgres::{
    Row,
    error::SqlState,
    types::{ToSql, Type},
};
use uuid::Uuid;

pub use server::{Server, Wire};

/// For how long a transaction that was given up may take to be taken back.
const ROLLBACK_WITHIN: Duration = Duration::from_secs(2);

/// A parameter and its type.
pub type Param<'a> = (&'a (dyn ToSql + Sync), Type);

/// The database.
#[derive(Clone, Debug)]
pub struct Db {
    pool: Pool,
}

/// A transaction. Dropped without [`Tx::commit`] it is rolled back.
#[derive(Debug)]
pub struct Tx {
    connection: Option<Object>,
    /// What opens it and says whose it is, until it was sent.
    opening: Mutex<Option<String>>,
}

/// Why a statement failed, where it matters to the caller.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The rows themselves cannot be: SQLSTATE class 22 or 23. Trying again is of no use.
    #[error("{message}")]
    Rows {
        /// The SQLSTATE.
        code: String,
        /// The server's words.
        message: String,
        /// The constraint that forbids them, where there is one.
        constraint: String,
    },
    /// Anything else; it may pass.
    #[error("the database does not answer as it should: {0}")]
    Passing(String),
}

impl From<tokio_postgres::Error> for DbError {
    fn from(error: tokio_postgres::Error) -> Self {
        match error.as_db_error() {
            Some(told) if matches!(told.code().code().get(..2), Some("22" | "23")) => Self::Rows {
                code: told.code().code().to_owned(),
                message: told.message().to_owned(),
                constraint: told.constraint().unwrap_or_default().to_owned(),
            },
            Some(told) => Self::Passing(format!("{} ({})", told.message(), told.code().code())),
            None => Self::Passing(server::explained(&error)),
        }
    }
}

impl DbError {
    /// Whether a row with this key was there already.
    pub fn is_duplicate(&self) -> bool {
        matches!(self, Self::Rows { code, .. } if code == SqlState::UNIQUE_VIOLATION.code())
    }
}

impl From<DbError> for Problem {
    fn from(error: DbError) -> Self {
        match &error {
            DbError::Rows { code, message, constraint } => {
                tracing::warn!(code, constraint, "rows refused: {message}");
                Self::invalid(format!("the database refuses it: {message}"))
            }
            DbError::Passing(why) => {
                tracing::error!("database: {why}");
                Self::unavailable("the database does not answer just now: try again in a moment")
            }
        }
    }
}

impl Db {
    /// A pool of at most so many connections, made when they are needed.
    pub fn new(server: &Server, connections: usize) -> anyhow::Result<Self> {
        let manager = ManagerConfig { recycling_method: RecyclingMethod::Fast };
        let wait = Some(Duration::from_secs(10));
        let pool = Pool::builder(Manager::from_config(server.config.clone(), server.tls.clone(), manager))
            .max_size(connections)
            .runtime(Runtime::Tokio1)
            .timeouts(Timeouts { wait, create: wait, recycle: wait })
            .build()?;
        Ok(Self { pool })
    }

    /// A transaction of an organization. Nothing of another one can be seen or written in it.
    pub async fn org(&self, org: Uuid) -> Result<Tx, DbError> {
        self.begin(&format!("SELECT set_config('app.org_id', '{}', true)", org.hyphenated())).await
    }

    /// A transaction that sees the organization with this short name and nothing else of any: for finding out its id.
    pub async fn by_slug(&self, slug: &str) -> Result<Tx, DbError> {
        let tx = self.nobody().await?;
        tx.query("SELECT set_config('app.org_slug', $1, true)", &[p(&slug)]).await?;
        Ok(tx)
    }

    /// A transaction of no organization: it sees what belongs to the hub itself.
    pub async fn nobody(&self) -> Result<Tx, DbError> {
        self.begin("SELECT set_config('app.org_id', '', true)").await
    }

    async fn begin(&self, whose: &str) -> Result<Tx, DbError> {
        let connection = self.pool.get().await.map_err(|why| match why {
            PoolError::Backend(why) => why.into(),
            other => DbError::Passing(other.to_string()),
        })?;
        Ok(Tx { connection: Some(connection), opening: Mutex::new(Some(format!("BEGIN; {whose}"))) })
    }

    /// Connections in use, and the most there may be.
    pub fn in_use(&self) -> (usize, usize) {
        let status = self.pool.status();
        (status.size.saturating_sub(status.available), status.max_size)
    }
}

impl Tx {
    fn connection(&self) -> Result<&Object, DbError> {
        self.connection.as_ref().ok_or_else(|| DbError::Passing("the transaction is over".to_owned()))
    }

    fn opening(&self) -> Option<String> {
        self.opening.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Does a statement. The first one goes right behind what opens the transaction, without waiting for the answer to
    /// that: the server does them in the order in which they come.
    async fn behind_opening<T>(
        &self,
        statement: impl Future<Output = Result<T, tokio_postgres::Error>>,
    ) -> Result<T, DbError> {
        let Some(opening) = self.opening() else { return Ok(statement.await?) };
        // In this order: a statement is sent when it is first asked how far it is.
        let (opened, done) = join(self.connection()?.batch_execute(&opening), statement).await;
        opened?;
        Ok(done?)
    }

    /// The rows that a statement returns.
    pub async fn query(&self, sql: &str, params: &[Param<'_>]) -> Result<Vec<Row>, DbError> {
        self.behind_opening(self.connection()?.query_typed(sql, params)).await
    }

    /// The first row that a statement returns.
    pub async fn query_opt(&self, sql: &str, params: &[Param<'_>]) -> Result<Option<Row>, DbError> {
        Ok(self.query(sql, params).await?.into_iter().next())
    }

    /// The first row of a statement that always returns one.
    pub async fn query_one(&self, sql: &str, params: &[Param<'_>]) -> Result<Row, DbError> {
        self.query_opt(sql, params).await?.ok_or_else(|| DbError::Passing(format!("no row came of: {sql}")))
    }

    /// How many rows a statement changed.
    pub async fn execute(&self, sql: &str, params: &[Param<'_>]) -> Result<u64, DbError> {
        self.behind_opening(self.connection()?.execute_typed(sql, params)).await
    }

    /// Statements without parameters: savepoints and the like.
    pub async fn batch(&self, sql: &str) -> Result<(), DbError> {
        self.behind_opening(self.connection()?.batch_execute(sql)).await
    }

    /// Makes everything of it true. An error leaves it unknown whether it did.
    pub async fn commit(mut self) -> Result<(), DbError> {
        if self.opening().is_none() {
            self.batch("COMMIT").await?;
        }
        // Only now: a connection that goes back to the pool is in no transaction.
        drop(self.connection.take());
        Ok(())
    }

    /// Takes everything of it back.
    pub async fn rollback(mut self) -> Result<(), DbError> {
        if self.opening().is_none() {
            self.batch("ROLLBACK").await?;
        }
        drop(self.connection.take());
        Ok(())
    }
}

impl Drop for Tx {
    /// Takes it back without anybody waiting. A connection that does not answer in time, perhaps because it was given up in
    /// the middle of a statement, is closed, and the server takes back what it had begun.
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        if self.opening().is_some() {
            return;
        }
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            drop(Object::take(connection));
            return;
        };
        runtime.spawn(async move {
            let taken_back = tokio::time::timeout(ROLLBACK_WITHIN, connection.batch_execute("ROLLBACK")).await;
            if !matches!(taken_back, Ok(Ok(()))) {
                drop(Object::take(connection));
            }
        });
    }
}

/// A Rust type and the SQL type it is sent as.
pub trait SqlType {
    /// The type of one.
    const ONE: Type;
    /// The type of many.
    const MANY: Type;
}

macro_rules! sql_types {
    ($($rust:ty => $one:ident, $many:ident;)+) => {
        $(impl SqlType for $rust {
            const ONE: Type = Type::$one;
            const MANY: Type = Type::$many;
        })+
    };
}

sql_types! {
    Uuid => UUID, UUID_ARRAY;
    String => TEXT, TEXT_ARRAY;
    &str => TEXT, TEXT_ARRAY;
    i16 => INT2, INT2_ARRAY;
    i32 => INT4, INT4_ARRAY;
    i64 => INT8, INT8_ARRAY;
    f64 => FLOAT8, FLOAT8_ARRAY;
    bool => BOOL, BOOL_ARRAY;
    Value => JSONB, JSONB_ARRAY;
    DateTime<Utc> => TIMESTAMPTZ, TIMESTAMPTZ_ARRAY;
}

impl<T: SqlType> SqlType for Option<T> {
    const ONE: Type = T::ONE;
    const MANY: Type = T::MANY;
}

impl<T: SqlType> SqlType for Vec<T> {
    const ONE: Type = T::MANY;
    const MANY: Type = T::MANY;
}

/// A parameter with its type.
pub fn p<T: SqlType + ToSql + Sync>(value: &T) -> Param<'_> {
    (value, T::ONE)
}
