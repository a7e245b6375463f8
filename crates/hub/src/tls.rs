//! TLS, when a certificate is given: rustls with ring, and a renewed certificate without a restart.

use anyhow::Context as _;
use axum_server::tls_rustls::RustlsConfig;
use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(30);

/// Makes ring the one that encrypts, for the hub's own server and for what it asks of others. Once for a process.
pub fn provide() {
    // Somebody else did it before: then there is one already.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// The certificate chain and key of these files.
pub async fn read((chain, key): &(PathBuf, PathBuf)) -> anyhow::Result<RustlsConfig> {
    RustlsConfig::from_pem_file(chain, key).await.with_context(|| cannot(chain, key))
}

/// Takes a renewed certificate whenever one of the files changes or `now` says so. A bad one is told and not taken.
pub async fn renew(config: RustlsConfig, files: (PathBuf, PathBuf), now: impl AsyncFn()) {
    let mut known = changed(&files).await;
    loop {
        let asked = tokio::select! {
            () = tokio::time::sleep(LOOK) => false,
            () = now() => true,
        };
        let found = changed(&files).await;
        if !asked && found == known {
            continue;
        }
        known = found;
        match config.reload_from_pem_file(&files.0, &files.1).await {
            Ok(()) => tracing::info!("the certificate was read again"),
            Err(why) => tracing::error!("{}, the old one stays in use: {why}", cannot(&files.0, &files.1)),
        }
    }
}

async fn changed((chain, key): &(PathBuf, PathBuf)) -> [Option<SystemTime>; 2] {
    let at = async |path: &Path| tokio::fs::metadata(path).await.and_then(|found| found.modified()).ok();
    [at(chain).await, at(key).await]
}

fn cannot(chain: &Path, key: &Path) -> String {
    format!(
        "the certificate {} or its key {} cannot be used: both must be PEM, readable by the hub, and belong together",
        chain.display(),
        key.display()
    )
}
