//! A hub on a real port with a real database, and stations and people that talk to it over HTTP.

mod plate;
mod station;
mod until;

pub use plate::{Plate, WELLS};
pub use station::{Answered, Stored, TestStation};
pub(crate) use until::until;

use serde_json::{Value, json};
use std::net::SocketAddr;
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_postgres::{Client, NoTls, types::ToSql};
use uuid::Uuid;
use wellread_hub::{
    Hub,
    auth::keys::{Claims, TokenKind},
    config::{Config, ObjectsAt},
    db::p,
    http, serve,
    station::enrol_code::{self, CodeWanted},
    tls,
};
use wellread_testdb::{Database, Postgres};

/// A hub of this process.
pub struct TestHub {
    pub database: Database,
    pub folder: TempDir,
    pub hub: Hub,
    pub url: String,
    /// A connection that row-level security does not hold.
    pub sql: Client,
    task: JoinHandle<()>,
}

/// An organization.
#[derive(Clone, Debug)]
pub struct Org {
    pub id: Uuid,
    pub slug: String,
}

impl TestHub {
    pub async fn start() -> Self {
        Self::start_with(|config| config).await
    }

    pub async fn start_with(change: impl FnOnce(Config) -> Config) -> Self {
        tls::provide();
        let database = Postgres::shared().unwrap().database().unwrap();
        let folder = TempDir::new().unwrap();
        let objects = ObjectsAt::Folder(folder.path().join("objects"));
        let config = Config { rate_per_s: 0, rate_login_per_min: 0, ..Config::plain(database.app_url(), objects) };
        let (hub, url, task) = served(change(config)).await;
        let sql = connected(&database.superuser_url()).await;
        Self { database, folder, hub, url, sql, task }
    }

    /// Stops it and starts it again, on the same database and blobs.
    pub async fn restart(&mut self) {
        self.task.abort();
        let (hub, url, task) = served(self.hub.config.clone()).await;
        (self.hub, self.url, self.task) = (hub, url, task);
        self.sql = connected(&self.database.superuser_url()).await;
    }

    /// Connects again to a database whose connections were cut, and leaves its epoch and generation as they are.
    pub async fn restart_bare(&mut self) {
        self.task.abort();
        self.hub = serve::bare(self.hub.config.clone()).await.unwrap();
        self.sql = connected(&self.database.superuser_url()).await;
    }

    pub async fn org(&self, slug: &str) -> Org {
        let id = self.hub.id().unwrap();
        let tx = self.hub.db.org(id).await.unwrap();
        tx.query(
            "SELECT auth.fn_add_organization($1, $2, $3)",
            &[p(&id), p(&slug), p(&format!("The {slug} laboratory"))],
        )
        .await
        .unwrap();
        tx.commit().await.unwrap();
        Org { id, slug: slug.to_owned() }
    }

    /// A code to enrol with.
    pub async fn code(&self, org: &Org) -> String {
        self.code_as(org, &CodeWanted::default()).await
    }

    /// A code that lets a station that is known have another key.
    pub async fn code_for(&self, org: &Org, station: Uuid) -> String {
        self.code_as(org, &CodeWanted { station: Some(station), ..CodeWanted::default() }).await
    }

    async fn code_as(&self, org: &Org, wanted: &CodeWanted) -> String {
        let tx = self.hub.db.org(org.id).await.unwrap();
        let made = enrol_code::create(&self.hub, &tx, org.id, None, wanted).await.unwrap();
        tx.commit().await.unwrap();
        made.code
    }

    /// A station that is enrolled and has a token.
    pub async fn station(&self, org: &Org) -> TestStation {
        let mut station = TestStation::new(self, org);
        station.enrol(&self.code(org).await).await.good();
        station.authenticate().await.good();
        station
    }

    /// An account with a role, and its access token.
    pub async fn person(&self, org: &Org, username: &str, role: &str) -> Person {
        let (id, session) = (self.hub.id().unwrap(), self.hub.id().unwrap());
        let now = self.hub.clock.now();
        let email = format!("{username}@{}.example", org.slug);
        self.run(
            "INSERT INTO auth.users (org_id, id, email, username, password) VALUES ($1, $2, $3, $4, '$argon2id$v=19$none')",
            &[&org.id, &id, &email, &username],
        )
        .await;
        self.run("INSERT INTO auth.memberships (org_id, user_id) VALUES ($1, $2)", &[&org.id, &id]).await;
        self.run(
            "INSERT INTO auth.user_roles (org_id, user_id, role_id) SELECT $1, $2, id FROM auth.roles
             WHERE org_id = $1 AND name = $3",
            &[&org.id, &id, &role],
        )
        .await;
        self.run(
            "INSERT INTO auth.refresh_tokens (org_id, id, user_id, token, family, expires_at)
             VALUES ($1, $2::uuid, $3::uuid, md5($2::uuid::text) || md5($3::uuid::text), $2::uuid, now() + interval '30 days')",
            &[&org.id, &session, &id],
        )
        .await;
        let (iat, exp) = (now.timestamp(), now.timestamp() + 3_600);
        let claims = Claims { kind: TokenKind::Person, sub: id, org: org.id, session, iat, exp };
        Person { id, token: self.hub.keys.sign(&claims).unwrap(), url: self.url.clone() }
    }

    /// Changes rows whatever organization they are of.
    pub async fn run(&self, sql: &str, params: &[&(dyn ToSql + Sync)]) -> u64 {
        self.sql.execute(sql, params).await.unwrap()
    }

    /// The one value that a question to the database has for an answer.
    pub async fn one<T: for<'a> tokio_postgres::types::FromSql<'a>>(
        &self,
        sql: &str,
        params: &[&(dyn ToSql + Sync)],
    ) -> T {
        self.sql.query_one(sql, params).await.unwrap().get(0)
    }

    pub async fn count(&self, table: &str) -> i64 {
        self.one(&format!("SELECT count(*) FROM {table}"), &[]).await
    }
}

impl Drop for TestHub {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn served(config: Config) -> (Hub, String, JoinHandle<()>) {
    let hub = serve::open(config).await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let app = http::router(hub.clone()).into_make_service_with_connect_info::<SocketAddr>();
    (hub, url, tokio::spawn(async move { axum::serve(listener, app).await.unwrap() }))
}

pub async fn connected(url: &str) -> Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// Somebody at headquarters.
pub struct Person {
    pub id: Uuid,
    pub token: String,
    url: String,
}

impl Person {
    pub async fn get(&self, path: &str) -> Answered {
        Answered::of(client().get(format!("{}{path}", self.url)).bearer_auth(&self.token)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answered {
        Answered::of(client().post(format!("{}{path}", self.url)).bearer_auth(&self.token).json(body)).await
    }

    pub async fn delete(&self, path: &str) -> Answered {
        Answered::of(client().delete(format!("{}{path}", self.url)).bearer_auth(&self.token)).await
    }

    pub async fn retry(&self, station: Uuid, incarnation: i32, seq: i64) -> Value {
        self.post(&format!("/v1/quarantine/{station}/{incarnation}/{seq}/retry"), &json!({})).await.good().json()
    }
}

pub fn client() -> reqwest::Client {
    tls::provide();
    reqwest::Client::builder().no_proxy().build().unwrap()
}
