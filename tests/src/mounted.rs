//! Disks of a journey's own: small ones, and ones that may not be written.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// Something mounted for the time of a journey.
pub struct Mounted(PathBuf);

impl Mounted {
    /// A disk of so many mebibytes; `None`, and a line that says so, where this account may not mount.
    pub fn disk(at: &Path, size_mib: u32) -> Option<Self> {
        Self::mount(&["-t", "tmpfs", "-o", &format!("size={size_mib}m"), "tmpfs"], at)
    }

    /// The same folder at the same place, but nothing can be written there.
    pub fn read_only(at: &Path) -> Option<Self> {
        let mounted = Self::mount(&["--bind", at.to_str().expect("its name is text")], at)?;
        Self::mount(&["-o", "remount,bind,ro"], at).map(|again| {
            // One mount, ended once.
            std::mem::forget(again);
            mounted
        })
    }

    fn mount(how: &[&str], at: &Path) -> Option<Self> {
        let mounted = Command::new("mount").args(how).arg(at).stderr(Stdio::null()).status();
        if mounted.is_ok_and(|status| status.success()) {
            return Some(Self(at.to_owned()));
        }
        eprintln!("skipped: this account may not mount anything, so a disk that fails cannot be shown");
        None
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}
