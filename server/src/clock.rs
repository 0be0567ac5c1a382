//! The council's clock, as a thing that is handed in: a demonstration sets it. It decides nothing about a record.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use visitbook_record::time::WallMillis;

/// Reads the council's clock. Must not block for long.
pub type Now = Arc<dyn Fn() -> WallMillis + Send + Sync>;

/// The operating system's clock.
#[must_use]
pub fn system() -> Now {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let millis = since.map_or(0, |since| {
            i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
        });
        WallMillis(millis)
    })
}
