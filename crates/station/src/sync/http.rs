//! Requests over HTTP: TLS by rustls, no proxy towards this machine itself, and an end to every wait.

use super::{Cut, Method, Request, Response, Transport, pictures::AT_ONCE};
use anyhow::Context as _;
use reqwest::{Certificate, Client, NoProxy, Proxy, redirect};
use std::{path::Path, sync::Once, time::Duration};
use tokio::{runtime::Runtime, time};

/// For how long a connection may take to come about.
const CONNECT: Duration = Duration::from_secs(10);
/// For how long an answer may take to begin, or to go on.
const SILENCE: Duration = Duration::from_secs(30);
/// The slowest network that is waited for, in bytes a second; slower ones fail, and smaller parts are tried.
const SLOWEST: u64 = 2_048;
/// How often somebody is asked whether all is to end.
const LOOK: Duration = Duration::from_millis(100);

/// Carries requests to one hub.
pub struct Http {
    base: String,
    client: Client,
    runtime: Runtime,
}

impl Http {
    /// For the hub at an address, trusting the usual authorities and those of `ca_file`.
    pub fn new(base: &str, ca_file: Option<&Path>) -> anyhow::Result<Self> {
        static PROVIDER: Once = Once::new();
        // Another part of the program may have installed one; that is as good.
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("headquarters")
            .enable_all()
            .build()
            .context("the network cannot be used")?;
        Ok(Self { base: base.trim_end_matches('/').to_owned(), client: client(ca_file)?, runtime })
    }

    async fn exchange(&self, request: &Request) -> Result<Response, reqwest::Error> {
        let url = format!("{}{}", self.base, request.path);
        let mut asked = match request.method {
            Method::Get => self.client.get(url),
            Method::Head => self.client.head(url),
            Method::Post => self.client.post(url),
            Method::Put => self.client.put(url),
        };
        if let Some(token) = &request.bearer {
            asked = asked.bearer_auth(token);
        }
        if !request.content_type.is_empty() {
            asked = asked.header("content-type", request.content_type).body(request.body.clone());
        }
        if let Some((first, last)) = request.range {
            asked = asked.header("range", format!("bytes={first}-{last}"));
        }
        let mut answer = asked.send().await?;
        let text = |value: &reqwest::header::HeaderValue| value.to_str().unwrap_or_default().to_owned();
        let headers = answer.headers().iter().map(|(name, value)| (name.as_str().to_owned(), text(value))).collect();
        let status = answer.status().as_u16();
        let mut body = Vec::new();
        // What is larger than what was asked for is not read: its hash or its form would refuse it anyway.
        while let Some(chunk) = answer.chunk().await? {
            body.extend_from_slice(&chunk);
            if body.len() > request.most_bytes {
                break;
            }
        }
        Ok(Response { status, headers, body })
    }
}

impl Transport for Http {
    fn send(&self, request: &Request, stop: &(dyn Fn() -> bool + Sync)) -> Result<Response, Cut> {
        let bytes =
            request.body.len().max(request.range.map_or(0, |(first, last)| usize::try_from(last - first).unwrap_or(0)));
        let within = CONNECT + SILENCE + Duration::from_secs(bytes as u64 / SLOWEST);
        self.runtime.block_on(async {
            let exchange = time::timeout(within, self.exchange(request));
            tokio::pin!(exchange);
            loop {
                tokio::select! {
                    answer = &mut exchange => {
                        let within_time = answer.map_err(|_| Cut(format!("no answer within {} s", within.as_secs())))?;
                        // Which address it was is known, and differs from request to request.
                        return within_time.map_err(|why| Cut(with_causes(&why.without_url())));
                    }
                    () = time::sleep(LOOK) => if stop() {
                        return Err(Cut("stopped".to_owned()));
                    }
                }
            }
        })
    }
}

fn client(ca_file: Option<&Path>) -> anyhow::Result<Client> {
    let mut builder = Client::builder()
        .user_agent(concat!("wellread/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(CONNECT)
        .read_timeout(SILENCE)
        .pool_max_idle_per_host(AT_ONCE)
        // A hub does not send its stations elsewhere, and a token must not follow to where it does.
        .redirect(redirect::Policy::none())
        .no_proxy();
    if let Some(proxy) = proxy()? {
        builder = builder.proxy(proxy);
    }
    if let Some(path) = ca_file {
        let pem = std::fs::read(path).with_context(|| format!("cannot read the certificates in {}", path.display()))?;
        let authorities = Certificate::from_pem_bundle(&pem)
            .with_context(|| format!("{} holds no certificates in PEM", path.display()))?;
        builder = authorities.into_iter().fold(builder, reqwest::ClientBuilder::add_root_certificate);
    }
    builder.build().context("the network cannot be used")
}

/// The proxy that the environment names; never for this machine itself, whatever the environment says.
fn proxy() -> anyhow::Result<Option<Proxy>> {
    let named =
        ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"].into_iter().find_map(|name| std::env::var(name).ok());
    let Some(named) = named.filter(|text| !text.is_empty()) else { return Ok(None) };
    let except = ["NO_PROXY", "no_proxy"].into_iter().find_map(|name| std::env::var(name).ok()).unwrap_or_default();
    let except = NoProxy::from_string(&format!("localhost,127.0.0.0/8,::1,{except}"));
    Ok(Some(Proxy::all(&named).with_context(|| format!("'{named}' is no proxy"))?.no_proxy(except)))
}

/// The reason with what caused it: "connection refused" is the last of several.
fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        let said = next.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = next.source();
    }
    text
}
