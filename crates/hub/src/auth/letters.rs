//! The letters that the hub writes, in English and Thai.

use crate::mail::Letter;
use serde::Deserialize;
use utoipa::ToSchema;

/// A language of letters and pages.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Thai.
    Th,
}

impl Language {
    /// Its code.
    pub const fn code(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Th => "th",
        }
    }
}

/// Whom a letter is for.
#[derive(Clone, Copy, Debug)]
pub(super) struct To<'a> {
    pub(super) email: &'a str,
    pub(super) username: &'a str,
    pub(super) organization: &'a str,
    pub(super) language: Language,
}

/// Lets somebody choose a new password.
pub(super) fn reset(to: To<'_>, link: &str) -> Letter {
    let To { email, username, organization, language } = to;
    let (subject, text) = match language {
        Language::En => (
            "Choose a new Wellread password",
            format!(
                "Somebody, probably you, asked for a new password for the account '{username}' of {organization}.\n\n\
                 Choose one here within an hour:\n{link}\n\n\
                 The link works once. If it was not you, do nothing: the password stays as it is.\n"
            ),
        ),
        Language::Th => (
            "ตั้งรหัสผ่าน Wellread ใหม่",
            format!(
                "มีผู้ขอตั้งรหัสผ่านใหม่สำหรับบัญชี '{username}' ของ {organization} ซึ่งน่าจะเป็นคุณ\n\n\
                 ตั้งรหัสผ่านใหม่ที่นี่ภายในหนึ่งชั่วโมง:\n{link}\n\n\
                 ลิงก์นี้ใช้ได้ครั้งเดียว หากคุณไม่ได้เป็นผู้ขอ ไม่ต้องทำอะไร รหัสผ่านจะคงเดิม\n"
            ),
        ),
    };
    Letter { to: email.to_owned(), subject: subject.to_owned(), text }
}

/// Lets somebody prove that an address is theirs.
pub(super) fn verification(to: To<'_>, link: &str) -> Letter {
    let To { email, username, organization, language } = to;
    let (subject, text) = match language {
        Language::En => (
            "Confirm your Wellread mail address",
            format!(
                "The account '{username}' of {organization} has this mail address.\n\n\
                 Confirm within a day that it is yours:\n{link}\n\n\
                 If you do not know the account, do nothing.\n"
            ),
        ),
        Language::Th => (
            "ยืนยันที่อยู่อีเมลของ Wellread",
            format!(
                "บัญชี '{username}' ของ {organization} ใช้ที่อยู่อีเมลนี้\n\n\
                 ยืนยันว่าเป็นของคุณภายในหนึ่งวัน:\n{link}\n\n\
                 หากคุณไม่รู้จักบัญชีนี้ ไม่ต้องทำอะไร\n"
            ),
        ),
    };
    Letter { to: email.to_owned(), subject: subject.to_owned(), text }
}
