//! Who is at the window.

use crate::app::{Answer, App};
use std::sync::Arc;
use tauri::State;
use wellread_station::people::{KnownPerson, Person};

#[tauri::command]
pub(crate) async fn known_people(app: State<'_, Arc<App>>) -> Answer<Vec<KnownPerson>> {
    Ok(app.gate()?.ask(wellread_station::Station::known_people).await?)
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
