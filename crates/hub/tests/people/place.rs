//! A database, hubs on it, organizations and people. Everything goes through real HTTP and a real PostgreSQL.

use axum::serve::ListenerExt as _;
use reqwest::{Client, Method, RequestBuilder, header::HeaderMap};
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_postgres::NoTls;
use uuid::Uuid;
use wellread_hub::{
    Hub,
    config::{Config, ObjectsAt},
    http,
    people::organization::{self, NewOrganization},
    serve, tls,
};
use wellread_testdb::{Database, Postgres};

/// The password of everybody here, where a test says no other.
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A database with a hub on it.
pub(crate) struct Place {
    pub(crate) database: Database,
    pub(crate) node: Node,
}

/// A hub on a port.
pub(crate) struct Node {
    pub(crate) hub: Hub,
    pub(crate) url: String,
    client: Client,
    task: JoinHandle<()>,
}

/// An organization with its first admin, who is signed in.
#[derive(Clone, Debug)]
pub(crate) struct Org {
    pub(crate) id: Uuid,
    pub(crate) slug: String,
    pub(crate) admin: Person,
}

/// Somebody who has signed in.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) id: Uuid,
    pub(crate) access: String,
    pub(crate) refresh: String,
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
        serde_json::from_str(&self.text).unwrap_or_else(|why| panic!("no JSON ({why}): {self:?}"))
    }

    /// The JSON of an answer with this status.
    pub(crate) fn with(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        if self.text.is_empty() { Value::Null } else { self.json() }
    }

    /// The code of a refusal with this status.
    pub(crate) fn refused(&self, status: u16) -> String {
        self.with(status)["code"].as_str().unwrap_or_else(|| panic!("no problem with a code: {self:?}")).to_owned()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Node {
    pub(crate) async fn start(config: Config) -> Self {
        let hub = serve::open(config).await.unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let app = http::router(hub.clone()).into_make_service_with_connect_info::<SocketAddr>();
        let task = tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { hub, url, client: Client::builder().no_proxy().build().unwrap(), task }
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.url))
    }

    pub(crate) async fn ask(&self, method: Method, path: &str, token: &str, body: Option<&Value>) -> Told {
        let mut request = self.request(method, path);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        told(request).await
    }

    pub(crate) async fn get(&self, token: &str, path: &str) -> Told {
        self.ask(Method::GET, path, token, None).await
    }

    pub(crate) async fn post(&self, token: &str, path: &str, body: &Value) -> Told {
        self.ask(Method::POST, path, token, Some(body)).await
    }

    pub(crate) async fn put(&self, token: &str, path: &str, body: &Value) -> Told {
        self.ask(Method::PUT, path, token, Some(body)).await
    }

    pub(crate) async fn patch(&self, token: &str, path: &str, body: &Value) -> Told {
        self.ask(Method::PATCH, path, token, Some(body)).await
    }

    pub(crate) async fn delete(&self, token: &str, path: &str) -> Told {
        self.ask(Method::DELETE, path, token, None).await
    }

    /// Tries to sign in.
    pub(crate) async fn login(&self, slug: &str, name: &str, password: &str) -> Told {
        let body = json!({ "organization": slug, "name": name, "password": password, "device": "test" });
        self.post("", "/v1/auth/login", &body).await
    }

    /// Signs in.
    pub(crate) async fn enter(&self, slug: &str, name: &str, password: &str) -> Person {
        let tokens = self.login(slug, name, password).await.with(200);
        let access = tokens["access_token"].as_str().unwrap().to_owned();
        let me = self.get(&access, "/v1/auth/me").await.with(200);
        Person {
            id: me["id"].as_str().unwrap().parse().unwrap(),
            access,
            refresh: tokens["refresh_token"].as_str().unwrap().to_owned(),
        }
    }

    /// An organization whose admin is called `admin`.
    pub(crate) async fn org(&self, slug: &str) -> Org {
        let new = NewOrganization {
            slug: slug.to_owned(),
            name: format!("Laboratory {slug}"),
            username: "admin".to_owned(),
            email: format!("admin@{slug}.example"),
            password: PASSWORD.to_owned().into(),
            by: "test".to_owned(),
        };
        let now = self.hub.clock.now();
        let made = organization::create(&self.hub.db, &self.hub.config, now, &new).await.unwrap();
        Org { id: made.org, slug: slug.to_owned(), admin: self.enter(slug, "admin", PASSWORD).await }
    }

    /// An account with these roles.
    pub(crate) async fn account(&self, org: &Org, name: &str, roles: &[&str]) -> Value {
        let email = format!("{name}@{}.example", org.slug);
        let body = json!({ "username": name, "password": PASSWORD, "email": email, "roles": roles });
        self.post(&org.admin.access, "/v1/users", &body).await.with(201)
    }

    /// Somebody with these roles, signed in.
    pub(crate) async fn person(&self, org: &Org, name: &str, roles: &[&str]) -> Person {
        self.account(org, name, roles).await;
        self.enter(&org.slug, name, PASSWORD).await
    }

    /// Everything of a list, page by page.
    pub(crate) async fn walk(&self, token: &str, path: &str, limit: u32) -> Vec<Value> {
        let (mut items, mut after) = (Vec::new(), String::new());
        loop {
            let join = if path.contains('?') { '&' } else { '?' };
            let page = self.get(token, &format!("{path}{join}limit={limit}{after}")).await.with(200);
            let rows = page["items"].as_array().unwrap();
            assert!(rows.len() <= limit as usize, "a page is as long as was asked for at most");
            items.extend(rows.iter().cloned());
            let Some(next) = page["next"].as_str() else { return items };
            after = format!("&after={next}");
        }
    }
}

impl Place {
    pub(crate) async fn open() -> Self {
        Self::with(|_| {}).await
    }

    /// With another configuration.
    pub(crate) async fn with(change: impl FnOnce(&mut Config)) -> Self {
        tls::provide();
        let database = Postgres::shared().unwrap().database().unwrap();
        let mut config = config(&database);
        change(&mut config);
        let node = Node::start(config).await;
        Self { database, node }
    }

    /// Rows as somebody whom nothing holds.
    pub(crate) async fn rows(&self, sql: &str) -> Vec<tokio_postgres::Row> {
        let (client, connection) = tokio_postgres::connect(&self.database.superuser_url(), NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        let rows = client.query(sql, &[]).await.unwrap_or_else(|why| panic!("{why:?}\n{sql}"));
        drop(client);
        connection.await.unwrap().unwrap();
        rows
    }

    /// Statements as somebody whom nothing holds.
    pub(crate) async fn sql(&self, sql: &str) {
        let (client, connection) = tokio_postgres::connect(&self.database.superuser_url(), NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        client.batch_execute(sql).await.unwrap_or_else(|why| panic!("{why:?}\n{sql}"));
        drop(client);
        connection.await.unwrap().unwrap();
    }

    /// What the feed holds for a key, the oldest first.
    pub(crate) async fn feed(&self, org: &Org, key: &str) -> Vec<Value> {
        let sql =
            format!("SELECT body FROM microplates.org_feed WHERE org_id = '{}' AND key = '{key}' ORDER BY seq", org.id);
        self.rows(&sql).await.iter().map(|row| row.get(0)).collect()
    }

    /// The entries of the trail with this verb, the newest first.
    pub(crate) async fn trail(&self, org: &Org, action: &str) -> Vec<Value> {
        self.node.walk(&org.admin.access, &format!("/v1/audit-logs?action={action}"), 100).await
    }
}

/// Without limits of rate, which tests would run into.
pub(crate) fn config(database: &Database) -> Config {
    let mut config = Config::plain(database.app_url(), ObjectsAt::Memory);
    (config.rate_per_s, config.rate_login_per_min) = (0, 0);
    config
}

pub(crate) async fn told(request: RequestBuilder) -> Told {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Told { status, headers, text: response.text().await.unwrap() }
}
