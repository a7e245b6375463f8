//! Serves until it is told to stop.

mod listen;
mod signals;

use crate::{
    Hub,
    auth::keys::{Keys, Seal},
    config::Config,
    db::{Db, Server},
    epoch, housekeeping,
    http::{self, Closing},
    hub::{Clock, Parts},
    mail::Mail,
    news::News,
    objects::Objects,
    ops::{self, metrics::Metrics},
    tls,
};
use anyhow::Context as _;
use axum_server::Handle;
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto::Builder,
};
use signals::Signals;
use std::{
    io::Write as _,
    net::{SocketAddr, TcpListener},
    path::Path,
    time::Duration,
};
use tokio::task::JoinSet;
use uuid::Uuid;

/// How often is noted how far the database is.
const COUNTED_EVERY: Duration = Duration::from_mins(1);
/// How long a client may take for the head of a request.
const HEAD: Duration = Duration::from_secs(20);

/// The hub of a configuration. The database must be there, and be one that this program can work with. The epoch is
/// settled: a database that was restored takes a new one.
pub async fn open(config: Config) -> anyhow::Result<Hub> {
    let db = ready(&config).await?;
    let objects = Objects::open(&config)?;
    let epoch = epoch::at_start(&db, &objects).await?;
    let keys = keys(&config, &db).await?;
    made(config, db, objects, keys, epoch)
}

/// The same for a verb of the command line, which leaves the epoch as it is.
pub async fn bare(config: Config) -> anyhow::Result<Hub> {
    let db = ready(&config).await?;
    let objects = Objects::open(&config)?;
    let tx = db.nobody().await?;
    let epoch = tx.query_one("SELECT epoch FROM public.hub_state", &[]).await?.try_get(0)?;
    tx.commit().await?;
    let keys = Keys::look(&db).await?;
    made(config, db, objects, keys, epoch)
}

async fn ready(config: &Config) -> anyhow::Result<Db> {
    let server = Server::new(&config.database_url, config.database_ca.as_deref())?;
    let db = Db::new(&server, config.connections)?;
    if let Some(newer) = ops::migrations::current(&db).await? {
        tracing::warn!("{newer}");
    }
    Ok(db)
}

async fn keys(config: &Config, db: &Db) -> anyhow::Result<Keys> {
    let seal = config.key_file.as_deref().map(Seal::read).transpose()?;
    if seal.is_none() {
        tracing::warn!(
            "the keys that tokens are signed with lie in clear in the database, and whoever has a backup of it could sign: \
             `wellread-hub key new FILE`, then set WELLREAD_HUB_KEY_FILE"
        );
    }
    Keys::load(db, seal).await
}

fn made(config: Config, db: Db, objects: Objects, keys: Keys, epoch: Uuid) -> anyhow::Result<Hub> {
    let mail = Mail::open(&config)?;
    let (metrics, clock, news) = (Metrics::default(), Clock::default(), News::default());
    Ok(Hub::new(Parts { config, db, objects, keys, mail, metrics, epoch, clock, news }))
}

/// Serves until SIGTERM or SIGINT, then lets requests in flight end.
pub async fn serve(config: Config) -> anyhow::Result<()> {
    tls::provide();
    // First, so that a signal during the start counts.
    let signals = Signals::listen()?;
    let hub = open(config).await?;
    let listener = TcpListener::bind(hub.config.listen)
        .with_context(|| format!("{} cannot be listened on: is another program there?", hub.config.listen))?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;

    let closing = Closing::default();
    let router = http::router_until(hub.clone(), closing.clone());
    let handle = Handle::new();
    let mut background = JoinSet::new();
    background.spawn(listen::listen(hub.clone()));
    background.spawn(housekeeping::run(hub.clone()));
    background.spawn(epoch::keep_counting(hub.clone(), COUNTED_EVERY));

    let app = router.into_make_service_with_connect_info::<SocketAddr>();
    let serving = if let Some(files) = hub.config.tls.clone() {
        let certificate = tls::read(&files).await?;
        let again = signals.clone();
        background.spawn(tls::renew(certificate.clone(), files, async move || again.reload().await));
        let mut server = axum_server::from_tcp_rustls(listener, certificate)?;
        bound(server.http_builder());
        tokio::spawn(server.handle(handle.clone()).serve(app))
    } else {
        let mut server = axum_server::from_tcp(listener)?;
        bound(server.http_builder());
        tokio::spawn(server.handle(handle.clone()).serve(app))
    };
    tell(&hub, address)?;

    signals.stop().await;
    let drain = Duration::from_secs(hub.config.drain_s);
    tracing::info!(drain_s = drain.as_secs(), "stopping: requests in flight are let finish");
    closing.close();
    handle.graceful_shutdown(Some(drain));
    tokio::select! {
        ended = serving => ended??,
        () = signals.stop() => tracing::warn!("stopping at once: asked twice"),
    }
    background.shutdown().await;
    tracing::info!("stopped");
    Ok(())
}

/// Nobody holds a connection by saying nothing.
fn bound(builder: &mut Builder<TokioExecutor>) {
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Some(HEAD)).max_concurrent_streams(100);
}

/// Where the hub is reached, for scripts and then for people. A file is complete once it is there.
fn tell(hub: &Hub, address: SocketAddr) -> anyhow::Result<()> {
    let scheme = if hub.config.tls.is_some() { "https" } else { "http" };
    if let Some(file) = &hub.config.addr_file {
        write(file, &format!("{scheme}://{address}\n"))
            .with_context(|| format!("the address cannot be written to {}", file.display()))?;
    }
    tracing::info!(%address, epoch = %hub.epoch, "serving at {scheme}://{address}");
    Ok(())
}

fn write(file: &Path, text: &str) -> std::io::Result<()> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let aside = folder.join(format!(".wellread-hub-{}", std::process::id()));
    std::fs::File::create(&aside)?.write_all(text.as_bytes())?;
    std::fs::rename(&aside, file)
}
