//! Every code, for `/problems/CODE` and for docs/hub.md.

use serde::Serialize;

/// A code that the hub answers with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Known {
    /// The code.
    pub code: &'static str,
    /// The HTTP status it comes with.
    pub status: u16,
    /// What it means.
    pub meaning: &'static str,
    /// What to do.
    pub remedy: &'static str,
}

macro_rules! known {
    ($($code:literal $status:literal $meaning:literal, $remedy:literal;)+) => {
        &[$(Known { code: $code, status: $status, meaning: $meaning, remedy: $remedy }),+]
    };
}

/// Every code.
pub const PROBLEMS: &[Known] = known! {
    "blob-hash" 422 "The whole blob has another hash than its name", "The station sends it again from its beginning";
    "blob-missing" 409 "A file of the set of models is not here, or has another size", "Upload it first, as `detail` says";
    "blob-offset" 409 "The part does not begin where the hub's copy ends", "Go on at `more.offset`";
    "code-used" 409 "A station has enrolled with this code", "Take the station off the list instead";
    "email-taken" 409 "Another account has this address", "Give each person an address of their own";
    "email-verified" 409 "The address is confirmed already", "Nothing";
    "enrol-code" 403 "The enrol code is unknown, used, withdrawn or expired", "Have another made at headquarters";
    "epoch-changed" 409 "The hub has another history than the station knows: it was restored", "The station makes contact again by itself; `more.epoch` is the new one";
    "forbidden" 403 "The caller is known and may not", "An admin of the organization gives the permission that `detail` names";
    "invalid" 400 "The request makes no sense to this hub", "`detail` names what is wrong; /openapi.json says what is expected";
    "last-admin" 409 "Nobody would be left who may administer accounts", "Give `user:admin` to somebody else first";
    "letters-sent" 409 "Several letters were sent within the hour", "Look for them, also among unwanted mail, or wait";
    "link-invalid" 400 "The link was used, is too old, or is not whole", "Ask for another";
    "log-gap" 409 "The push begins after a gap in the station's log", "The station goes on at `more.expected_seq` by itself";
    "login-failed" 401 "Organization, name or password is wrong, or the account may not sign in", "Try again; after too many tries wait, or have an admin unlock the account";
    "mail-off" 409 "This hub sends no letters", "Set WELLREAD_HUB_SMTP_URL, or have an admin set the password";
    "media-type" 415 "The path takes another `Content-Type`", "/openapi.json says which";
    "method" 405 "The path is not asked with this method", "`Allow` says with which";
    "model-known" 409 "This manifest is published already", "Change the set with PATCH, or give another manifest its own name or version";
    "no-common-place" 409 "None of the places that the station named is in the hub's copy of its log", "The station names more, back to the beginning";
    "no-such-path" 404 "The hub has no such path", "/openapi.json lists them; is this the hub's address?";
    "not-found" 404 "There is no such thing in this organization", "Look at the list it should be in";
    "organization-exists" 409 "The short name is taken", "Choose another";
    "password-wrong" 400 "The old password is wrong, or the account is closed for a while", "Try again later, or have an admin set another";
    "picture-pending" 404 "The station has not brought this picture yet", "It comes after the results, when the network allows";
    "range" 416 "The blob has no such bytes", "Ask within its size";
    "record-settled" 409 "The record was applied or given up already", "Nothing";
    "role-exists" 409 "There is a role of this name", "Choose another, or change that one";
    "role-in-use" 409 "Somebody holds this role", "Take it from them first";
    "run-without-results" 409 "The run failed: there is nothing to decide", "Read the plate again at the station";
    "slow-down" 429 "These are more requests than the hub takes from one caller, or signs in at once", "Wait as long as `Retry-After` says; WELLREAD_HUB_RATE_PER_S and _RATE_LOGIN_PER_MIN set the limits";
    "snapshot-needed" 410 "The feed no longer goes back that far", "The station takes the snapshot by itself";
    "station-fenced" 409 "Two copies of the station's data have written different things, or an old one speaks", "Find out which copy is to go on; there: `wellread sync --take-over WHY`";
    "station-known" 409 "The hub knows this station by another key", "On a new machine: have a code made for this station (`enrol-code create ORG --station ID`). A copy of a station that goes on elsewhere is not enrolled";
    "station-revoked" 403 "The station was taken off the list at headquarters", "Enrol it again with a new code";
    "too-large" 413 "The body is larger than the path takes", "Send less at once: `more.most_bytes`";
    "unauthenticated" 401 "The token is missing, expired, or none of this hub", "Sign in again; a station does it by itself";
    "unavailable" 503 "The hub cannot work just now, or the request took too long", "It passes: `Retry-After`. If not, /readyz says what is wrong";
    "unforeseen" 500 "Something that nobody foresaw", "Find `request_id` in the hub's log, and report it";
    "user-closed" 409 "The account is closed for good", "Make another";
    "user-exists" 409 "There is, or was, an account of this name", "Choose another name: old ones stay in the trail";
    "version-known" 409 "This version is published with another text", "Raise the version";
    "version-old" 409 "A newer version is published already", "Give this one a higher version";
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::{collections::BTreeSet, fs, path::Path};
    use wellread_wire::problem::code;

    const ROOT: &str = env!("CARGO_MANIFEST_DIR");

    /// The text of every source file.
    fn sources(folder: &Path, into: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() {
                sources(&entry.path(), into);
            } else {
                into.push(fs::read_to_string(entry.path()).unwrap());
            }
        }
    }

    /// The literal codes that problems are made with.
    fn answered() -> BTreeSet<String> {
        let mut texts = Vec::new();
        sources(&Path::new(ROOT).join("src"), &mut texts);
        let mut codes = BTreeSet::new();
        for (call, comma) in [("Problem::new(", true), ("Problem::conflict(", false), ("Self::new(", true)] {
            for after in texts.iter().flat_map(|text| text.split(call).skip(1)) {
                let argument = if comma { after.split_once(',').map_or("", |(_, rest)| rest) } else { after };
                let literal = argument.trim_start().strip_prefix('"').and_then(|rest| rest.split('"').next());
                codes.extend(
                    literal.filter(|code| code.chars().all(|c| c.is_ascii_lowercase() || c == '-')).map(str::to_owned),
                );
            }
        }
        codes
    }

    #[test]
    fn every_code_that_is_answered_is_listed_once_and_in_order() {
        let listed: Vec<_> = PROBLEMS.iter().map(|known| known.code).collect();
        let mut sorted = listed.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(listed, sorted, "a list that people read has an order");
        let answered = answered();
        assert!(answered.contains("login-failed"), "the search finds something: {answered:?}");
        for code in answered.iter().map(String::as_str).chain(WIRE) {
            assert!(sorted.binary_search(&code).is_ok(), "'{code}' is answered and not listed");
        }
    }

    const WIRE: [&str; 13] = [
        code::GAP,
        code::FENCED,
        code::EPOCH,
        code::SNAPSHOT,
        code::UNAUTHENTICATED,
        code::FORBIDDEN,
        code::STATION_REVOKED,
        code::OFFSET,
        code::HASH,
        code::ENROL_CODE,
        code::SLOW_DOWN,
        code::UNAVAILABLE,
        code::INVALID,
    ];

    #[test]
    fn the_page_of_the_hub_has_every_code() {
        let page = fs::read_to_string(Path::new(ROOT).join("../../docs/hub.md")).unwrap();
        for known in PROBLEMS {
            let row = format!("| `{}` | {} | {} | {} |", known.code, known.status, known.meaning, known.remedy);
            assert!(page.contains(&row), "docs/hub.md lacks this row:\n{row}");
        }
    }
}
