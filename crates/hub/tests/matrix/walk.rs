//! The walk over all of it.

use crate::{
    actors::{Actor, Actors, ROLES, Token},
    place::Place,
    table::{self, Line, Names, Needs, TABLE},
    world::{Things, mark},
};
use reqwest::Method;
use serde_json::Value;
use std::collections::BTreeSet;

/// Whose thing a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Whose {
    Own,
    Others,
    Nobodys,
}

/// What came back, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Came {
    status: u16,
    code: String,
    shows_other: bool,
}

struct Walk {
    place: Place,
    actors: Actors,
    own: Things,
    other: Things,
    none: Things,
    checks: usize,
    faults: Vec<String>,
}

impl Walk {
    async fn new() -> Self {
        let place = Place::open().await;
        let (alpha, beta) = (place.node.org("alpha").await, place.node.org("beta").await);
        let (own, other) = (Things::of(&place, &alpha).await, Things::of(&place, &beta).await);
        let actors = Actors::of(&place, &alpha, own.station).await;
        let none = Things::none(&place);
        Self { place, actors, own, other, none, checks: 0, faults: Vec::new() }
    }

    fn expect(&mut self, holds: bool, told: impl FnOnce() -> String) {
        self.checks += 1;
        if !holds {
            self.faults.push(told());
        }
    }

    async fn ask(&self, line: &Line, whose: Whose, token: &str) -> Came {
        let things = match whose {
            Whose::Own => &self.own,
            Whose::Others => &self.other,
            Whose::Nobodys => &self.none,
        };
        let method = Method::from_bytes(line.method.to_uppercase().as_bytes()).unwrap();
        let mut path = things.fill(line.path);
        let run = things.run.to_string();
        if line.path.contains("/blobs/") && line.method == "put" {
            path += "?offset=0&size=1";
        }
        let mut request = self.place.node.request(method, &path);
        if !token.is_empty() {
            request = request.bearer_auth(token);
        }
        if let Some(body) = table::body(line.method, line.path, &run, self.checks) {
            request = request.json(&body);
        } else if line.path.starts_with("/reset") || line.path.starts_with("/confirm") {
            request = request.header("content-type", "application/x-www-form-urlencoded").body("token=x");
        } else if line.path.ends_with("/log") {
            request = request.body(table::push());
        } else if line.method != "get" {
            request = request.body("x");
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let live = response.headers().get("content-type").is_some_and(|kind| kind == "text/event-stream");
        // A live stream has no end to wait for.
        let text =
            if live { String::new() } else { String::from_utf8_lossy(&response.bytes().await.unwrap()).into_owned() };
        let code = serde_json::from_str::<Value>(&text).ok().filter(|_| status >= 400);
        let code = code.and_then(|body| body["code"].as_str().map(str::to_owned)).unwrap_or_default();
        let other =
            [mark("beta"), self.other.station.to_string(), self.other.user.to_string(), "beta.example".to_owned()];
        // What somebody asked for by its name may be named in the refusal.
        let shows_other = status < 400 && other.iter().any(|word| text.contains(word));
        Came { status, code, shows_other }
    }

    /// A path that needs no token: none makes a difference.
    async fn open(&mut self, line: &Line) {
        let without = self.ask(line, Whose::Own, "").await;
        for actor in everybody() {
            for kind in Token::ALL {
                let token = self.actors.token(&self.place, actor, kind).await;
                let came = self.ask(line, Whose::Own, &token).await;
                self.expect(came == without, || format!("{line} {actor:?} {kind:?}: {came:?} and not {without:?}"));
            }
        }
    }

    /// A path that somebody must be let in to.
    async fn closed(&mut self, line: &Line) {
        for actor in everybody() {
            for kind in Token::ALL {
                let whose: &[Whose] = match line.names {
                    Names::Nothing => &[Whose::Own],
                    Names::Thing | Names::InBody => &[Whose::Nobodys, Whose::Others, Whose::Own],
                };
                let mut unknown = None;
                for whose in whose {
                    let token = self.actors.token(&self.place, actor, kind).await;
                    let came = self.ask(line, *whose, &token).await;
                    let wanted = wanted(line, actor, kind, *whose);
                    let what = || format!("{line} {actor:?} {kind:?} {whose:?}: {came:?}, wanted {wanted:?}");
                    self.expect(wanted.fits(came.status), what);
                    self.expect(!came.shows_other, || format!("{line} {actor:?} {kind:?} {whose:?} shows another's"));
                    match whose {
                        Whose::Nobodys => unknown = Some(came),
                        Whose::Others => {
                            let same = unknown.as_ref() == Some(&came);
                            let told = || format!("{line} {actor:?} {kind:?}: {came:?}, but for nobody's {unknown:?}");
                            self.expect(same, told);
                        }
                        Whose::Own => {}
                    }
                }
            }
        }
    }
}

/// What is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    Unauthenticated,
    Forbidden,
    NotFound,
    /// In: whatever the request itself deserves.
    In,
}

impl Wanted {
    const fn fits(self, status: u16) -> bool {
        match self {
            Self::Unauthenticated => status == 401,
            Self::Forbidden => status == 403,
            Self::NotFound => status == 404,
            Self::In => status < 500 && status != 401 && status != 403,
        }
    }
}

fn wanted(line: &Line, actor: Actor, kind: Token, whose: Whose) -> Wanted {
    let may = match (line.needs, actor) {
        // That the path is another station's is seen before the database is asked.
        (Needs::Station, Actor::Station) if kind == Token::Revoked && whose != Whose::Own => return Wanted::Forbidden,
        _ if kind != Token::Good => return Wanted::Unauthenticated,
        (Needs::Station, Actor::Station) => {
            // A station has no business with any path but its own.
            return if whose == Whose::Own { Wanted::In } else { Wanted::Forbidden };
        }
        (Needs::Station, Actor::Person(_)) | (_, Actor::Station) => return Wanted::Unauthenticated,
        (Needs::Permission(permission), Actor::Person(role)) => table::holds(role, permission),
        (Needs::Account | Needs::Nothing, Actor::Person(_)) => true,
    };
    match whose {
        _ if !may => Wanted::Forbidden,
        Whose::Own => Wanted::In,
        Whose::Others | Whose::Nobodys => Wanted::NotFound,
    }
}

fn everybody() -> impl Iterator<Item = Actor> {
    ROLES.into_iter().map(Actor::Person).chain([Actor::Station])
}

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// Every path and method that is served.
async fn served(place: &Place) -> BTreeSet<(String, String)> {
    let document = place.node.get("", "/openapi.json").await.with(200);
    let mut served = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in ["get", "put", "post", "delete", "options", "head", "patch", "trace"] {
            if item.get(method).is_some() {
                served.insert((method.to_owned(), path.clone()));
            }
        }
    }
    served
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_may_what_the_table_says_and_nothing_else() {
    let mut walk = Walk::new().await;
    let served = served(&walk.place).await;
    let differences = table::differences(&served);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    // What ends things comes last, so that there is something to be refused until then.
    let (ends, stays): (Vec<_>, Vec<_>) =
        TABLE.iter().partition(|line| line.method == "delete" || line.path.ends_with("/revoke"));
    for line in stays.into_iter().chain(ends) {
        if line.path == "/metrics" || line.path == "/readyz" {
            // Their text is another every time; that no token matters is seen by the status.
            walk.checks += 1;
            assert!(walk.ask(line, Whose::Own, "").await.status < 400, "{line} is open");
        }
        match line.needs {
            Needs::Nothing => walk.open(line).await,
            _ => walk.closed(line).await,
        }
    }
    println!(
        "matrix: {} paths, {} actors, {} tokens, {} checks",
        TABLE.len(),
        ROLES.len() + 1,
        Token::ALL.len(),
        walk.checks
    );
    assert!(walk.faults.is_empty(), "{} of {} checks:\n{}", walk.faults.len(), walk.checks, walk.faults.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_path_that_nobody_has_thought_of_fails() {
    let place = Place::open().await;
    let mut served = served(&place).await;
    served.insert(("post".to_owned(), "/v1/everything".to_owned()));
    assert!(served.remove(&("get".to_owned(), "/v1/users".to_owned())), "there is a list of users");
    let differences = table::differences(&served);
    assert_eq!(differences.len(), 2, "a new one and a missing one: {differences:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_document_says_who_may_as_the_table_does() {
    let place = Place::open().await;
    let document = place.node.get("", "/openapi.json").await.with(200);
    for line in TABLE {
        let said = &document["paths"][line.path][line.method]["security"];
        let with = |name: &str| said.as_array().is_some_and(|all| all.iter().any(|one| one.get(name).is_some()));
        let expected = match line.needs {
            Needs::Nothing => !with("person") && !with("station"),
            Needs::Station => with("station") && !with("person"),
            Needs::Account | Needs::Permission(_) => with("person") && !with("station"),
        };
        assert!(expected, "{line}: the document says {said}, the table {:?}", line.needs);
    }
}
