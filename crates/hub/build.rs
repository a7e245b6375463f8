//! Has cargo look at the migrations: without this a new file would silently be left out.

fn main() {
    println!("cargo::rerun-if-changed=../../migrations/postgres");
}
