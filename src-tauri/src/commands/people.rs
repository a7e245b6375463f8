//! Who is at the window, and who may be.

use crate::{
    app::{Answer, App},
    events,
};
use serde::Deserialize;
use std::sync::Arc;
use tauri::{AppHandle, State};
use wellread_station::{
    Station,
    people::{NewPerson, Permission},
    person::{KnownPerson, Person},
    store::{Role, User},
};

#[tauri::command]
pub(crate) async fn known_people(app: State<'_, Arc<App>>) -> Answer<Vec<KnownPerson>> {
    Ok(app.gate()?.ask(Station::known_people).await?)
}

#[tauri::command]
pub(crate) async fn sign_in(app: State<'_, Arc<App>>, username: String, password: String) -> Answer<Person> {
    let gate = app.gate()?;
    let (session, person) = gate
        .change(move |station| {
            let session = station.login(&username, &password)?;
            let person = station.person(&session)?;
            Ok((session, person))
        })
        .await?;
    app.sign_in(session);
    Ok(person)
}

#[tauri::command]
pub(crate) fn lock(app: State<'_, Arc<App>>) {
    app.lock();
}

#[tauri::command]
pub(crate) fn touch(app: State<'_, Arc<App>>) {
    app.touch();
}

#[tauri::command]
pub(crate) async fn users(app: State<'_, Arc<App>>) -> Answer<Vec<User>> {
    app.ask(Station::users).await
}

#[tauri::command]
pub(crate) async fn roles(app: State<'_, Arc<App>>) -> Answer<Vec<Role>> {
    app.ask(|station, by| {
        station.ask(by, Permission::UserAdmin, |_| Ok(()))?;
        station.roles()
    })
    .await
}

/// An account to make.
#[derive(Deserialize)]
pub(crate) struct NewUser {
    username: String,
    password: String,
    first_name: String,
    last_name: String,
    email: Option<String>,
    roles: Vec<String>,
}

#[tauri::command]
pub(crate) async fn create_user(app: State<'_, Arc<App>>, window: AppHandle, person: NewUser) -> Answer<()> {
    let NewUser { username, password, first_name, last_name, email, roles } = person;
    let new = NewPerson { username, password, first_name, last_name, email, roles };
    app.change(move |station, by| station.create_user(by, &new)).await?;
    events::tell(&window, "people", None);
    Ok(())
}

#[tauri::command]
pub(crate) async fn set_roles(
    app: State<'_, Arc<App>>,
    window: AppHandle,
    username: String,
    roles: Vec<String>,
    why: String,
) -> Answer<()> {
    app.change(move |station, by| station.set_roles(by, &username, &roles, &why)).await?;
    events::tell(&window, "people", None);
    Ok(())
}

#[tauri::command]
pub(crate) async fn set_active(
    app: State<'_, Arc<App>>,
    window: AppHandle,
    username: String,
    active: bool,
    why: String,
) -> Answer<()> {
    app.change(move |station, by| station.set_active(by, &username, active, &why)).await?;
    events::tell(&window, "people", None);
    Ok(())
}

#[tauri::command]
pub(crate) async fn unlock_user(
    app: State<'_, Arc<App>>,
    window: AppHandle,
    username: String,
    why: String,
) -> Answer<()> {
    app.change(move |station, by| station.unlock_user(by, &username, &why)).await?;
    events::tell(&window, "people", None);
    Ok(())
}

/// Sets the own password with the old one, or as an admin anybody's without.
#[tauri::command]
pub(crate) async fn set_password(
    app: State<'_, Arc<App>>,
    username: String,
    old: Option<String>,
    new: String,
) -> Answer<()> {
    app.change(move |station, by| match old {
        Some(old) if username == by.name() => station.set_own_password(&username, &old, &new),
        _ => station.set_password(by, &username, &new),
    })
    .await
}
