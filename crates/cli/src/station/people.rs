//! `wellread users`.

use super::{Here, keep::from, who};
use crate::args::station::{UsersArgs, UsersCommand};
use serde_json::json;
use std::process::ExitCode;
use wellread_station::{
    Station,
    people::{NewPerson, Session},
};

/// Where a script puts the password that is to be.
const NEW_PASSWORD: &str = "WELLREAD_NEW_PASSWORD";

pub(super) fn users(here: &Here, args: &UsersArgs) -> anyhow::Result<ExitCode> {
    let station = here.open()?;
    match &args.command {
        UsersCommand::Roles => {
            for role in here.open_to_read(&args.by)?.roles()? {
                let permissions: Vec<&str> = role.permissions.iter().map(String::as_str).collect();
                here.print.one(&role, || {
                    let what = format!("{:<12} {}: {}", role.name, role.description, permissions.join(" "));
                    format!("{what}{}", from(role.origin))
                })?;
            }
            return Ok(ExitCode::SUCCESS);
        }
        // Somebody must be the first.
        UsersCommand::Add { name, roles, .. } if !station.has_users()? && roles == &["admin"] => {
            let password = who::new_password(NEW_PASSWORD, name)?;
            let admin = station.first_admin(name, &password)?;
            return here.print.done(&json!({ "id": admin.user(), "username": name }), || format!("made admin {name}"));
        }
        UsersCommand::Passwd { name } if who::name(&args.by)?.to_lowercase() == name.to_lowercase() => {
            // With the old one, which may have expired: then nobody signs in with it.
            let old = who::password_of(name)?;
            station.set_own_password(name, &old, &who::new_password(NEW_PASSWORD, name)?)?;
            return here.print.done(&json!({ "changed": name }), || format!("changed {name}"));
        }
        _ => {}
    }
    let session = who::sign_in(&station, &args.by)?;
    match &args.command {
        UsersCommand::List => {
            for user in station.users(&session)? {
                here.print.one(&user, || {
                    let closed = if user.is_active { "" } else { " (closed)" };
                    format!("{:<20} {}{closed}{}", user.username, user.roles.join(" "), from(user.origin))
                })?;
            }
            Ok(ExitCode::SUCCESS)
        }
        UsersCommand::Add { name, roles, first_name, last_name, email } => {
            let person = NewPerson {
                username: name.clone(),
                password: who::new_password(NEW_PASSWORD, name)?,
                first_name: first_name.clone(),
                last_name: last_name.clone(),
                email: email.clone(),
                roles: roles.clone(),
            };
            let id = station.create_user(&session, &person)?;
            here.print.done(&json!({ "id": id, "username": name }), || format!("made {name}"))
        }
        command => {
            let name = change(&station, &session, command)?;
            here.print.done(&json!({ "changed": name }), || format!("changed {name}"))
        }
    }
}

fn change<'a>(station: &Station, session: &Session, command: &'a UsersCommand) -> anyhow::Result<&'a str> {
    match command {
        UsersCommand::Passwd { name } => {
            let new = who::new_password(NEW_PASSWORD, name)?;
            station.set_password(session, name, &new)?;
            Ok(name)
        }
        UsersCommand::Role { name, roles, why } => station.set_roles(session, name, roles, why).map(|()| name.as_str()),
        UsersCommand::Deactivate { name, why } => station.set_active(session, name, false, why).map(|()| name.as_str()),
        UsersCommand::Activate { name, why } => station.set_active(session, name, true, why).map(|()| name.as_str()),
        UsersCommand::Unlock { name, why } => station.unlock_user(session, name, why).map(|()| name.as_str()),
        UsersCommand::Permit { role, permissions, why } => {
            let permissions = permissions.iter().cloned().collect();
            station.set_permissions(session, role, &permissions, why).map(|()| role.as_str())
        }
        UsersCommand::List | UsersCommand::Roles | UsersCommand::Add { .. } => Ok(""),
    }
}
