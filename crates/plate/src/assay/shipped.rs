//! The assays that come with the program.

use super::Assay;

/// Id, file name and text; the default assay first.
const FILES: [(&str, &str, &str); 4] = [
    ("hi", "assays/hi.toml", include_str!("../../../../assays/hi.toml")),
    ("ha", "assays/ha.toml", include_str!("../../../../assays/ha.toml")),
    ("mic", "assays/mic.toml", include_str!("../../../../assays/mic.toml")),
    ("qualitative", "assays/qualitative.toml", include_str!("../../../../assays/qualitative.toml")),
];

pub(super) fn ids() -> impl Iterator<Item = &'static str> {
    FILES.into_iter().map(|(id, _, _)| id)
}

pub(super) fn texts() -> impl Iterator<Item = (&'static str, &'static str)> {
    FILES.into_iter().map(|(_, file, text)| (file, text))
}

/// The files are compiled in, and a test reads every one of them: a fault in one cannot reach a user as `None`.
pub(super) fn assay(id: &str) -> Option<Assay> {
    let (_, file, text) = FILES.into_iter().find(|(shipped, _, _)| *shipped == id)?;
    Assay::from_toml(file, text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shipped_file_is_sound_and_carries_its_id() {
        for (id, file, text) in FILES {
            match Assay::from_toml(file, text) {
                Ok(assay) => assert_eq!(assay.id, id, "{file} is found under the id it states"),
                Err(error) => panic!("{error}"),
            }
        }
        assert!(Assay::shipped("elisa").is_none(), "an id that is not shipped finds nothing");
    }
}
