use crate::support::{now, person_at, station, user_id};
use std::collections::BTreeMap;
use wellread_plate::{assay::Role, format::PlateFormat};
use wellread_store::{Error, LayoutKey, NewLayout};

/// Eight sera, one a row, and a control in the last column.
fn eight_sera(version: u32) -> NewLayout {
    let format = PlateFormat::WELLS_96;
    let role = |col: usize| if col == 11 { Role::NegativeControl } else { Role::Sample };
    NewLayout {
        key: LayoutKey { id: "eight-sera".into(), version },
        name: "Eight sera".into(),
        format,
        wells: format.iter().map(|well| (well, role(well.col()))).collect(),
    }
}

#[test]
fn a_version_of_a_layout_never_changes() {
    let bench = station(None);
    let add = |new: &NewLayout| bench.db.write(&person_at(1, 1), |w| w.add_layout(new));
    add(&eight_sera(1)).unwrap();
    add(&eight_sera(1)).expect("the same again is no change");
    let mut other = eight_sera(1);
    other.wells.insert("A1".parse().unwrap(), Role::Blank);
    assert!(matches!(add(&other), Err(Error::Refused(_))), "another plate under the same version is no layout");
    other.key.version = 2;
    add(&other).expect("a new version is");
    let kept = bench.db.read(|r| r.layout(&eight_sera(1).key)).unwrap().unwrap();
    assert_eq!((kept.wells, kept.created_by), (eight_sera(1).wells, Some(user_id(1))), "as its author laid it out");
    assert_eq!(kept.created, now(1), "and when");
    let behind = bench.behind();
    for change in ["UPDATE plate_layout SET definition = '{\"wells\":{}}'", "DELETE FROM plate_layout"] {
        assert!(behind.execute(change, []).is_err(), "the database itself refuses: {change}");
    }
    bench.assert_sound();
}

#[test]
fn a_layout_says_of_every_well_what_it_is() {
    let bench = station(None);
    for wrong in [
        NewLayout { wells: BTreeMap::new(), ..eight_sera(1) },
        NewLayout { format: PlateFormat::new(4, 6).unwrap(), ..eight_sera(1) },
        NewLayout { name: " ".into(), ..eight_sera(1) },
    ] {
        let added = bench.db.write(&person_at(1, 1), |w| w.add_layout(&wrong));
        assert!(matches!(added, Err(Error::Refused(_))), "a well that nobody spoke of would be read as anything");
    }
}

#[test]
fn a_retired_layout_is_not_offered_and_stays() {
    let bench = station(None);
    let write = |key: &LayoutKey| bench.db.write(&person_at(1, 2), |w| w.retire_layout(key));
    let offered = || -> Vec<u32> {
        bench.db.read(|r| r.layouts()).unwrap().into_iter().map(|layout| layout.key.version).collect()
    };
    for version in [1, 2] {
        bench.db.write(&person_at(1, 1), |w| w.add_layout(&eight_sera(version))).unwrap();
    }
    assert_eq!(offered(), [2], "the newest version is offered");
    write(&eight_sera(2).key).unwrap();
    assert_eq!(offered(), [1], "without it, the one before");
    assert!(matches!(write(&eight_sera(2).key), Err(Error::Refused(_))), "what is retired is retired");
    assert!(matches!(write(&eight_sera(3).key), Err(Error::NotFound { .. })), "what is not there cannot be");
    let kept = bench.db.read(|r| r.layout(&eight_sera(2).key)).unwrap().unwrap();
    assert_eq!(kept.retired_at_ms, Some(now(2).utc_ms), "it is kept for the plates made under it");
    let newest = bench.db.read(|r| r.newest_layout("eight-sera")).unwrap().unwrap();
    assert_eq!(newest.version, 2, "and its number is not given twice");
    let told = bench.db.read(|r| r.outbox_after(0, 100)).unwrap();
    assert_eq!(told.iter().filter(|record| record.kind == "layout").count(), 3, "the hub learns of each step");
    bench.assert_sound();
}
