//! Renders a sheet of phantom pictures side by side, to look at: `contact_sheet STYLE FAMILY SEED OUT.png [COLS ROWS W H]`.
use wellread_phantom::{Family, FileKind, Picture, Request, Scene, Style, encode};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let text = |i: usize| args.get(i).map_or("", String::as_str);
    let number = |i: usize, or: usize| args.get(i).and_then(|a| a.parse().ok()).unwrap_or(or);
    let style = match text(0) {
        "bench" => Style::Bench,
        "none" => Style::NoPlate,
        _ => Style::Wild,
    };
    let families = match text(1) {
        "any" => vec![Family::HaemTilted, Family::HaemFlat, Family::Growth, Family::Color],
        id => vec![Family::of_assay(id).ok_or("no such assay")?],
    };
    let (cols, rows, w, h) = (number(4, 3), number(5, 4), number(6, 512), number(7, 384));
    let mut sheet = Picture { width: cols * w, height: rows * h, rgb: vec![0; cols * rows * w * h * 3] };
    for i in 0..cols * rows {
        let family = families.get(i % families.len()).copied().ok_or("no family")?;
        let seed = number(2, 1) as u64 + i as u64;
        let picture = Scene::draw(&Request { seed, family, style, size: (w, h), format: None }).render();
        for y in 0..h {
            let to = ((i / cols * h + y) * cols * w + i % cols * w) * 3;
            let from = y * w * 3;
            if let (Some(to), Some(from)) = (sheet.rgb.get_mut(to..to + w * 3), picture.rgb.get(from..from + w * 3)) {
                to.copy_from_slice(from);
            }
        }
    }
    let mut file = std::fs::File::create(text(3))?;
    std::io::Write::write_all(&mut file, &encode(&sheet, FileKind::Png)?)?;
    Ok(())
}
