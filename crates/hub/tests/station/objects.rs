//! The object store: the same promises by a folder, by memory, and by a server that speaks S3.

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use std::{
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};
use uuid::Uuid;
use wellread_hub::{
    config::{Config, ObjectsAt},
    objects::{Marker, Objects, ObjectsError},
    tls,
};
use wellread_wire::chain::Sha256;

async fn read(
    objects: &Objects,
    org: Uuid,
    sha256: &Sha256,
    range: std::ops::Range<u64>,
) -> Result<Vec<u8>, ObjectsError> {
    let pieces: Vec<Bytes> = objects.get(org, sha256, range).await?.try_collect().await?;
    Ok(pieces.concat())
}

/// What every store promises.
async fn promises(objects: &Objects) {
    let (lab, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let whole: Vec<u8> = (0..21_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    let sha256 = Sha256::of(&whole);
    let small = Bytes::from_static(b"a picture");
    let name = Sha256::of(&small);

    assert!(matches!(objects.size(lab, &name).await, Err(ObjectsError::Missing(_))), "nothing yet");
    objects.put(lab, &name, small.clone()).await.unwrap();
    objects.put(lab, &name, small.clone()).await.unwrap();
    assert_eq!(read(objects, lab, &name, 0..9).await.unwrap(), small, "to the byte, also when put twice");
    assert_eq!(read(objects, lab, &name, 2..5).await.unwrap(), b"pic", "a range of it");
    assert!(objects.verify(lab, &name).await.unwrap(), "it is what its name says");
    assert!(
        matches!(objects.get(other, &name, 0..9).await, Err(ObjectsError::Missing(_))),
        "an organization has its own"
    );
    let wrong = objects.put(lab, &sha256, small.clone()).await;
    assert!(matches!(wrong, Err(ObjectsError::Hash { .. })), "bytes of another hash get no name");

    let mut keys = Vec::new();
    for (n, part) in whole.chunks(4 << 20).enumerate() {
        let part = Bytes::copy_from_slice(part);
        keys.push(objects.put_part(lab, &sha256, Uuid::from_u128(n as u128), part.into()).await.unwrap());
    }
    assert_eq!(objects.assemble(lab, &sha256, &keys).await.unwrap(), whole.len() as u64, "put together");
    assert_eq!(read(objects, lab, &sha256, 0..whole.len() as u64).await.unwrap(), whole, "to the byte");
    let (from, to) = (4_194_000, 8_400_000);
    assert_eq!(read(objects, lab, &sha256, from..to).await.unwrap(), whole[from as usize..to as usize], "over pieces");
    let wrong = objects.assemble(lab, &name, &keys).await;
    assert!(matches!(wrong, Err(ObjectsError::Hash { .. })), "parts of another blob");
    assert_eq!(read(objects, lab, &name, 0..9).await.unwrap(), small, "and what was there is still there");
    objects.remove_parts(&keys[..1]).await.unwrap();
    assert!(matches!(objects.assemble(lab, &sha256, &keys).await, Err(ObjectsError::Missing(_))), "a part is gone");

    let later = chrono::Utc::now() + chrono::TimeDelta::hours(1);
    let old = objects.old_parts(later, 100).await.unwrap();
    assert_eq!(old.len(), keys.len() - 1, "the rest is found");
    assert!(old.iter().all(|part| part.org == lab && keys.contains(&part.key)), "with whose it is: {old:?}");
    assert!(objects.old_parts(later - chrono::TimeDelta::days(1), 100).await.unwrap().is_empty(), "by age");
    objects.remove_parts(&keys).await.unwrap();
    assert!(objects.old_parts(later, 100).await.unwrap().is_empty(), "one that is gone already is no error");

    assert_eq!(objects.marker().await.unwrap(), None, "a store without a hub");
    let marker = Marker { epoch: Uuid::from_u128(3), generation: 7 };
    objects.set_marker(marker).await.unwrap();
    assert_eq!(objects.marker().await.unwrap(), Some(marker), "what was noted");
    objects.remove(lab, &name).await.unwrap();
    assert!(matches!(objects.size(lab, &name).await, Err(ObjectsError::Missing(_))), "taken away");
    objects.remove(lab, &name).await.unwrap();
}

fn open(at: ObjectsAt) -> Objects {
    tls::provide();
    Objects::open(&Config::plain("postgres://nobody@localhost/none", at)).unwrap()
}

#[tokio::test]
async fn memory_keeps_its_promises() {
    promises(&open(ObjectsAt::Memory)).await;
}

#[tokio::test]
async fn a_folder_keeps_its_promises() {
    let folder = tempfile::TempDir::new().unwrap();
    let at = || ObjectsAt::Folder(folder.path().join("not/there/yet"));
    promises(&open(at())).await;
    assert!(open(at()).marker().await.unwrap().is_some(), "also for who opens it again");
}

/// A server that speaks S3, ended with this value.
struct S3(Child);

impl Drop for S3 {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts the server, which installs it where it is missing; `None` where it cannot be installed.
fn s3() -> Option<(S3, u16)> {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tools/s3_server.sh");
    let child = Command::new(script).arg(port.to_string()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
    let mut server = S3(child);
    let until = Instant::now() + Duration::from_mins(5);
    while Instant::now() < until {
        if TcpStream::connect(("127.0.0.1", port)).is_ok() {
            return Some((server, port));
        }
        if server.0.try_wait().ok()?.is_some() {
            return None;
        }
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(50));
    }
    None
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_speaks_s3_keeps_its_promises() {
    let Some((_server, port)) = s3() else {
        assert!(std::env::var_os("CI").is_none(), "CI has what the S3 server needs");
        println!("SKIPPED: the S3 server could not be installed (tools/s3_server.sh needs python3, its venv and PyPI)");
        return;
    };
    let endpoint = format!("http://127.0.0.1:{port}");
    let made = crate::support::client().put(format!("{endpoint}/blobs")).send().await.unwrap();
    assert!(made.status().is_success(), "a bucket: {}", made.status());
    promises(&open(ObjectsAt::S3 {
        bucket: "blobs".to_owned(),
        endpoint: Some(endpoint),
        region: "us-east-1".to_owned(),
        access_key: Some("test".to_owned()),
        secret_key: Some("test".to_owned()),
    }))
    .await;
}
