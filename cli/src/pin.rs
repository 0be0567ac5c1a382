//! Where the PIN comes from: the terminal, without echo, or a file descriptor. Never an argument, which every other
//! program on the machine can read.

use std::fs::File;
use std::io::{self, Read};

use zeroize::Zeroizing;

/// The longest line taken as a PIN.
const LONGEST: usize = 256;

/// Reads a PIN, without its line end.
///
/// # Errors
/// When there is no terminal and no descriptor was named, or the descriptor cannot be read.
pub(crate) fn read(descriptor: Option<i32>, prompt: &str) -> io::Result<Zeroizing<Vec<u8>>> {
    match descriptor {
        None => rpassword::prompt_password(prompt)
            .map(|pin| Zeroizing::new(pin.into_bytes()))
            .map_err(|_| io::Error::other("there is no terminal to ask for the PIN on: name a file descriptor with --pin-fd")),
        Some(0) => read_line(&mut io::stdin().lock()),
        Some(n) => read_line(&mut File::open(format!("/dev/fd/{n}"))?),
    }
}

/// One byte at a time, so that nothing after the line is taken away from whoever reads on.
fn read_line(source: &mut impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut line = Zeroizing::new(Vec::with_capacity(LONGEST));
    let mut byte = [0u8];
    while line.len() < LONGEST && source.read(&mut byte)? == 1 && byte[0] != b'\n' {
        line.push(byte[0]);
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    Ok(line)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_the_first_line_is_taken() {
        let mut source = io::Cursor::new(b"482915\r\ntoday\n".to_vec());
        assert_eq!(*read_line(&mut source).unwrap(), b"482915");
        let mut rest = String::new();
        source.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "today\n");
    }
}
