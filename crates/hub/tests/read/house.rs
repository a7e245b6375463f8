//! A hub on a port, with organizations and people in its database.

use axum::serve::ListenerExt as _;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;
use std::{
    net::SocketAddr,
    sync::atomic::{AtomicU32, Ordering},
};
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_postgres::NoTls;
use uuid::Uuid;
use wellread_hub::{
    Hub,
    auth::keys::{Claims, TokenKind},
    config::{Config, ObjectsAt},
    http::{self, Closing},
    serve, tls,
};
use wellread_testdb::{Database, Postgres};

/// The rows of a test, by their numbers.
const PLATES: &str = include_str!("plates.sql");

pub(crate) struct House {
    pub(crate) hub: Hub,
    pub(crate) closing: Closing,
    base: String,
    client: Client,
    serving: JoinHandle<()>,
    database: Database,
}

/// An organization and somebody who may read in it.
#[derive(Clone)]
pub(crate) struct Org {
    pub(crate) id: Uuid,
    pub(crate) token: String,
}

impl Drop for House {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl House {
    pub(crate) async fn open() -> Self {
        tls::provide();
        let database = Postgres::shared().unwrap().database().unwrap();
        let mut config = Config::plain(database.app_url(), ObjectsAt::Memory);
        config.rate_per_s = 10_000;
        let hub = serve::open(config).await.unwrap();
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let closing = Closing::default();
        let router = http::router_until(hub.clone(), closing.clone());
        let listener = listener.tap_io(|stream| drop(stream.set_nodelay(true)));
        let serving = tokio::spawn(async move {
            axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>()).await.unwrap();
        });
        Self { hub, closing, base, client: Client::new(), serving, database }
    }

    /// Statements as somebody whom nothing holds.
    pub(crate) async fn sql(&self, statements: &str) {
        let (client, connection) = tokio_postgres::connect(&self.database.superuser_url(), NoTls).await.unwrap();
        let connection = tokio::spawn(connection);
        if let Err(why) = client.batch_execute(statements).await {
            panic!("{why:?}\n{statements}");
        }
        drop(client);
        connection.await.unwrap().unwrap();
    }

    /// An organization, with a person of the role viewer.
    pub(crate) async fn org(&self, slug: &str) -> Org {
        let id = self.hub.id().unwrap();
        self.sql(&format!("SELECT auth.fn_add_organization('{id}', '{slug}', '{slug}')")).await;
        Org { id, token: self.person(id, "viewer").await }
    }

    /// The token of somebody new with a role.
    pub(crate) async fn person(&self, org: Uuid, role: &str) -> String {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let (user, session, token) = (self.hub.id().unwrap(), self.hub.id().unwrap(), self.hub.id().unwrap());
        let name = format!("ann{}", NEXT.fetch_add(1, Ordering::Relaxed));
        self.sql(&format!(
            "INSERT INTO auth.users (org_id, id, email, username, password)
               VALUES ('{org}', '{user}', '{name}@lab.example', '{name}', '$argon2id$none');
             INSERT INTO auth.memberships (org_id, user_id) VALUES ('{org}', '{user}');
             INSERT INTO auth.user_roles (org_id, user_id, role_id)
               SELECT org_id, '{user}', id FROM auth.roles WHERE org_id = '{org}' AND name = '{role}';
             INSERT INTO auth.refresh_tokens (org_id, id, user_id, token, family, expires_at)
               VALUES ('{org}', '{token}', '{user}', repeat('{:08x}', 8), '{session}', now() + interval '1 day')",
            NEXT.load(Ordering::Relaxed)
        ))
        .await;
        let now = self.hub.clock.now().timestamp();
        let claims = Claims { kind: TokenKind::Person, sub: user, org, session, iat: now, exp: now + 20 * 3600 };
        self.hub.keys.sign(&claims).unwrap()
    }

    /// Rows number `first` to `last` of runs, interface files and rejected files.
    pub(crate) async fn plates(&self, org: Uuid, first: u32, last: u32) {
        let sql = PLATES.replace(":org", &format!("'{org}'"));
        self.sql(&sql.replace(":first", &first.to_string()).replace(":last", &last.to_string())).await;
    }

    pub(crate) fn get(&self, token: &str, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.base)).bearer_auth(token)
    }

    /// The answer's JSON, which must be 200.
    pub(crate) async fn json(&self, token: &str, path: &str) -> Value {
        let (status, body) = self.answer(token, path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// The status and JSON of an answer.
    pub(crate) async fn answer(&self, token: &str, path: &str) -> (StatusCode, Value) {
        let response = self.get(token, path).send().await.unwrap();
        let status = response.status();
        let text = response.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// The code of a refusal with this status.
    pub(crate) async fn refused(&self, token: &str, path: &str, expected: StatusCode) -> String {
        let (status, body) = self.answer(token, path).await;
        assert_eq!(status, expected, "{path}: {body}");
        body["code"].as_str().unwrap_or_else(|| panic!("{path}: no problem with a code: {body}")).to_owned()
    }

    /// Everything of a list, page by page.
    pub(crate) async fn walk(&self, token: &str, path: &str, limit: u32) -> Vec<Value> {
        let (mut items, mut after) = (Vec::new(), String::new());
        loop {
            let page = self.page(token, path, limit, &after).await;
            items.extend(page["items"].as_array().unwrap().iter().cloned());
            let Some(next) = page["next"].as_str() else { return items };
            after = String::from(next);
        }
    }

    /// A page of a list.
    pub(crate) async fn page(&self, token: &str, path: &str, limit: u32, after: &str) -> Value {
        let join = if path.contains('?') { '&' } else { '?' };
        let after = if after.is_empty() { String::new() } else { format!("&after={after}") };
        self.json(token, &format!("{path}{join}limit={limit}{after}")).await
    }
}

/// A column of some items, as texts.
pub(crate) fn column(items: &[Value], name: &str) -> Vec<String> {
    items.iter().map(|item| item[name].as_str().map_or_else(|| item[name].to_string(), str::to_owned)).collect()
}
