//! A line that counts: bytes of TLS both ways, between a device and the council.

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Bytes that passed, records and handshakes of TLS included.
#[derive(Clone, Default)]
pub(crate) struct Passed {
    up: Arc<AtomicU64>,
    down: Arc<AtomicU64>,
}

impl Passed {
    /// Up and down since the last time this was asked.
    pub(crate) fn take(&self) -> (u64, u64) {
        (
            self.up.swap(0, Ordering::SeqCst),
            self.down.swap(0, Ordering::SeqCst),
        )
    }
}

/// Starts a relay to the council. It runs until the process ends.
pub(crate) fn start(to: SocketAddr) -> (SocketAddr, Passed) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let passed = Passed::default();
    let counts = passed.clone();
    std::thread::spawn(move || {
        for near in listener.incoming().map_while(Result::ok) {
            let far = TcpStream::connect(to).unwrap();
            near.set_nodelay(true).unwrap();
            far.set_nodelay(true).unwrap();
            pump(&near, &far, &counts.up);
            pump(&far, &near, &counts.down);
        }
    });
    (address, passed)
}

fn pump(from: &TcpStream, to: &TcpStream, count: &Arc<AtomicU64>) {
    let (mut from, mut to, count) = (
        from.try_clone().unwrap(),
        to.try_clone().unwrap(),
        Arc::clone(count),
    );
    std::thread::spawn(move || {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            count.fetch_add(read as u64, Ordering::SeqCst);
            if to.write_all(&buffer[..read]).is_err() {
                break;
            }
        }
        // The other side may be gone already.
        let _ = to.shutdown(Shutdown::Write);
    });
}
