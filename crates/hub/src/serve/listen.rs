//! PostgreSQL's notifications, over a connection of this node's own: where hints come from. While it is gone, polling
//! goes on.

use crate::{Hub, db::Server, news::Hint};
use anyhow::Context as _;
use futures_util::{StreamExt as _, stream};
use std::time::Duration;
use tokio_postgres::AsyncMessage;

const FIRST_WAIT: Duration = Duration::from_millis(500);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Listens for as long as the hub runs, where it was told where to.
pub(super) async fn listen(hub: Hub) {
    let Some(url) = hub.config.listen_url.clone() else { return };
    let mut wait = FIRST_WAIT;
    loop {
        let ended = hear(&hub, &url, &mut wait).await;
        hub.metrics.listening.set(0);
        let why = ended.err().map_or_else(|| "the server closed it".to_owned(), |why| format!("{why:#}"));
        tracing::warn!(wait_ms = wait.as_millis(), "the connection for notifications is gone, polling goes on: {why}");
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(LONGEST_WAIT);
    }
}

async fn hear(hub: &Hub, url: &str, wait: &mut Duration) -> anyhow::Result<()> {
    let server = Server::new(url, hub.config.database_ca.as_deref())?;
    let (client, mut connection) = server.connect().await.context("cannot be made at WELLREAD_HUB_LISTEN_URL")?;
    // The connection is driven by being asked for its messages, and `LISTEN` is answered by that too.
    let mut messages = stream::poll_fn(move |context| connection.poll_message(context));
    let channels = Hint::CHANNELS.map(|channel| format!("LISTEN {channel}")).join("; ");
    let listening = client.batch_execute(&channels);
    tokio::pin!(listening);
    let mut begun = false;
    loop {
        tokio::select! {
            done = &mut listening, if !begun => {
                done.context("LISTEN is refused: the connection must not go through a pooler")?;
                begun = true;
                *wait = FIRST_WAIT;
                hub.metrics.listening.set(1);
                tracing::debug!("listening for notifications");
                // Something may have come while nobody listened.
                hub.news.tell(Hint::Anything);
            }
            message = messages.next() => match message {
                Some(Ok(AsyncMessage::Notification(told))) => hub.news.tell(Hint::of(told.channel(), told.payload())),
                Some(Ok(_)) => {}
                Some(Err(why)) => return Err(why.into()),
                None => return Ok(()),
            },
        }
    }
}
