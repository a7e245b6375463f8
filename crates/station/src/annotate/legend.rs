//! How each class looks: a letter in tables, a shape and a colour in pictures. Never a colour alone.

use std::collections::BTreeMap;
use wellread_plate::{assay::Assay, class::WellClass};

/// A shape that can be told at ten pixels, without its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shape {
    /// A drop with its tail.
    Drop,
    /// A filled circle.
    Disc,
    /// An open circle.
    Circle,
    /// A filled square.
    Square,
    /// Two crossing lines.
    Cross,
    /// A filled square on its corner.
    Diamond,
    /// An open square.
    Frame,
    /// A filled triangle.
    Triangle,
    /// An open square on its corner.
    Rhomb,
    /// A flat filled bar.
    Bar,
}

/// How one class looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// Its letter in tables.
    pub letter: char,
    /// Its shape in pictures.
    pub shape: Shape,
    /// Its colour in pictures.
    pub color: [u8; 3],
}

/// How every class of an assay looks.
#[derive(Clone, Debug)]
pub struct Legend(BTreeMap<WellClass, Look>);

const GREY: [u8; 3] = [0xc8, 0xc8, 0xc8];

/// The colours of Okabe and Ito, which stay apart for every kind of colour vision.
const COLORS: [[u8; 3]; 7] = [
    [0x56, 0xb4, 0xe9],
    [0xe6, 0x9f, 0x00],
    [0xcc, 0x79, 0xa7],
    [0xf0, 0xe4, 0x42],
    [0x00, 0x9e, 0x73],
    [0xd5, 0x5e, 0x00],
    [0x00, 0x72, 0xb2],
];

const UNKNOWN: Look = Look { letter: '#', shape: Shape::Bar, color: GREY };

fn shipped(class: &WellClass) -> Option<Look> {
    let [sky, orange, pink, yellow, ..] = COLORS;
    let look = |letter, shape, color| Some(Look { letter, shape, color });
    match class.as_str() {
        "teardrop" => look('T', Shape::Drop, sky),
        "button" => look('B', Shape::Disc, orange),
        "ring" => look('R', Shape::Circle, pink),
        "mat" => look('M', Shape::Square, yellow),
        "empty" => look('-', Shape::Cross, GREY),
        "growth" => look('G', Shape::Diamond, orange),
        "no-growth" => look('.', Shape::Rhomb, sky),
        "coloured" => look('C', Shape::Diamond, pink),
        "clear" => look('.', Shape::Frame, sky),
        _ => None,
    }
}

impl Legend {
    /// The looks of an assay's classes. A laboratory's own classes take the letters and shapes left over.
    pub fn of(assay: &Assay) -> Self {
        let mut looks: BTreeMap<WellClass, Look> =
            assay.classes.keys().filter_map(|class| Some((class.clone(), shipped(class)?))).collect();
        let spare = [Shape::Triangle, Shape::Diamond, Shape::Frame, Shape::Square, Shape::Circle, Shape::Disc];
        for (n, class) in assay.classes.keys().filter(|class| shipped(class).is_none()).enumerate() {
            let taken: Vec<char> = looks.values().map(|look| look.letter).collect();
            let own = class.as_str().chars().map(|c| c.to_ascii_uppercase());
            let letter = own.chain('A'..='Z').find(|c| c.is_ascii_alphabetic() && !taken.contains(c)).unwrap_or('#');
            let shape = *spare.get(n % spare.len()).unwrap_or(&Shape::Bar);
            let color = *COLORS.get(n % COLORS.len()).unwrap_or(&GREY);
            looks.insert(class.clone(), Look { letter, shape, color });
        }
        Self(looks)
    }

    /// How a class looks.
    pub fn look(&self, class: &WellClass) -> Look {
        self.0.get(class).copied().unwrap_or(UNKNOWN)
    }

    /// Its letter.
    pub fn letter(&self, class: &WellClass) -> char {
        self.look(class).letter
    }

    /// Every class and its look, in order of name.
    pub fn iter(&self) -> impl Iterator<Item = (&WellClass, Look)> {
        self.0.iter().map(|(class, look)| (class, *look))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_classes_of_every_shipped_assay_differ_in_letter_shape_and_colour() {
        for id in Assay::shipped_ids() {
            let assay = Assay::shipped(id).unwrap();
            let legend = Legend::of(&assay);
            let letters: BTreeSet<char> = legend.iter().map(|(_, look)| look.letter).collect();
            let shapes: BTreeSet<Shape> = legend.iter().map(|(_, look)| look.shape).collect();
            assert_eq!(letters.len(), assay.classes.len(), "{id}: one letter a class");
            assert_eq!(shapes.len(), assay.classes.len(), "{id}: one shape a class, since colour alone is not enough");
        }
    }

    #[test]
    fn a_laboratorys_own_classes_get_letters_of_their_own() {
        let text = include_str!("../../../../assays/hi.toml").replace("[classes]", "[classes]\ntorn = \"invalid\"");
        let legend = Legend::of(&Assay::from_toml("ours.toml", &text).unwrap());
        assert_eq!(legend.letter(&WellClass::new("torn").unwrap()), 'O', "T is the tear-drop's, so the next letter");
        assert_eq!(legend.letter(&WellClass::new("strange").unwrap()), '#', "a class of no assay is still shown");
    }
}
