//! The folder that another system watches.

use std::{
    fs,
    path::{Path, PathBuf},
};
use wellread_station::deliver::{
    InterfaceFile,
    drop::{Answer, DropError, Dropped, answer, put, sweep},
};

fn file() -> InterfaceFile {
    InterfaceFile {
        name: "interface_S1_20260131_140509.csv".to_owned(),
        bytes: b"a,b\n1,2\n".to_vec(),
        rows: 1,
        notes: Vec::new(),
    }
}

fn lay(path: PathBuf, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::io::Write::write_all(&mut fs::File::create(path).unwrap(), bytes).unwrap();
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_file_and_its_marker_arrive_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(put(folder.path(), &file()).unwrap(), Dropped::Written, "a new file");
    let name = file().name;
    assert_eq!(names(folder.path()), [name.clone(), format!("{name}.ok")], "no temporary file stays behind");
    assert_eq!(fs::read(folder.path().join(&name)).unwrap(), file().bytes, "the bytes as they were");
    let marker = fs::read_to_string(folder.path().join(format!("{name}.ok"))).unwrap();
    let hash = "492d5ea496056f1a6a6592241032fab764c321596317930b4fa0e1e8bc3b7470";
    assert_eq!(marker, format!("sha256={hash}\nrows=1\nbytes=8\n"), "the hash as sha256sum gives it");
}

#[test]
fn a_second_try_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &file()).unwrap();
    assert_eq!(put(folder.path(), &file()).unwrap(), Dropped::AlreadyThere, "the same content is delivered already");
    // A crash between the two leaves the file without its marker.
    fs::remove_file(folder.path().join(format!("{}.ok", file().name))).unwrap();
    assert_eq!(put(folder.path(), &file()).unwrap(), Dropped::AlreadyThere, "the file was there");
    assert_eq!(names(folder.path()).len(), 2, "but its marker had to be made up for");
}

#[test]
fn what_a_crash_left_unfinished_is_swept_up() {
    let folder = tempfile::tempdir().unwrap();
    lay(folder.path().join(".wellread-1-0.part"), b"a,");
    lay(folder.path().join(".somebody-else.part"), b"a,");
    assert_eq!(put(folder.path(), &file()).unwrap(), Dropped::Written, "half a file counts for nothing");
    assert_eq!(sweep(folder.path()).unwrap(), 1, "ours alone");
    assert_eq!(names(folder.path()).len(), 3, "the file, its marker, and what is somebody else's");
}

#[test]
fn of_two_contents_at_once_one_arrives_whole() {
    let folder = tempfile::tempdir().unwrap();
    let contents = [vec![b'a'; 100_000], vec![b'b'; 150_000]];
    let results: Vec<(usize, Result<Dropped, DropError>)> = std::thread::scope(|scope| {
        let (folder, contents) = (folder.path(), &contents);
        let threads: Vec<_> = (0..8)
            .map(|number| {
                let which = number % 2;
                scope.spawn(move || (which, put(folder, &InterfaceFile { bytes: contents[which].clone(), ..file() })))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let arrived = fs::read(folder.path().join(file().name)).unwrap();
    let winner = contents.iter().position(|content| *content == arrived).expect("one of the two, whole");
    let written = results.iter().filter(|(_, result)| matches!(result, Ok(Dropped::Written))).count();
    assert_eq!(written, 1, "one of them wrote it: {results:?}");
    for (which, result) in &results {
        let fits = if *which == winner { result.is_ok() } else { matches!(result, Err(DropError::Different { .. })) };
        assert!(fits, "the same content was delivered, the other was told so: {results:?}");
    }
    assert_eq!(names(folder.path()).len(), 2, "and nothing hidden stays behind");
}

#[test]
fn other_content_under_the_name_is_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    for taken in [file().name, format!("{}.ok", file().name)] {
        lay(folder.path().join(&taken), b"someone else's");
        let error = put(folder.path(), &file()).unwrap_err();
        assert!(matches!(error, DropError::Different { .. }) && !error.is_passing(), "{taken}: {error}");
        assert_eq!(fs::read(folder.path().join(&taken)).unwrap(), b"someone else's", "{taken} stays as it was");
        fs::remove_file(folder.path().join(&taken)).unwrap();
    }
    fs::create_dir(folder.path().join(file().name)).unwrap();
    assert!(matches!(put(folder.path(), &file()), Err(DropError::Different { .. })), "a folder is other content too");
}

#[cfg(unix)]
#[test]
fn a_link_is_not_followed() {
    let folder = tempfile::tempdir().unwrap();
    let outside = folder.path().join("outside");
    lay(outside.clone(), &file().bytes);
    let inbox = folder.path().join("inbox");
    fs::create_dir(&inbox).unwrap();
    std::os::unix::fs::symlink(&outside, inbox.join(file().name)).unwrap();
    let error = put(&inbox, &file()).unwrap_err();
    assert!(matches!(error, DropError::Different { .. }), "a link to the same bytes is not our file: {error}");
    assert_eq!(fs::read(&outside).unwrap(), file().bytes, "nor is anything written through one");
}

#[test]
fn a_file_that_was_taken_is_not_sent_twice() {
    let folder = tempfile::tempdir().unwrap();
    put(folder.path(), &file()).unwrap();
    fs::remove_file(folder.path().join(file().name)).unwrap();
    assert_eq!(put(folder.path(), &file()).unwrap(), Dropped::AlreadyThere, "its marker says that it had arrived");
    fs::remove_file(folder.path().join(format!("{}.ok", file().name))).unwrap();
    lay(folder.path().join("ack").join(format!("{}.ack", file().name)), b"");
    assert_eq!(put(folder.path(), &file()).unwrap(), Dropped::AlreadyThere, "the answer says so");
    assert_eq!(names(folder.path()), ["ack"], "nothing was written again");
}

#[test]
fn a_folder_that_is_away_is_tried_again_and_never_made() {
    let folder = tempfile::tempdir().unwrap();
    let share = folder.path().join("share");
    let error = put(&share, &file()).unwrap_err();
    assert!(matches!(error, DropError::Unreachable { .. }) && error.is_passing(), "{error}");
    assert!(error.to_string().contains("share"), "people must see which folder it was: {error}");
    assert!(!share.exists(), "a share that is offline must not turn into a local folder");
    assert!(matches!(answer(&share, &file().name), Err(DropError::Unreachable { .. })), "no answer is known either");
    lay(share.clone(), b"");
    assert!(matches!(put(&share, &file()), Err(DropError::Unreachable { .. })), "a file is no folder");
}

#[test]
fn names_that_lead_elsewhere_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["", ".", "..", "../a.csv", "/etc/a.csv", "a/b.csv", "a\\b.csv", ".hidden", "a\nb.csv", "a.csv/"] {
        let error = put(folder.path(), &InterfaceFile { name: name.to_owned(), ..file() }).unwrap_err();
        assert!(matches!(error, DropError::Name { .. }) && !error.is_passing(), "{name:?}: {error}");
    }
    assert!(names(folder.path()).is_empty(), "nothing was written");
}

#[test]
fn answers_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let name = file().name;
    assert_eq!(answer(folder.path(), &name).unwrap(), None, "nothing has been said");
    lay(folder.path().join("ack").join(format!("{name}.ack")), b"imported\r\n");
    assert_eq!(answer(folder.path(), &name).unwrap(), Some(Answer::Accepted("imported".to_owned())), "taken");
    lay(folder.path().join("err").join(format!("{name}.err")), b"unknown sample \xFF");
    let refused = Answer::Refused("unknown sample \u{FFFD}".to_owned());
    assert_eq!(answer(folder.path(), &name).unwrap(), Some(refused), "a refusal counts more, whatever its encoding");
    assert_eq!(answer(folder.path(), "other.csv").unwrap(), None, "answers are for one file");
}
