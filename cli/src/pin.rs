//! Where the PIN comes from: the terminal, without echo, or a file descriptor. Never an argument, which every other
//! program on the machine can read.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsFd as _;

use zeroize::Zeroizing;

use crate::failure::Failure;

/// The longest line taken as a PIN.
const LONGEST: usize = 256;

/// Reads a PIN, without its line end. Never an empty one: that would cost a try.
///
/// # Errors
/// When nothing was given, when there is no terminal and no descriptor was named, or the descriptor cannot be read.
pub(crate) fn read(descriptor: Option<i32>, prompt: &str) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let pin = match descriptor {
        None => rpassword::prompt_password(prompt)
            .map(|pin| Zeroizing::new(pin.into_bytes()))
            .map_err(|_| "There is no terminal to ask for the PIN on: name a file descriptor with --pin-fd."),
        // Past the standard library's buffer, which would keep the PIN, and take the lines after it from whoever reads on.
        Some(0) => io::stdin()
            .as_fd()
            .try_clone_to_owned()
            .and_then(|input| read_line(&mut File::from(input)))
            .map_err(|_| "The PIN could not be read from standard input."),
        Some(n) => File::open(format!("/dev/fd/{n}"))
            .and_then(|mut file| read_line(&mut file))
            .map_err(|_| "The file descriptor named with --pin-fd is not open."),
    };
    match pin {
        Ok(pin) if pin.is_empty() => Err(Failure::new(
            "no_pin",
            "No PIN was given. Nothing was tried.",
        )),
        Ok(pin) => Ok(pin),
        Err(words) => Err(Failure::new("no_pin", words)),
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
