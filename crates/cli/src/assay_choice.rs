//! The assay an argument names: a shipped one by id, or a file.

use crate::failure::Stop;
use std::path::Path;
use wellread_plate::assay::Assay;

/// Finds the assay, or says which there are.
pub(crate) fn find(named: &str) -> Result<Assay, Stop> {
    if let Some(assay) = Assay::shipped(named) {
        return Ok(assay);
    }
    let path = Path::new(named);
    let is_path = path.extension().is_some_and(|e| e.eq_ignore_ascii_case("toml")) || path.components().count() > 1;
    if !is_path {
        let known = Assay::shipped_ids().collect::<Vec<_>>().join(", ");
        return Err(Stop::usage(
            "unknown-assay",
            format!("there is no assay '{named}': choose one of {known}, or name an assay file ending in .toml"),
        ));
    }
    let text = std::fs::read_to_string(path)
        .map_err(|error| Stop::usage("unknown-assay", format!("{named} cannot be read ({error}): check the path")))?;
    Assay::from_toml(named, &text).map_err(|error| Stop::usage("bad-assay", error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::put_file::put_file;

    #[test]
    fn ids_and_files_are_found() {
        assert_eq!(find("hi").unwrap().id, "hi", "shipped assays go by id");
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ours.toml");
        put_file(&path, include_bytes!("../../../assays/ha.toml")).unwrap();
        assert_eq!(find(path.to_str().unwrap()).unwrap().id, "ha", "a laboratory's own file is read");
    }

    #[test]
    fn an_unknown_assay_names_those_that_exist() {
        let line = find("elisa").unwrap_err().line();
        assert!(line.starts_with("unknown-assay: ") && line.contains("hi, ha, mic, qualitative"), "got: {line}");
    }

    #[test]
    fn a_faulty_file_is_told_by_key() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ours.toml");
        put_file(&path, b"id = \"x\"\nversion = 1\nformat = 97\n").unwrap();
        let line = find(path.to_str().unwrap()).unwrap_err().line();
        assert!(line.starts_with("bad-assay: ") && line.contains("ours.toml"), "got: {line}");
    }
}
