//! Sets of models.

use crate::place::{Place, Told, told};
use reqwest::Method;
use serde_json::{Value, json};
use wellread_wire::{FEWEST_PART_BYTES, chain::Sha256};

async fn put(place: &Place, token: &str, sha256: &Sha256, (offset, size): (usize, usize), bytes: &[u8]) -> Told {
    let path = format!("/v1/models/blobs/{sha256}?offset={offset}&size={size}");
    told(place.node.request(Method::PUT, &path).bearer_auth(token).body(bytes.to_vec())).await
}

async fn stands(place: &Place, token: &str, sha256: &Sha256) -> (String, String) {
    let told = place.node.ask(Method::HEAD, &format!("/v1/models/blobs/{sha256}"), token, None).await;
    let header = |name: &str| told.headers[name].to_str().unwrap().to_owned();
    (header("wellread-blob"), header("wellread-offset"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_set_is_offered_once_its_files_are_here() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let admin = &org.admin.access;
    let manifest = b"[[model]]\nname = \"eyes\"\n".to_vec();
    let model: Vec<u8> = (0..FEWEST_PART_BYTES * 2 + 1_000).map(|n| (n % 251) as u8).collect();
    let (of_manifest, of_model) = (Sha256::of(&manifest), Sha256::of(&model));
    let set = json!({ "name": "Eyes 2", "note": "better at bubbles", "files": {
        "manifest.toml": { "sha256": of_manifest.to_string(), "size": manifest.len() },
        "eyes.onnx": { "sha256": of_model.to_string(), "size": model.len() },
    }});
    let refused = node.post(admin, "/v1/models", &set).await;
    assert_eq!(refused.refused(409), "blob-missing", "its files come first");
    assert_eq!(stands(&place, admin, &of_model).await, ("absent".to_owned(), "0".to_owned()), "nothing is here");

    put(&place, admin, &of_manifest, (0, manifest.len()), &manifest).await.with(200);
    let part = FEWEST_PART_BYTES;
    put(&place, admin, &of_model, (0, model.len()), &model[..part]).await.with(200);
    assert_eq!(stands(&place, admin, &of_model).await, ("partial".to_owned(), part.to_string()), "a part is here");
    let gap = put(&place, admin, &of_model, (2 * part, model.len()), &model[2 * part..]).await;
    assert_eq!(gap.refused(409), "blob-offset", "a gap is refused");
    assert_eq!(gap.json()["more"]["offset"], part, "and says where to go on");
    put(&place, admin, &of_model, (part, model.len()), &model[part..2 * part]).await.with(200);
    assert_eq!(node.post(admin, "/v1/models", &set).await.refused(409), "blob-missing", "not before it is whole");
    put(&place, admin, &of_model, (2 * part, model.len()), &model[2 * part..]).await.with(200);
    assert_eq!(stands(&place, admin, &of_model).await, ("verified".to_owned(), model.len().to_string()), "all is here");
    put(&place, admin, &of_model, (0, model.len()), &model[..part]).await.with(200);
    assert!(place.node.hub.objects.verify(org.id, &of_model).await.unwrap(), "as it was sent");
    let parts = place.rows("SELECT count(*) FROM microplates.blob_part").await;
    assert_eq!(parts[0].get::<_, i64>(0), 0, "the parts are gone");

    let made = node.post(admin, "/v1/models", &set).await.with(201);
    assert_eq!(made["sha256"], json!(of_manifest.to_string()), "named by its manifest");
    assert_eq!(node.post(admin, "/v1/models", &set).await.status, 200, "the same again is no new one");
    let path = format!("/v1/models/{of_manifest}");
    let withdrawn = json!({ "withdrawn": true, "why": "misses rings" });
    assert!(node.patch(admin, &path, &withdrawn).await.with(200)["withdrawn_at"].is_string(), "no longer offered");
    node.patch(admin, &path, &withdrawn).await.with(200);
    assert!(node.walk(admin, "/v1/models", 10).await.is_empty(), "nor listed");
    assert_eq!(node.walk(admin, "/v1/models?withdrawn=true", 10).await.len(), 1, "unless asked for");
    let feed = place.feed(&org, &format!("model:{of_manifest}")).await;
    let state: Vec<&Value> = feed.iter().map(|entry| &entry["withdrawn"]).collect();
    assert_eq!(state, [false, true], "stations learn both, once each");
    assert_eq!(feed[0]["files"]["eyes.onnx"]["size"], json!(model.len()), "with the files to fetch");
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_are_not_their_names_are_refused() {
    let place = Place::open().await;
    let org = place.node.org("alpha").await;
    let admin = &org.admin.access;
    let size = FEWEST_PART_BYTES + 10;
    let good: Vec<u8> = vec![7; size];
    let (name, bad) = (Sha256::of(&good), vec![8; size]);
    assert_eq!(put(&place, admin, &name, (0, size), &bad).await.refused(422), "blob-hash", "whole");
    put(&place, admin, &name, (0, size), &bad[..FEWEST_PART_BYTES]).await.with(200);
    let last = put(&place, admin, &name, (FEWEST_PART_BYTES, size), &bad[FEWEST_PART_BYTES..]).await;
    assert_eq!(last.refused(422), "blob-hash", "in parts");
    assert_eq!(stands(&place, admin, &name).await, ("absent".to_owned(), "0".to_owned()), "it begins anew");
    put(&place, admin, &name, (0, size), &good).await.with(200);
    for (offset, whole, bytes, what) in
        [(0, size, 10, "too small a part"), (0, size, 0, "nothing"), (5, 10, 6, "past the end")]
    {
        let other = Sha256::of(b"another");
        let told = put(&place, admin, &other, (offset, whole), &vec![0; bytes]).await;
        assert_eq!(told.refused(400), "invalid", "{what}");
    }
    let other = place.node.org("beta").await;
    assert_eq!(
        stands(&place, &other.admin.access, &name).await.0,
        "absent",
        "what another organization has is not told"
    );
}
