//! Who does it: a name, and a password from the environment or a prompt.

use crate::args::station::AsArgs;
use std::{env, io::IsTerminal as _};
use wellread_station::{Code, Problem, Station, people::Session};

/// Signs in whoever `--as` or `WELLREAD_USER` names.
pub(super) fn sign_in(station: &Station, by: &AsArgs) -> anyhow::Result<Session> {
    sign_in_with_password(station, by).map(|(session, _)| session)
}

/// Signs in, and gives the password to whoever must have it confirmed.
pub(super) fn sign_in_with_password(station: &Station, by: &AsArgs) -> anyhow::Result<(Session, String)> {
    let name = name(by)?;
    let password = password_of(&name)?;
    Ok((station.login(&name, &password)?, password))
}

/// Whom `--as` or `WELLREAD_USER` names.
pub(super) fn name(by: &AsArgs) -> anyhow::Result<String> {
    if let Some(name) = &by.who {
        return Ok(name.clone());
    }
    let told = "say who does this: --as NAME, or WELLREAD_USER";
    Ok(env::var("WELLREAD_USER").map_err(|_| Problem::new(Code::LoginFailed, told))?)
}

/// The password that somebody has.
pub(super) fn password_of(name: &str) -> anyhow::Result<String> {
    password("WELLREAD_PASSWORD", &format!("Password of {name}: "))
}

/// A password from the environment, or typed.
pub(super) fn password(variable: &str, prompt: &str) -> anyhow::Result<String> {
    if let Ok(password) = env::var(variable) {
        return Ok(password);
    }
    if !std::io::stdin().is_terminal() {
        let told = format!("there is nobody to ask for a password: set {variable}");
        return Err(Problem::new(Code::LoginFailed, told).into());
    }
    Ok(rpassword::prompt_password(prompt)?)
}

/// A new password from the environment, or typed twice.
pub(super) fn new_password(variable: &str, whose: &str) -> anyhow::Result<String> {
    let first = password(variable, &format!("New password of {whose}: "))?;
    if env::var_os(variable).is_none() && rpassword::prompt_password("The same again: ")? != first {
        return Err(Problem::invalid("the two passwords differ: try again").into());
    }
    Ok(first)
}
