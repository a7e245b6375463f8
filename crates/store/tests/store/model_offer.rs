use crate::support::{station, station_at};
use std::collections::BTreeMap;
use wellread_store::{ModelOffer, OfferState, OfferedFile, Sha256};

fn offered(state: OfferState) -> ModelOffer {
    let sha256 = Sha256::of(b"manifest");
    ModelOffer {
        sha256,
        name: "spring".into(),
        note: "for the new camera".into(),
        files: BTreeMap::from([("manifest.toml".to_owned(), OfferedFile { sha256, size: 8 })]),
        state,
        reason: String::new(),
    }
}

#[test]
fn an_offer_is_fetched_once_and_may_be_taken_back() {
    let bench = station(None);
    let put = |minute, state| bench.db.write(&station_at(minute), |w| w.put_model_offer(&offered(state))).unwrap();
    let now = || bench.db.read(|r| r.model_offers()).unwrap().remove(0);
    put(1, OfferState::Wanted);
    assert_eq!(now(), offered(OfferState::Wanted), "its files are to come");
    let id = offered(OfferState::Wanted).sha256;
    bench.db.write(&station_at(2), |w| w.note_model_offer(&id, OfferState::Ready, "")).unwrap();
    put(3, OfferState::Wanted);
    assert_eq!(now().state, OfferState::Ready, "said again, it is here already");
    put(4, OfferState::Withdrawn);
    assert_eq!(now().state, OfferState::Withdrawn, "headquarters have taken it back");
    put(5, OfferState::Wanted);
    assert_eq!(now().state, OfferState::Wanted, "and offer it again: whether its files are here is looked at anew");
    bench.db.write(&station_at(6), |w| w.note_model_offer(&id, OfferState::Failed, "no manifest")).unwrap();
    assert_eq!(
        (now().state, now().reason),
        (OfferState::Failed, "no manifest".to_owned()),
        "why it cannot be used is kept"
    );
    bench.assert_sound();
}
