//! Does many things at once and hands on the results in order.

use crate::interrupt;
use std::{
    collections::BTreeMap,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
};

struct State<R> {
    /// The next item that nobody has begun.
    begin: usize,
    /// The next result to hand on.
    next: usize,
    /// Results that wait for an earlier one.
    waiting: BTreeMap<usize, R>,
    /// No further item is begun.
    stopped: bool,
}

/// How far a fast worker may run ahead of a slow item, in results a worker; it bounds the memory.
const AHEAD: usize = 8;

/// Runs `work` on every item with `jobs` threads; `deliver` gets the results in the order of the items, as soon as
/// each is due. Both an interrupt and a `deliver` that answers false end the work: what is under way is finished and
/// what is due is still delivered.
pub(crate) fn line_up<T: Sync, R: Send>(
    items: &[T],
    jobs: usize,
    work: impl Fn(usize, &T) -> R + Sync,
    deliver: impl FnMut(R) -> bool + Send,
) {
    let state = Mutex::new(State { begin: 0, next: 0, waiting: BTreeMap::new(), stopped: false });
    let deliver = Mutex::new(deliver);
    let moved = Condvar::new();
    let worker = || {
        while let Some((index, item)) = begin(&state, &moved, items, jobs * AHEAD) {
            let result = work(index, item);
            // The lock of `deliver` is taken first, so that results leave in order though the state is free meanwhile.
            let mut deliver = lock(&deliver);
            let due = finish(&state, index, result);
            let wanted = due.into_iter().all(&mut *deliver);
            if !wanted {
                lock(&state).stopped = true;
            }
            moved.notify_all();
        }
    };
    thread::scope(|scope| {
        for _ in 1..jobs.min(items.len()) {
            scope.spawn(worker);
        }
        worker();
    });
}

fn begin<'a, T, R>(state: &Mutex<State<R>>, moved: &Condvar, items: &'a [T], ahead: usize) -> Option<(usize, &'a T)> {
    let mut state = lock(state);
    while !state.stopped && state.begin >= state.next + ahead {
        state = moved.wait(state).unwrap_or_else(PoisonError::into_inner);
    }
    if state.stopped || interrupt::requested() {
        return None;
    }
    let index = state.begin;
    let item = items.get(index)?;
    state.begin += 1;
    Some((index, item))
}

/// Takes a result and returns those that are due.
fn finish<R>(state: &Mutex<State<R>>, index: usize, result: R) -> Vec<R> {
    let mut state = lock(state);
    state.waiting.insert(index, result);
    let mut due = Vec::new();
    while let Some(result) = {
        let next = state.next;
        state.waiting.remove(&next)
    } {
        state.next += 1;
        due.push(result);
    }
    due
}

/// A worker that panicked takes the process down with it; until then the others may still use what it locked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_order_whoever_is_first() {
        let items: Vec<u32> = (0..200).collect();
        let mut seen = Vec::new();
        // Every seventh item takes far more work than its neighbours.
        let work = |_, n: &u32| {
            (0..if n.is_multiple_of(7) { 200_000 } else { 10 }).fold(u64::from(*n) << 32, |a, b| a ^ (b & 1))
        };
        line_up(&items, 4, work, |result| {
            seen.push((result >> 32) as u32);
            true
        });
        assert_eq!(seen, items, "a line of output belongs to the picture at the same place");
    }

    #[test]
    fn nothing_is_begun_after_the_reader_has_gone() {
        let items = [0; 1000];
        let mut delivered = 0;
        line_up(
            &items,
            3,
            |index, _| index,
            |index| {
                delivered += 1;
                index < 10
            },
        );
        assert!((11..100).contains(&delivered), "{delivered} results were delivered, though the eleventh was refused");
    }

    #[test]
    fn no_items_no_work() {
        line_up(&[] as &[u8], 2, |_, _| (), |()| panic!("nothing to deliver"));
    }
}
