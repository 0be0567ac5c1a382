//! The clock a device or a council reads: the system's, or the demonstration's, which is a file.

use std::path::PathBuf;
use std::sync::Arc;

use visitbook_device::clock::{Clock, SystemClock};
use visitbook_record::commit::Clocks;
use visitbook_record::time::WallMillis;

/// A wall clock kept in a file, in milliseconds since 1970. Everything else is the system's.
struct FileClock(PathBuf);

impl Clock for FileClock {
    fn read(&self) -> Clocks {
        let system = SystemClock.read();
        let wall = std::fs::read_to_string(&self.0)
            .ok()
            .and_then(|text| text.trim().parse().ok());
        // A demonstration whose clock has gone shows the real time, which its checks then find.
        Clocks {
            wall: wall.map_or(system.wall, WallMillis),
            ..system
        }
    }
}

/// The clock to read.
pub(crate) fn pick(file: Option<PathBuf>) -> Arc<dyn Clock> {
    match file {
        Some(file) => Arc::new(FileClock(file)),
        None => Arc::new(SystemClock),
    }
}
