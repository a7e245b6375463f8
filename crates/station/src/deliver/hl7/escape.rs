//! Text inside a field of HL7.

use crate::deliver::hex;
use std::borrow::Cow;

/// Text in which no character divides the message any more.
///
/// A line break becomes `\.br\`; other control characters become `\Xhh\`.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    let safe = |character: char| !matches!(character, '|' | '^' | '~' | '\\' | '&') && !character.is_control();
    if text.chars().all(safe) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            '|' => escaped.push_str("\\F\\"),
            '^' => escaped.push_str("\\S\\"),
            '&' => escaped.push_str("\\T\\"),
            '~' => escaped.push_str("\\R\\"),
            '\\' => escaped.push_str("\\E\\"),
            '\n' => escaped.push_str("\\.br\\"),
            other if other.is_control() => escaped.extend(["\\X", &hex::of_char(other), "\\"]),
            other => escaped.push(other),
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn unescape(text: &str) -> String {
        let mut plain = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('\\') {
            let (code, after) = after.split_once('\\').expect("every escape is closed");
            plain.extend_from_slice(before.as_bytes());
            match code {
                "F" => plain.push(b'|'),
                "S" => plain.push(b'^'),
                "T" => plain.push(b'&'),
                "R" => plain.push(b'~'),
                "E" => plain.push(b'\\'),
                ".br" => plain.push(b'\n'),
                hex => plain.extend(hex.as_bytes()[1..].chunks(2).map(|pair| {
                    let digits = std::str::from_utf8(pair).expect("ASCII");
                    u8::from_str_radix(digits, 16).expect("hexadecimal")
                })),
            }
            rest = after;
        }
        plain.extend_from_slice(rest.as_bytes());
        String::from_utf8(plain).expect("UTF-8")
    }

    #[test]
    fn each_character_has_its_own_escape() {
        assert_eq!(escape("|^&~\\"), r"\F\\S\\T\\R\\E\", "as chapter 2 of the standard lists them");
        assert_eq!(
            escape("a\nb\rc\u{1}"),
            r"a\.br\b\X0D\c\X01\",
            "a line break is formatting, the rest is hexadecimal"
        );
    }

    proptest! {
        #[test]
        fn any_text_reads_back_and_divides_nothing(text in any::<String>()) {
            let escaped = escape(&text);
            prop_assert_eq!(unescape(&escaped), text.clone(), "nothing is lost");
            let divides = |c: char| c.is_control() || matches!(c, '|' | '^' | '&' | '~');
            prop_assert!(!escaped.contains(divides), "and nothing ends a field or a segment");
        }
    }
}
