//! Blobs: in parts, after cuts, with wrong bytes, by several at once, and of several organizations.

use crate::support::{Answered, TestHub, TestStation, client};
use reqwest::Body;
use wellread_wire::chain::Sha256;

const PART: usize = 128 * 1024;

fn bytes(seed: u8, count: usize) -> Vec<u8> {
    (0..count).map(|n| (n as u64).wrapping_mul(2_654_435_761).to_le_bytes()[2] ^ seed).collect()
}

async fn put_all(station: &TestStation, whole: &[u8]) -> Answered {
    let sha256 = Sha256::of(whole);
    let mut last = None;
    for (n, part) in whole.chunks(PART).enumerate() {
        last = Some(station.put(&sha256, (n * PART) as u64, whole.len(), part).await);
    }
    last.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_blob_goes_on_after_a_cut_and_is_verified_at_its_end() {
    let mut hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    let whole = bytes(1, 5 * PART + 17);
    let sha256 = Sha256::of(&whole);
    let put = async |station: &TestStation, n: usize| {
        let part = whole.chunks(PART).nth(n).unwrap();
        station.put(&sha256, (n * PART) as u64, whole.len(), part).await
    };
    assert_eq!(station.look(&sha256).await, ("absent".to_owned(), 0), "nothing yet");
    for n in 0..3 {
        let answered = put(&station, n).await.good();
        assert_eq!(answered.header("wellread-offset"), ((n + 1) * PART).to_string(), "it says where to go on");
    }
    hub.restart().await;
    station.moved_to(&hub);
    assert_eq!(station.look(&sha256).await, ("partial".to_owned(), 3 * PART as u64), "a restart loses nothing");
    let again = put(&station, 1).await;
    assert_eq!((again.status, again.code().as_str()), (409, "blob-offset"), "a part that is there");
    assert_eq!(again.more()["offset"], 3 * PART, "and where it goes on");
    assert_eq!(put(&station, 5).await.more()["offset"], 3 * PART, "a part after a gap");
    put(&station, 3).await.good();
    put(&station, 4).await.good();
    let last = put(&station, 5).await.good();
    assert_eq!(last.header("wellread-blob"), "verified", "all of it has the hash");
    assert_eq!(put(&station, 5).await.good().header("wellread-blob"), "verified", "the answer may have been lost");
    assert_eq!(hub.count("microplates.blob_part").await, 0, "its parts are gone");
    let parts = hub.folder.path().join("objects/parts");
    assert!(!parts.exists() || files(&parts) == 0, "from the store, too");
    let read = Answered::of(station.get(&format!("blobs/{sha256}"))).await.good();
    assert_eq!(read.body, whole, "to the byte");
    let ranged = station.get(&format!("blobs/{sha256}")).header("range", format!("bytes={}-", 2 * PART));
    let ranged = Answered::of(ranged).await;
    assert_eq!((ranged.status, &ranged.body[..]), (206, &whole[2 * PART..]), "from the middle on");
    let beyond = station.get(&format!("blobs/{sha256}")).header("range", format!("bytes={}-", whole.len()));
    assert_eq!(Answered::of(beyond).await.status, 416, "nothing is left there");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_that_died_before_it_put_the_parts_together_does_so_when_asked_again() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let station = hub.station(&org).await;
    let whole = bytes(3, 2 * PART);
    let (sha256, size) = (Sha256::of(&whole), whole.len());
    station.put(&sha256, 0, size, &whole[..PART]).await.good();
    // What a hub leaves that dies right after it took the last part.
    let key = hub.hub.objects.put_part(org.id, &sha256, hub.hub.id().unwrap(), whole[PART..].to_vec().into()).await;
    let left = format!(
        "INSERT INTO microplates.blob_part (org_id, sha256, first_byte, size, part_sha256, object_key)
         VALUES ('{}', '{sha256}', {PART}, {PART}, '{}', '{}');
         UPDATE microplates.blob SET received = {size} WHERE sha256 = '{sha256}'",
        org.id,
        Sha256::of(&whole[PART..]),
        key.unwrap()
    );
    hub.sql.batch_execute(&left).await.unwrap();
    assert_eq!(station.look(&sha256).await, ("partial".to_owned(), size as u64), "all is there, and nothing to send");
    let asked = station.put(&sha256, size as u64, size, b"").await.good();
    assert_eq!(asked.header("wellread-blob"), "verified", "an empty part after the last byte asks for the rest");
    let none = Sha256::of(b"never sent");
    let gap = station.put(&none, 10, 10, b"").await;
    assert_eq!((gap.code().as_str(), &gap.more()["offset"]), ("blob-offset", &serde_json::json!(0)), "not of nothing");
}

fn files(folder: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { files(&path) } else { 1 }).sum()
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_of_another_hash_are_thrown_away() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let station = hub.station(&org).await;
    let (whole, other) = (bytes(1, 2 * PART), bytes(2, 2 * PART));
    let sha256 = Sha256::of(&whole);
    let at_once = station.put(&sha256, 0, other.len(), &other).await;
    assert_eq!((at_once.status, at_once.code().as_str()), (422, "blob-hash"), "at once");
    station.put(&sha256, 0, whole.len(), &whole[..PART]).await.good();
    let in_parts = station.put(&sha256, PART as u64, whole.len(), &other[PART..]).await;
    assert_eq!((in_parts.status, in_parts.code().as_str()), (422, "blob-hash"), "in parts");
    assert_eq!(station.look(&sha256).await, ("absent".to_owned(), 0), "it begins anew");
    assert_eq!(Answered::of(station.get(&format!("blobs/{sha256}"))).await.status, 404, "nobody is given it");
    assert_eq!(put_all(&station, &whole).await.good().header("wellread-blob"), "verified", "the right bytes are taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn parts_of_another_size_begin_anew_and_edges_hold() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let station = hub.station(&org).await;
    let whole = bytes(1, 3 * PART);
    let sha256 = Sha256::of(&whole);
    station.put(&sha256, 0, whole.len(), &whole[..PART]).await.good();
    let other = station.put(&sha256, PART as u64, whole.len() + 1, &whole[PART..2 * PART]).await;
    assert_eq!(
        (other.code().as_str(), &other.more()["offset"]),
        ("blob-offset", &serde_json::json!(0)),
        "another size is another upload"
    );
    assert_eq!(station.look(&sha256).await.0, "absent", "it begins anew");
    let small = station.put(&sha256, 0, whole.len(), &whole[..100]).await;
    assert_eq!(small.code(), "invalid", "crumbs");
    let large = station.put(&sha256, 0, 5 << 20, &bytes(1, (4 << 20) + 1)).await;
    assert_eq!(large.status, 413, "more than a part may have");
    let empty = Sha256::of(b"");
    assert_eq!(station.put(&empty, 0, 0, b"").await.good().header("wellread-blob"), "verified", "an empty file is one");
    assert_eq!(Answered::of(station.get(&format!("blobs/{empty}"))).await.good().body, b"", "and can be fetched");
    let unnamed = station.get("blobs/nothash");
    assert_eq!(Answered::of(unnamed).await.status, 404, "no hash names nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_does_not_say_its_size_is_measured_as_it_comes() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let station = hub.station(&org).await;
    let whole = bytes(1, 5 << 20);
    let sha256 = Sha256::of(&whole);
    let put = async |count: usize| {
        let pieces: Vec<_> =
            whole[..count].chunks(64 << 10).map(|piece| Ok::<_, std::io::Error>(piece.to_vec())).collect();
        let path = format!("{}/v1/stations/{}/blobs/{sha256}?offset=0&size={}", hub.url, station.id, whole.len());
        let part = client().put(path).bearer_auth(&station.token);
        Answered::of(part.body(Body::wrap_stream(futures_util::stream::iter(pieces)))).await
    };
    let large = put((4 << 20) + 1).await;
    assert_eq!((large.status, large.code().as_str()), (413, "too-large"), "it did not break off: it must be smaller");
    assert_eq!(large.more()["most_bytes"], 4 << 20, "and how large it may be");
    assert_eq!(station.look(&sha256).await.0, "absent", "nothing of it is kept");
    put(4 << 20).await.good();
    assert_eq!(station.look(&sha256).await, ("partial".to_owned(), 4 << 20), "up to there it is taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn organizations_do_not_see_each_others_blobs() {
    let hub = TestHub::start().await;
    let (lab, other) = (hub.org("lab").await, hub.org("other").await);
    let (mine, yours) = (hub.station(&lab).await, hub.station(&other).await);
    let sibling = hub.station(&lab).await;
    let whole = bytes(1, 1_000);
    let sha256 = Sha256::of(&whole);
    put_all(&mine, &whole).await.good();
    assert_eq!(yours.look(&sha256).await.0, "absent", "not even that it is there is told");
    assert_eq!(Answered::of(yours.get(&format!("blobs/{sha256}"))).await.status, 404, "nor is it given");
    assert_eq!(sibling.look(&sha256).await.0, "verified", "another station of the laboratory need not bring it again");
    put_all(&yours, &whole).await.good();
    assert_eq!(hub.count("microplates.blob").await, 2, "each has its own");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_who_bring_the_same_blob_do_not_spoil_it() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let (one, two) = (hub.station(&org).await, hub.station(&org).await);
    let whole = bytes(1, 6 * PART);
    let sha256 = Sha256::of(&whole);
    let bring = |station: TestStation, whole: Vec<u8>| {
        tokio::spawn(async move {
            let mut offset = 0;
            for _ in 0..200 {
                let end = (offset + PART).min(whole.len());
                let answered = station.put(&sha256, offset as u64, whole.len(), &whole[offset..end]).await;
                if answered.status == 409 {
                    offset = answered.more()["offset"].as_u64().unwrap() as usize;
                } else if answered.good().header("wellread-blob") == "verified" {
                    return;
                } else {
                    offset = end;
                }
                if offset == whole.len() {
                    offset = whole.len() - PART;
                }
            }
            panic!("it never was whole");
        })
    };
    let (first, second) = (bring(one.clone(), whole.clone()), bring(two, whole.clone()));
    first.await.unwrap();
    second.await.unwrap();
    assert_eq!(Answered::of(one.get(&format!("blobs/{sha256}"))).await.good().body, whole, "to the byte");
    assert_eq!(hub.count("microplates.blob_part").await, 0, "no part is left");
}
