//! Who sends what does not open is asked to wait. Nothing else is ever limited: a valid backlog is taken as it comes.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Failures to open from one address within [`WINDOW`] before it is asked to wait.
const FAILURES: u32 = 60;
/// How long failures are remembered.
const WINDOW: Duration = Duration::from_secs(60);
/// Addresses remembered at once; beyond this the oldest windows go first.
const ADDRESSES: usize = 10_000;

/// Counts failures by address.
#[derive(Default)]
pub(crate) struct Limiter(Mutex<HashMap<IpAddr, (Instant, u32)>>);

impl Limiter {
    /// How long this address should wait, if it should.
    #[must_use]
    pub(crate) fn must_wait(&self, address: IpAddr, now: Instant) -> Option<Duration> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = all.get(&address)?;
        let left = WINDOW.checked_sub(now.saturating_duration_since(*since))?;
        (*count >= FAILURES && !left.is_zero()).then_some(left)
    }

    /// Notes that something from this address did not open.
    pub(crate) fn failed(&self, address: IpAddr, times: u32, now: Instant) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= ADDRESSES && !all.contains_key(&address) {
            all.retain(|_, (since, _)| now.saturating_duration_since(*since) < WINDOW);
            if all.len() >= ADDRESSES {
                all.clear();
            }
        }
        let entry = all.entry(address).or_insert((now, 0));
        if now.saturating_duration_since(entry.0) >= WINDOW {
            *entry = (now, 0);
        }
        entry.1 = entry.1.saturating_add(times);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_waits_out_its_window_and_no_other_does() {
        let limiter = Limiter::default();
        let (bad, good) = (IpAddr::from([10, 0, 0, 1]), IpAddr::from([10, 0, 0, 2]));
        let start = Instant::now();
        limiter.failed(bad, FAILURES - 1, start);
        assert_eq!(limiter.must_wait(bad, start), None);
        limiter.failed(bad, 1, start);
        assert_eq!(limiter.must_wait(bad, start), Some(WINDOW));
        assert_eq!(limiter.must_wait(good, start), None);
        assert_eq!(limiter.must_wait(bad, start + WINDOW), None);
        limiter.failed(bad, 1, start + WINDOW);
        assert_eq!(limiter.must_wait(bad, start + WINDOW), None);
    }

    #[test]
    fn many_addresses_take_bounded_memory() {
        let limiter = Limiter::default();
        let start = Instant::now();
        for n in 0..3 * u32::try_from(ADDRESSES).unwrap_or(0) {
            limiter.failed(IpAddr::from(n.to_be_bytes()), 1, start);
        }
        let held = limiter
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .len();
        assert!(held <= ADDRESSES);
    }
}
