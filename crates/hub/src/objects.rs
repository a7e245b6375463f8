//! Where blobs are: an object store, with a folder of this machine as the default.
//!
//! A blob's name is its organization and the SHA-256 of its bytes, so that two organizations never share one, and
//! writing one twice changes nothing. Nothing gets its name before its hash was computed here.

use crate::config::{Config, ObjectsAt};
use anyhow::Context as _;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::{
    StreamExt as _, TryStreamExt as _,
    stream::{self, BoxStream},
};
use object_store::{
    MultipartUpload as _, ObjectStore, ObjectStoreExt as _, PutPayload, RetryConfig, aws::AmazonS3Builder,
    local::LocalFileSystem, memory::InMemory, path::Path,
};
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use std::{ops::Range, sync::Arc, time::Duration};
use uuid::Uuid;
use wellread_wire::chain::Sha256;

/// What is read at once from the store: memory stays bounded, and S3 is not asked for crumbs.
const PIECE_BYTES: u64 = 4 * 1024 * 1024;
/// What is written at once while a blob is put together; S3 takes no part smaller than 5 MiB but the last.
const ASSEMBLED_BYTES: usize = 8 * 1024 * 1024;
/// Where parts of unfinished blobs are.
const PARTS: &str = "parts";
/// Where the hub keeps how far its database was.
const MARKER: &str = "hub/marker.json";

/// The object store.
#[derive(Clone, Debug)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
}

/// Why the store did not do it.
#[derive(Debug, thiserror::Error)]
pub enum ObjectsError {
    /// It is not there.
    #[error("the object store has no '{0}'")]
    Missing(String),
    /// The bytes are others than their name says.
    #[error("the bytes have the hash {found} and not {expected}: send the blob again from its beginning")]
    Hash {
        /// Its name.
        expected: Sha256,
        /// The hash of what was sent.
        found: Sha256,
    },
    /// The store itself; it may pass.
    #[error("the object store does not answer as it should: {0}")]
    Store(object_store::Error),
}

impl From<object_store::Error> for ObjectsError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { path, .. } => Self::Missing(path),
            other => Self::Store(other),
        }
    }
}

/// How far the database was when the hub last noted it, where a restored database cannot reach it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marker {
    /// Its epoch.
    pub epoch: Uuid,
    /// Its generation, which only ever grows.
    pub generation: i64,
}

/// A part of a blob that is not whole yet, as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredPart {
    /// Its organization.
    pub org: Uuid,
    /// Its name in the store.
    pub key: String,
}

impl Objects {
    /// As the configuration says.
    pub fn open(config: &Config) -> anyhow::Result<Self> {
        let store: Arc<dyn ObjectStore> = match &config.objects {
            ObjectsAt::Memory => Arc::new(InMemory::new()),
            ObjectsAt::Folder(folder) => {
                std::fs::create_dir_all(folder)
                    .with_context(|| format!("the folder for blobs {} cannot be made", folder.display()))?;
                let store = LocalFileSystem::new_with_prefix(folder)
                    .with_context(|| format!("the folder for blobs {} cannot be used", folder.display()))?;
                Arc::new(store.with_fsync(true))
            }
            ObjectsAt::S3 { bucket, endpoint, region, access_key, secret_key } => {
                let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_region(region);
                if let Some(endpoint) = endpoint {
                    builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
                }
                if let (Some(key), Some(secret)) = (access_key, secret_key) {
                    builder = builder.with_access_key_id(key).with_secret_access_key(secret);
                }
                // A request waits for it, and the station tries again anyway.
                let retry =
                    RetryConfig { max_retries: 3, retry_timeout: Duration::from_secs(15), ..RetryConfig::default() };
                Arc::new(builder.with_retry(retry).build().context("the object store cannot be used as configured")?)
            }
        };
        Ok(Self { store })
    }

    /// Keeps a blob of which all bytes are here, if they are those of its name.
    pub async fn put(&self, org: Uuid, sha256: &Sha256, bytes: Bytes) -> Result<(), ObjectsError> {
        let hashed = bytes.clone();
        let found =
            tokio::task::spawn_blocking(move || Sha256::of(&hashed)).await.map_err(object_store::Error::from)?;
        self.put_hashed(org, sha256, found, bytes.into()).await
    }

    /// The same for bytes that were hashed as they came.
    pub(crate) async fn put_hashed(
        &self,
        org: Uuid,
        sha256: &Sha256,
        found: Sha256,
        bytes: PutPayload,
    ) -> Result<(), ObjectsError> {
        if found != *sha256 {
            return Err(ObjectsError::Hash { expected: *sha256, found });
        }
        self.store.put(&blob_path(org, sha256), bytes).await?;
        Ok(())
    }

    /// The size of a blob that is there.
    pub async fn size(&self, org: Uuid, sha256: &Sha256) -> Result<u64, ObjectsError> {
        Ok(self.store.head(&blob_path(org, sha256)).await?.size)
    }

    /// The bytes of a range of a blob, as they come. The first piece is read before this returns, so that what is
    /// missing is known before an answer begins.
    pub async fn get(
        &self,
        org: Uuid,
        sha256: &Sha256,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, ObjectsError>>, ObjectsError> {
        let path = blob_path(org, sha256);
        let piece = |from: u64| from..from.saturating_add(PIECE_BYTES).min(range.end);
        let first = self.store.get_range(&path, piece(range.start)).await?;
        let starts = std::iter::successors(Some(range.start), |from| from.checked_add(PIECE_BYTES)).skip(1);
        let rest: Vec<_> = starts.take_while(|from| *from < range.end).map(piece).collect();
        let store = Arc::clone(&self.store);
        let rest = stream::iter(rest).then(move |range| {
            let (store, path) = (Arc::clone(&store), path.clone());
            async move { Ok(store.get_range(&path, range).await?) }
        });
        Ok(stream::once(async { Ok(first) }).chain(rest).boxed())
    }

    /// Whether a blob that is there has the bytes of its name.
    pub async fn verify(&self, org: Uuid, sha256: &Sha256) -> Result<bool, ObjectsError> {
        let size = self.size(org, sha256).await?;
        if size == 0 {
            return Ok(Sha256::of(b"") == *sha256);
        }
        let mut bytes = self.get(org, sha256, 0..size).await?;
        let mut hash = sha2::Sha256::new();
        while let Some(piece) = bytes.try_next().await? {
            hash = hash_on(hash, piece).await?;
        }
        Ok(Sha256(hash.finalize().into()) == *sha256)
    }

    /// Takes a blob away.
    pub async fn remove(&self, org: Uuid, sha256: &Sha256) -> Result<(), ObjectsError> {
        self.remove_path(&blob_path(org, sha256)).await
    }

    /// Keeps a part of a blob under a name that no other part has, and returns the name.
    pub async fn put_part(
        &self,
        org: Uuid,
        sha256: &Sha256,
        part: Uuid,
        bytes: PutPayload,
    ) -> Result<String, ObjectsError> {
        let key = format!("{PARTS}/{org}/{sha256}/{part}");
        self.store.put(&Path::from(key.as_str()), bytes).await?;
        Ok(key)
    }

    /// Puts a blob together from its parts, in bounded memory. It gets its name only if its hash is that.
    pub async fn assemble(&self, org: Uuid, sha256: &Sha256, parts: &[String]) -> Result<u64, ObjectsError> {
        let mut upload = self.store.put_multipart(&blob_path(org, sha256)).await?;
        let outcome = self.pour(&mut *upload, parts).await;
        let fits = match &outcome {
            Ok((found, _)) if found == sha256 => {
                return upload.complete().await.map_or_else(|e| Err(e.into()), |_| outcome.map(|(_, size)| size));
            }
            Ok((found, _)) => Err(ObjectsError::Hash { expected: *sha256, found: *found }),
            Err(_) => outcome.map(|(_, size)| size),
        };
        if let Err(why) = upload.abort().await {
            // Some stores have nothing to abort, and others clean up by rule; what counts is the first error.
            tracing::debug!(%sha256, "an unfinished blob is left to the store: {why}");
        }
        fits
    }

    async fn pour(
        &self,
        upload: &mut dyn object_store::MultipartUpload,
        parts: &[String],
    ) -> Result<(Sha256, u64), ObjectsError> {
        let (mut hash, mut size, mut room) = (sha2::Sha256::new(), 0_u64, Vec::with_capacity(ASSEMBLED_BYTES));
        for key in parts {
            let bytes = self.store.get(&Path::from(key.as_str())).await?.bytes().await?;
            size = size.saturating_add(bytes.len() as u64);
            room.extend_from_slice(&bytes);
            hash = hash_on(hash, bytes).await?;
            if room.len() >= ASSEMBLED_BYTES {
                let full = std::mem::replace(&mut room, Vec::with_capacity(ASSEMBLED_BYTES));
                upload.put_part(PutPayload::from(full)).await?;
            }
        }
        if !room.is_empty() {
            upload.put_part(PutPayload::from(room)).await?;
        }
        Ok((Sha256(hash.finalize().into()), size))
    }

    /// Takes parts away. One that is gone already is no error.
    pub async fn remove_parts(&self, keys: &[String]) -> Result<(), ObjectsError> {
        for key in keys {
            self.remove_path(&Path::from(key.as_str())).await?;
        }
        Ok(())
    }

    async fn remove_path(&self, path: &Path) -> Result<(), ObjectsError> {
        match self.store.delete(path).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(other) => Err(other.into()),
        }
    }

    /// Parts that were written before a moment, at most so many.
    pub async fn old_parts(&self, before: DateTime<Utc>, limit: usize) -> Result<Vec<StoredPart>, ObjectsError> {
        let found = self.store.list(Some(&Path::from(PARTS))).map_err(ObjectsError::from);
        let old = found.try_filter_map(|object| async move {
            let key = object.location.to_string();
            let org = key.split('/').nth(1).and_then(|org| org.parse().ok());
            Ok(org.filter(|_| object.last_modified < before).map(|org| StoredPart { org, key }))
        });
        old.take(limit).try_collect().await
    }

    /// How far the database was; `None` in a store that never had a hub.
    pub async fn marker(&self) -> Result<Option<Marker>, ObjectsError> {
        let bytes = match self.store.get(&Path::from(MARKER)).await {
            Ok(found) => found.bytes().await?,
            Err(object_store::Error::NotFound { .. }) => return Ok(None),
            Err(other) => return Err(other.into()),
        };
        let unreadable = |source| object_store::Error::Generic { store: MARKER, source: Box::new(source) };
        Ok(Some(serde_json::from_slice(&bytes).map_err(unreadable)?))
    }

    /// Notes how far the database is.
    pub async fn set_marker(&self, marker: Marker) -> Result<(), ObjectsError> {
        let unwritable = |source| object_store::Error::Generic { store: MARKER, source: Box::new(source) };
        let bytes = serde_json::to_vec(&marker).map_err(unwritable)?;
        self.store.put(&Path::from(MARKER), bytes.into()).await?;
        Ok(())
    }
}

/// What a blob is called in the store.
pub fn blob_key(org: Uuid, sha256: &Sha256) -> String {
    let name = sha256.to_string();
    let (folder, rest) = name.split_at_checked(2).unwrap_or(("", &name));
    format!("blobs/{org}/{folder}/{rest}")
}

fn blob_path(org: Uuid, sha256: &Sha256) -> Path {
    Path::from(blob_key(org, sha256))
}

async fn hash_on(mut hash: sha2::Sha256, bytes: Bytes) -> Result<sha2::Sha256, ObjectsError> {
    let hashed = tokio::task::spawn_blocking(move || {
        hash.update(&bytes);
        hash
    });
    Ok(hashed.await.map_err(object_store::Error::from)?)
}
