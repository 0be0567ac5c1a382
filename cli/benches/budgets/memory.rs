//! What a device holds in memory after it was unlocked and the day's list was shown, in a process that does nothing else.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::sync::Arc;

use visitbook_device::Device;
use visitbook_device::clock::Clock;
use visitbook_record::commit::Clocks;
use visitbook_record::id::BootId;
use visitbook_record::time::{MonotonicMillis, WallMillis};
use visitbook_seal::hardware::SoftwareKeys;

use super::growth::newest_day;
use super::office::{PIN, Phone};
use super::table::{Budget, Table};

/// The moment at which the device is opened, milliseconds since 1970.
struct Standing(i64);

impl Clock for Standing {
    fn read(&self) -> Clocks {
        Clocks {
            wall: WallMillis(self.0),
            monotonic: MonotonicMillis(1),
            boot: BootId([9; 16]),
        }
    }
}

/// Starts this program again to open the device, and reads what it says of itself.
pub(crate) fn measure(reader: &mut Phone, size: usize, table: &mut Table) {
    let day = newest_day(reader);
    let keys = reader.folder.path().join("keystore");
    std::fs::write(&keys, reader.hardware.to_bytes()).unwrap();
    drop(reader.working.take().unwrap().lock());
    let output = Command::new(std::env::current_exe().unwrap())
        .arg("open-once")
        .arg(reader.store())
        .arg(&keys)
        .arg(&day)
        .arg(reader.calendar.read().wall.0.to_string())
        .output()
        .unwrap();
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{problem}");
    let said = String::from_utf8(output.stdout).unwrap();
    let mut numbers = said
        .split_whitespace()
        .map(|word| word.parse::<f64>().unwrap());
    let (heap, resident) = (numbers.next().unwrap(), numbers.next().unwrap());
    let budget = match size {
        10_000 => Budget::Most(64.0, " MB"),
        _ => Budget::None,
    };
    table.row(
        &format!("memory after unlock and today's list, {size} visits"),
        format!("{resident:.1} MB resident"),
        format!("{heap:.1} MB of it Rust's"),
        resident,
        &budget,
    );
}

/// Opens the device in a folder, shows a day's list, and prints megabytes: what Rust holds, and what the process holds.
pub(crate) fn open_once(words: &[OsString]) -> ExitCode {
    let [store, keys, day, now] = words else {
        return ExitCode::FAILURE;
    };
    let now = Standing(now.to_str().unwrap().parse().unwrap());
    let hardware = SoftwareKeys::from_bytes(&std::fs::read(keys).unwrap()).unwrap();
    let locked = Device::open(Path::new(store), Arc::new(hardware), Arc::new(now));
    let working = locked.unwrap().unlock(PIN).unwrap();
    let today = working.today(day.to_str()).unwrap();
    assert!(!today.visits.is_empty());
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let resident: f64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|line| line.trim().strip_suffix(" kB"))
        .and_then(|number| number.parse().ok())
        .unwrap();
    println!(
        "{} {}",
        super::HEAP.allocated() as f64 / 1e6,
        resident / 1e3
    );
    ExitCode::SUCCESS
}
