//! Debian's `PgBouncer` in transaction mode between hub and database, with fewer connections than there are requests at
//! once: what one transaction sets must never be there in the next one's.

use crate::{
    node::{self, Node},
    place::{Place, client, login},
    station::Station,
};
use futures_util::future::join_all;
use reqwest::Client;
use serde_json::Value;
use std::{
    fs,
    io::{BufRead as _, BufReader},
    net::TcpListener,
    os::unix::fs::PermissionsExt as _,
    path::Path,
    process::{Child, Command, Stdio},
};

/// The user that test databases run as where tests run as root, which neither server accepts.
const SYSTEM_USER: &str = "wellread-pg";
const PROGRAM: &str = "/usr/sbin/pgbouncer";

struct Pooler {
    child: Child,
    url: String,
}

impl Pooler {
    /// `None` where it is not installed.
    fn start(place: &Place) -> Option<Self> {
        if !Path::new(PROGRAM).exists() {
            eprintln!("skipped: there is no {PROGRAM} (Debian: apt-get install pgbouncer)");
            return None;
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = place.folder.path();
        fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
        let server = place.database.app_url();
        let (at, database) = server.rsplit_once('/').unwrap();
        let (host, server_port) = at.rsplit_once('@').unwrap().1.split_once(':').unwrap();
        fs::write(folder.join("users.txt"), "\"wellread_app\" \"\"\n").unwrap();
        let ini = format!(
            "[databases]\n* = host={host} port={server_port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n\
             unix_socket_dir =\nauth_type = trust\nauth_file = {}\npool_mode = transaction\ndefault_pool_size = 3\n\
             max_client_conn = 200\nserver_reset_query_always = 0\n",
            folder.join("users.txt").display()
        );
        let file = folder.join("pgbouncer.ini");
        fs::write(&file, ini).unwrap();
        let mut command = if rustix::process::getuid().is_root() {
            let mut as_user = Command::new("runuser");
            as_user.args(["-u", SYSTEM_USER, "--", PROGRAM]);
            as_user
        } else {
            Command::new(PROGRAM)
        };
        let mut child = command.arg(&file).stderr(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        while !said.contains("process up") {
            let Some(Ok(line)) = lines.next() else { panic!("the pooler did not start:\n{said}") };
            said += &line;
        }
        std::thread::spawn(move || lines.for_each(drop));
        Some(Self { child, url: format!("postgres://wellread_app@127.0.0.1:{port}/{database}") })
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        // Its parent is asked, who tells it: a process of another user's is not ours to end at once.
        if let Some(pid) = rustix::process::Pid::from_raw(i32::try_from(self.child.id()).unwrap()) {
            let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        }
        drop(self.child.wait());
    }
}

/// What an organization's administrator sees.
struct Admin {
    client: Client,
    url: String,
    token: String,
}

impl Admin {
    async fn sign_in(client: &Client, url: &str, slug: &str) -> Self {
        let answer = client.post(format!("{url}/v1/auth/login")).json(&login(slug)).send().await.unwrap();
        let (status, text) = (answer.status(), answer.text().await.unwrap());
        assert_eq!(status, 200, "{slug}: {text}");
        let told: Value = serde_json::from_str(&text).unwrap();
        let token = told["access_token"].as_str().unwrap().to_owned();
        Self { client: client.clone(), url: url.to_owned(), token }
    }

    async fn get(&self, path: &str) -> String {
        let answer = self.client.get(format!("{}{path}", self.url)).bearer_auth(&self.token).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        assert_eq!(status, 200, "{path}: {text}");
        text
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn organizations_stay_apart_when_many_requests_share_few_connections() {
    const ORGS: [&str; 3] = ["acme", "bolt", "cube"];
    const STATIONS: u128 = 3;
    const PUSHES: usize = 8;
    const RECORDS: i64 = 10;

    let place = Place::new();
    let Some(pooler) = Pooler::start(&place) else { return };
    let mut codes = Vec::new();
    for slug in ORGS {
        node::organization(&place, slug);
        for _ in 0..STATIONS {
            let code = node::verb_json(&place, &["enrol-code", "create", slug]);
            codes.push((slug, code["code"].as_str().unwrap().to_owned()));
        }
    }
    let mut through = node::program(&place);
    through.env("WELLREAD_HUB_DATABASE_URL", &pooler.url).env("WELLREAD_HUB_LISTEN_URL", place.database.app_url());
    let node = Node::start(through);
    let client = client();

    let stations = codes.iter().zip(1_u128..).map(async |((slug, code), n)| {
        let mut station = Station::enrol(client.clone(), &node.url, code, n).await;
        for _ in 0..PUSHES {
            let acked = station.push(RECORDS).await;
            assert!(acked.outcomes.iter().all(|o| *o == wellread_wire::batch::Outcome::Applied), "{slug}: {acked:?}");
        }
        (*slug, station)
    });
    let people = ORGS.iter().map(async |slug| {
        for _ in 0..4 {
            let admin = Admin::sign_in(&client, &node.url, slug).await;
            for path in ["/v1/users", "/v1/stations", "/v1/auth/me", "/v1/audit-logs"] {
                let told = admin.get(path).await;
                for other in ORGS.iter().filter(|other| *other != slug) {
                    assert!(!told.contains(&format!("admin@{other}.example")), "{slug} sees {other} at {path}: {told}");
                }
            }
        }
    });
    let (stations, _) = futures_util::join!(join_all(stations), join_all(people));

    let rows = place.superuser().await;
    for (slug, station) in &stations {
        let sql = "SELECT o.slug, count(*), max(l.seq) FROM microplates.station_log l JOIN auth.organizations o USING (org_id)
                   WHERE l.station_id = $1 GROUP BY 1";
        let kept = rows.query(sql, &[&station.id]).await.unwrap();
        let [row] = kept.as_slice() else { panic!("{slug}: a station's log is in one organization: {kept:?}") };
        let all = i64::try_from(PUSHES).unwrap() * RECORDS;
        assert_eq!(
            (row.get::<_, String>(0).as_str(), row.get::<_, i64>(1), row.get::<_, i64>(2)),
            (*slug, all, all),
            "every record once, and in its own organization"
        );
    }
    for slug in ORGS {
        let admin = Admin::sign_in(&client, &node.url, slug).await;
        let listed = admin.get("/v1/stations").await;
        for (whose, station) in &stations {
            assert_eq!(
                listed.contains(&station.id.to_string()),
                *whose == slug,
                "{slug} lists its own stations: {listed}"
            );
        }
    }
    let ready = client.get(format!("{}/readyz", node.url)).send().await.unwrap();
    assert_eq!(ready.status(), 200, "{}", ready.text().await.unwrap());
}
