//! Access tokens that are none.

use crate::place::Place;
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};
use uuid::Uuid;
use wellread_hub::auth::keys::{Claims, TokenKind};

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_ours_good_now_and_for_a_person() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    let good = &org.admin.access;
    let [head, body, signature] = <[&str; 3]>::try_from(good.split('.').collect::<Vec<_>>()).unwrap();
    let head_json: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(head).unwrap()).unwrap();
    let mut claims: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).unwrap()).unwrap();
    assert_eq!(head_json["alg"], "EdDSA", "the one algorithm");
    let (kid, session) = (&head_json["kid"], claims["session"].as_str().unwrap().parse::<Uuid>().unwrap());
    let now = node.hub.clock.now().timestamp();
    let ours = |kind, iat, exp| {
        let claims = Claims { kind, sub: org.admin.id, org: org.id, session, iat, exp };
        node.hub.keys.sign(&claims).unwrap()
    };
    node.get(&ours(TokenKind::Person, now, now + 60), "/v1/auth/me").await.with(200);

    claims["exp"] = json!(now + 3_600);
    let unsigned = part(&json!({ "alg": "none", "typ": "JWT", "kid": kid }));
    let public = place.rows("SELECT public_key FROM auth.signing_key").await[0].get::<_, Vec<u8>>(0);
    let symmetric = Header { kid: kid.as_str().map(str::to_owned), ..Header::new(Algorithm::HS256) };
    let strange = strangers(kid, &claims);
    let forged = [
        ("expired", ours(TokenKind::Person, now - 900, now)),
        ("a station's", ours(TokenKind::Station, now, now + 60)),
        ("a challenge", ours(TokenKind::Challenge, now, now + 60)),
        ("unsigned", format!("{unsigned}.{}.", part(&claims))),
        ("unsigned with a signature", format!("{unsigned}.{}.{signature}", part(&claims))),
        ("with other claims", format!("{head}.{}.{signature}", part(&claims))),
        (
            "signed with the public key as if it were a password",
            jsonwebtoken::encode(&symmetric, &claims, &EncodingKey::from_secret(&public)).unwrap(),
        ),
        ("signed by a stranger in the name of our key", strange),
        ("of an unknown key", format!("{}.{body}.{signature}", part(&json!({ "alg": "EdDSA", "kid": "nobody's" })))),
        ("of no key", format!("{}.{body}.{signature}", part(&json!({ "alg": "EdDSA" })))),
        ("cut short", good.get(..good.len() - 5).unwrap().to_owned()),
        ("nonsense", "a.b.c".to_owned()),
        ("endless", "a".repeat(5_000)),
    ];
    for (what, token) in forged {
        let told = node.get(&token, "/v1/auth/me").await;
        assert_eq!(told.status, 401, "{what}: {}", told.text);
        assert_eq!(told.refused(401), "unauthenticated", "{what}");
    }
    node.get("", "/v1/auth/me").await.refused(401);
    let basic = node.request(reqwest::Method::GET, "/v1/auth/me").header("authorization", format!("Basic {good}"));
    assert_eq!(crate::place::told(basic).await.status, 401, "another scheme is none");
}

fn strangers(kid: &Value, claims: &Value) -> String {
    use ed25519_dalek::pkcs8::EncodePrivateKey as _;
    let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]).to_pkcs8_der().unwrap();
    let header = Header { kid: kid.as_str().map(str::to_owned), ..Header::new(Algorithm::EdDSA) };
    jsonwebtoken::encode(&header, claims, &EncodingKey::from_ed_der(key.as_bytes())).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_is_good_as_long_as_was_said() {
    let place = Place::open().await;
    let (node, org) = (&place.node, place.node.org("alpha").await);
    node.hub.clock.advance(890_000);
    node.get(&org.admin.access, "/v1/auth/me").await.with(200);
    node.hub.clock.advance(15_000);
    node.get(&org.admin.access, "/v1/auth/me").await.refused(401);
}
