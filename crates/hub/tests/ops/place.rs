//! A database, a folder for blobs, and the hub on them, in this process.

use crate::until::until;
use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::Value;
use std::{net::SocketAddr, path::PathBuf};
use tempfile::TempDir;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_postgres::NoTls;
use wellread_hub::{
    Hub,
    config::{Config, ObjectsAt},
    http, serve, tls,
};
use wellread_testdb::{Database, Postgres};

/// The password of every administrator here.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A migrated database and a folder.
pub(crate) struct Place {
    pub(crate) database: Database,
    pub(crate) folder: TempDir,
}

impl Place {
    pub(crate) fn new() -> Self {
        Self::on(&Postgres::shared().unwrap())
    }

    pub(crate) fn on(postgres: &Postgres) -> Self {
        tls::provide();
        let folder = TempDir::new().unwrap();
        std::fs::create_dir(folder.path().join("objects")).unwrap();
        Self { database: postgres.database().unwrap(), folder }
    }

    pub(crate) fn objects(&self) -> PathBuf {
        self.folder.path().join("objects")
    }

    /// Without limits of rate, which tests would run into.
    pub(crate) fn config(&self) -> Config {
        Config {
            rate_per_s: 0,
            rate_login_per_min: 0,
            ..Config::plain(self.database.app_url(), ObjectsAt::Folder(self.objects()))
        }
    }

    pub(crate) async fn serve(&self) -> Served {
        Served::new(self.config()).await
    }

    /// A connection that row-level security does not hold.
    pub(crate) async fn superuser(&self) -> tokio_postgres::Client {
        connected(&self.database.superuser_url()).await
    }
}

pub(crate) async fn connected(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

/// A hub of this process on a port of its own.
pub(crate) struct Served {
    pub(crate) hub: Hub,
    pub(crate) url: String,
    task: JoinHandle<()>,
}

impl Served {
    pub(crate) async fn new(config: Config) -> Self {
        let hub = serve::open(config).await.unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let app = http::router(hub.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { hub, url, task }
    }

    pub(crate) fn ask(&self, method: Method, path: &str) -> RequestBuilder {
        client().request(method, format!("{}{path}", self.url))
    }

    pub(crate) async fn get(&self, path: &str) -> Told {
        told(self.ask(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Told {
        told(self.ask(Method::POST, path).json(body)).await
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.task.abort();
    }
}

pub(crate) fn client() -> Client {
    tls::provide();
    // A connection for each request: what one leaves behind must not matter to the next.
    Client::builder().pool_max_idle_per_host(0).no_proxy().build().unwrap()
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Told {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Told {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|why| panic!("no JSON ({why}): {}", self.text))
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// The code of a problem, which must have its form.
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "a problem has its media type: {self:?}");
        let problem: wellread_wire::problem::Problem = serde_json::from_str(&self.text).unwrap();
        assert_eq!(problem.status, self.status, "the status is said twice and alike");
        assert_eq!(problem.kind, format!("/problems/{}", problem.code), "the type leads to the code's page");
        assert_eq!(problem.request_id, self.header("x-request-id"), "whoever reports it finds it in the log");
        assert!(!problem.detail.is_empty(), "words that help: {self:?}");
        problem.code
    }
}

pub(crate) async fn told(request: RequestBuilder) -> Told {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Told { status, headers, text: response.text().await.unwrap() }
}

/// What an administrator signs in with.
pub(crate) fn login(organization: &str) -> Value {
    serde_json::json!({ "organization": organization, "name": "admin", "password": PASSWORD })
}

/// A lock that makes whatever signs in wait, until it is let go.
pub(crate) struct Lock(tokio_postgres::Client);

impl Lock {
    pub(crate) async fn organizations(place: &Place) -> Self {
        let client = place.superuser().await;
        client.batch_execute("BEGIN; LOCK TABLE auth.organizations IN ACCESS EXCLUSIVE MODE").await.unwrap();
        Self(client)
    }

    /// Waits until somebody waits for it.
    pub(crate) async fn is_waited_for(&self) {
        let sql = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = (
            SELECT oid FROM pg_database WHERE datname = current_database())";
        until("somebody waits for the lock", async || {
            (self.0.query_one(sql, &[]).await.unwrap().get::<_, i64>(0) > 0).then_some(())
        })
        .await;
    }

    pub(crate) async fn let_go(self) {
        self.0.batch_execute("COMMIT").await.unwrap();
    }
}
