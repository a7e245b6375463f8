//! What changes behind the service's back, looked at every second: the disk, the clock, the settings.

use super::{Rules, Service};
use crate::{Code, Problem, intake::admit::newest_assay};
use std::time::{Duration, Instant};
use wellread_store::HealthStatus;

/// How often.
const EVERY: Duration = Duration::from_secs(1);

impl Service<'_, '_> {
    /// Looks at what changes behind the service's back.
    pub(super) fn look_around(&mut self, now: Instant) -> anyhow::Result<()> {
        if now < self.next_look_around {
            return Ok(());
        }
        self.next_look_around = now + EVERY;
        self.look_at_disk()?;
        let behind = self.kept.latest.look(self.station.clock().now()).map(str::to_owned);
        let status = if behind.is_some() { HealthStatus::Degraded } else { HealthStatus::Healthy };
        self.tell_state("clock", status, &behind.unwrap_or_default());
        if !self.orders.once {
            self.look_at_settings();
        }
        if self.rests_until.is_none() {
            self.kept.states.write_down(self.station);
        }
        Ok(())
    }

    /// Takes up settings that a person has changed; those that cannot be used are told, and the ones before hold.
    fn look_at_settings(&mut self) {
        // A database that does not answer shows at the next plate.
        let Ok(settings) = self.station.settings() else { return };
        if self.unusable.as_ref() == Some(&settings) {
            return;
        }
        if self.rules.settings.models != settings.models {
            self.kept.tally.models_changed = true;
            return;
        }
        let newest = self.station.read(|reading| Ok(newest_assay(reading, &settings.assay)?.0)).ok();
        if !self.rules.differ_from(&settings, newest.as_ref()) {
            if self.unusable.take().is_some() {
                self.tell_state("settings", HealthStatus::Healthy, "");
            }
            return;
        }
        let told = self.rules.changed(&settings);
        match Rules::of(self.station, self.eyes, settings.clone()) {
            Ok(rules) => {
                self.changed = Some(rules);
                self.tell_state("settings", HealthStatus::Healthy, &format!("now {told}"));
            }
            Err(error) => {
                self.unusable = Some(settings);
                let told = format!("{told} cannot be used ({error:#}): what was set before holds until that is mended");
                self.tell_state("settings", HealthStatus::Degraded, &told);
            }
        }
    }

    /// Pauses while the disk is fuller than the reserve allows.
    fn look_at_disk(&mut self) -> anyhow::Result<()> {
        let reserve = self.rules.settings.intake.disk_reserve_mib.saturating_mul(1 << 20);
        // A disk that does not say how much is free is tried.
        let free = fs4::available_space(self.station.folder().path()).unwrap_or(u64::MAX);
        let was = std::mem::replace(&mut self.no_room, free < reserve);
        if self.no_room {
            let told = format!(
                "intake pauses: {} MiB are free and the reserve is {} MiB; free some space, and it goes on by itself",
                free >> 20,
                reserve >> 20
            );
            if self.orders.once {
                return Err(Problem::new(Code::DiskFull, told).into());
            }
            // Only the first figure is told: a state that changes every second is none.
            if !was {
                self.queue.pause(true);
                self.tell_state("disk", HealthStatus::Unhealthy, &told);
            }
        } else {
            if was {
                self.queue.pause(self.rests_until.is_some());
            }
            self.tell_state("disk", HealthStatus::Healthy, "");
        }
        Ok(())
    }
}
