use crate::support::{person_at, station, station_at};
use serde_json::{Value, json};
use wellread_store::{Error, Origin};

const KEY: &str = "people.lock_min";

#[test]
fn a_setting_is_whose_who_said_it_last() {
    let bench = station(None);
    let kept = || bench.db.read(|r| Ok::<_, Error>((r.config(KEY)?, r.config_origin(KEY)?))).unwrap();
    let own = |minute: i64, value: Value| bench.db.write(&person_at(1, minute), |w| w.set_config(KEY, &value, "ours"));
    let theirs = |minute: i64, value: Value| bench.db.write(&station_at(minute), |w| w.set_hub_config(KEY, &value));
    let entries = || bench.db.read(|r| r.audit_head()).unwrap().unwrap().seq;
    assert_eq!(kept(), (None, None), "its default holds");
    theirs(1, Value::Null).unwrap();
    assert_eq!(kept(), (None, None), "nothing is taken back where nothing was said");
    own(2, json!(20)).unwrap();
    theirs(3, Value::Null).unwrap();
    assert_eq!(kept(), (Some(json!(20)), Some(Origin::Station)), "nor what the station said");
    theirs(4, json!(20)).unwrap();
    assert_eq!(kept(), (Some(json!(20)), Some(Origin::Hub)), "what was alike before is theirs from now on");
    let before = entries();
    theirs(5, json!(20)).unwrap();
    assert_eq!(entries(), before, "the same again is no change");
    theirs(6, json!(30)).unwrap();
    theirs(7, Value::Null).unwrap();
    assert_eq!(kept(), (Some(json!(20)), Some(Origin::Station)), "the station's own holds again");
    bench.db.write(&person_at(1, 8), |w| w.unset_config(KEY, "no longer")).unwrap();
    theirs(9, json!(40)).unwrap();
    theirs(10, Value::Null).unwrap();
    assert_eq!(kept(), (None, None), "or the default, where the station had none");
    bench.db.write(&person_at(1, 11), |w| w.set_config(KEY, &json!(5), "from headquarters")).unwrap();
    assert_eq!(kept().1, Some(Origin::Station), "whose it is cannot be claimed by a person's words");
    bench.assert_sound();
}
