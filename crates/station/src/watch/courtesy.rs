//! Who works at a window goes before the plates that wait.

use thread_priority::{ThreadPriority, set_current_thread_priority};

/// Of a hundred, fifty being what a thread has by itself: on Linux a nice value of ten.
const BEHIND: u8 = 25;

/// Lets this thread work with what the window leaves, on Linux also those that it starts. Where the system refuses, it
/// works as before: later keys are better than no plates.
pub fn stand_back() {
    if let Ok(priority) = BEHIND.try_into() {
        let _ = set_current_thread_priority(ThreadPriority::Crossplatform(priority));
    }
}
