//! Who may be at the window: the names to choose from, and what the one signed in may do.

use crate::{
    Station,
    people::{Permission, Session},
};
use serde::Serialize;

/// An account to choose when signing in. Nothing else of it is told to who has not signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct KnownPerson {
    /// The name to sign in with.
    pub username: String,
    /// First and last name; the user name where there is none.
    pub name: String,
}

/// Who is signed in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Person {
    /// The name and what people call them.
    #[serde(flatten)]
    pub known: KnownPerson,
    /// Names of their roles.
    pub roles: Vec<String>,
    /// What they may do.
    pub permissions: Vec<String>,
}

impl Station {
    /// Accounts that may sign in, by name.
    pub fn known_people(&self) -> anyhow::Result<Vec<KnownPerson>> {
        let users = self.read(|reading| Ok(reading.users()?))?;
        Ok(users.iter().filter(|user| user.is_active).map(known).collect())
    }

    /// Who is signed in, and what they may do now.
    pub fn person(&self, session: &Session) -> anyhow::Result<Person> {
        self.read(|reading| {
            let user = reading.user(session.user())?;
            let allowed = reading.permissions(user.id)?;
            let permissions =
                Permission::ALL.map(Permission::as_str).into_iter().filter(|name| allowed.contains(*name));
            Ok(Person { known: known(&user), permissions: permissions.map(str::to_owned).collect(), roles: user.roles })
        })
    }
}

fn known(user: &wellread_store::User) -> KnownPerson {
    let name = format!("{} {}", user.first_name, user.last_name).trim().to_owned();
    KnownPerson { username: user.username.clone(), name: if name.is_empty() { user.username.clone() } else { name } }
}
