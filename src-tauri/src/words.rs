//! The few words that show outside the window: in the tray and in notifications. They name no sample and no person,
//! because they show while the window is locked.

use std::sync::atomic::{AtomicBool, Ordering};

/// The language of what shows outside the window.
#[derive(Debug, Default)]
pub(crate) struct Language {
    thai: AtomicBool,
}

/// What is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Words {
    Open,
    Quit,
    ToReview,
    NotRead,
    Trouble,
    StaysOpen,
}

impl Language {
    pub(crate) fn set(&self, locale: &str) {
        self.thai.store(locale == "th", Ordering::Relaxed);
    }

    pub(crate) fn say(&self, words: Words) -> &'static str {
        let (english, thai) = words.both();
        if self.thai.load(Ordering::Relaxed) { thai } else { english }
    }
}

impl Words {
    const fn both(self) -> (&'static str, &'static str) {
        match self {
            Self::Open => ("Open Wellread", "เปิด Wellread"),
            Self::Quit => ("Quit", "ออกจากโปรแกรม"),
            Self::ToReview => ("A plate needs a person to look at it.", "มีเพลตที่ต้องให้คนตรวจดู"),
            Self::NotRead => ("A picture could not be read.", "มีภาพที่อ่านไม่ได้"),
            Self::Trouble => {
                ("Wellread needs help: open it to see what to do.", "Wellread ต้องการความช่วยเหลือ เปิดเพื่อดูว่าต้องทำอะไร")
            }
            Self::StaysOpen => (
                "Wellread goes on reading plates. Its icon brings it back.",
                "Wellread ยังอ่านเพลตต่อ คลิกไอคอนเพื่อเปิดอีกครั้ง",
            ),
        }
    }
}
