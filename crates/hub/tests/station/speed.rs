//! How fast pushes are taken; run by hand with a release build for figures: `cargo nextest run --run-ignored only speed`.

use crate::support::{Plate, TestHub, TestStation};
use serde_json::{Value, json};
use std::time::Instant;
use wellread_wire::chain::Sha256;

/// A plate of 96 wells, by column.
fn large(plate: &Plate) -> Value {
    let mut told = plate.told();
    told["grid"]["format"] = json!({ "rows": 8, "cols": 12 });
    told["grid"]["homography"] = json!([51.37, 0.21, 103.4, -0.17, 50.93, 81.2, 0.000_011, 0.000_007, 1.0]);
    let confidence: Vec<f64> = (0..96).map(|n| f64::from(9_000 + n * 7) / 10_000.0).collect();
    let class: Vec<usize> = (0..96).map(|n| usize::from(n % 12 > 5)).collect();
    let label: String = (0..96).map(|n| if n % 12 > 5 { 'n' } else { 'p' }).collect();
    told["wells"] =
        json!({ "classes": ["teardrop", "button"], "class": class, "label": label, "confidence": confidence });
    told
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a figure, not a rule: it says how long this machine takes"]
async fn rows_of_a_backlog() {
    const RUNS: i64 = 2_000;
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let mut station = hub.station(&org).await;
    for seq in 1..=RUNS {
        let plate = Plate::new(hub.hub.id().unwrap(), seq);
        station.append(
            "run",
            &large(&Plate { sample_no: format!("S-{}", seq / 4), number: (seq % 4).to_string(), ..plate }),
        );
    }
    let push = async |station: &TestStation| {
        let begun = Instant::now();
        for first in (1..=RUNS).step_by(50) {
            station.push(first, 50).await.good();
        }
        begun.elapsed()
    };
    let (new, known) = (push(&station).await, push(&station).await);
    let rows = RUNS * 96;
    assert_eq!(hub.count("microplates.well_prediction").await, rows, "all of them");
    println!(
        "{RUNS} runs x 96 wells: {new:.1?} ({:.0} wells/s); replayed: {known:.1?}",
        rows as f64 / new.as_secs_f64()
    );
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a figure, not a rule: it says how long this machine takes"]
async fn pictures() {
    const PICTURES: u32 = 100;
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let station = hub.station(&org).await;
    let pictures: Vec<Vec<u8>> = (0..PICTURES).map(|n| n.to_le_bytes().repeat(450_000)).collect();
    let begun = Instant::now();
    for (n, picture) in pictures.iter().enumerate() {
        let mut file = std::fs::File::create(hub.folder.path().join(format!("plain{n}"))).unwrap();
        std::io::Write::write_all(&mut file, picture).unwrap();
        std::hint::black_box(Sha256::of(picture));
    }
    let plain = begun.elapsed();
    let begun = Instant::now();
    for picture in &pictures {
        station.put(&Sha256::of(picture), 0, picture.len(), picture).await.good();
    }
    println!("{PICTURES} pictures of 1.8 MB: {:.1?}; plain writing and hashing: {plain:.1?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a figure, not a rule: it says how long this machine takes"]
async fn snapshot_of_many_accounts() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let station = hub.station(&org).await;
    hub.run(
        "INSERT INTO auth.users (org_id, id, email, username, password)
         SELECT $1, gen_random_uuid(), 'u' || n || '@lab.example', 'u' || n, '$argon2id$v=19$' || md5(n::text) || md5('b' || n)
         FROM generate_series(1, 100000) n",
        &[&org.id],
    )
    .await;
    let (begun, mut cursor, mut items) = (Instant::now(), None::<String>, 0);
    loop {
        let page = station.snapshot(cursor.as_deref()).await;
        items += page.items.len();
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    println!("a snapshot of {items} items: {:.1?}", begun.elapsed());
}
