//! An answer as a text: the status on the first line, then headers, an empty line, and the body. So a seed can be read,
//! and the fuzzer mutates status, headers and body alike.

use smart_m2m_core::fuzzing::Received;

/// A text that has no such lines is a body.
pub(crate) fn parse(bytes: &[u8]) -> Received<'_> {
    let mut rest = bytes;
    let Some(status) = line(&mut rest).and_then(status) else {
        return Received { status: 200, headers: Vec::new(), body: bytes };
    };
    let mut headers = Vec::new();
    while let Some(header) = line(&mut rest).filter(|header| !header.is_empty()) {
        let Some(colon) = header.iter().position(|byte| *byte == b':') else { continue };
        if let Ok(name) = std::str::from_utf8(&header[..colon]) {
            headers.push((name, header[colon + 1..].trim_ascii()));
        }
    }
    Received { status, headers, body: rest }
}

/// `HTTP 401`
fn status(line: &[u8]) -> Option<u16> {
    let digits = std::str::from_utf8(line.strip_prefix(b"HTTP ")?).ok()?;
    digits.trim().parse().ok().filter(|status| (200..=999).contains(status))
}

fn line<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let line = &rest[..end];
    *rest = &rest[end + 1..];
    Some(line.strip_suffix(b"\r").unwrap_or(line))
}
