//! BER as macOS, NSS and Bouncy Castle write PKCS#12, made DER as far as lengths go (X.690 §8.1.3, §8.7.3).

use zeroize::Zeroizing;

/// Deeper than any PKCS#12 file; the stack is used no further.
const MAX_DEPTH: usize = 32;
const OCTET_STRING: u8 = 0x04;
const CONSTRUCTED: u8 = 0x20;
const HIGH_TAG_NUMBER: u8 = 0x1F;
const END_OF_CONTENTS: [u8; 2] = [0, 0];

/// The one value that `ber` is, with definite lengths of the fewest octets, and with octet strings
/// in one piece; DER stays as it is. `None`: not BER, or with tags that no keystore has.
pub(super) fn to_der(ber: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut rest = ber;
    let mut der = Zeroizing::new(Vec::with_capacity(ber.len()));
    value(&mut rest, 0, &mut der)?;
    rest.is_empty().then_some(der)
}

fn value(input: &mut &[u8], depth: usize, der: &mut Zeroizing<Vec<u8>>) -> Option<()> {
    let (tag, length) = header(input)?;
    if tag & CONSTRUCTED == 0 {
        write(der, tag, take(input, length?)?);
        return Some(());
    }
    if depth == MAX_DEPTH {
        return None;
    }
    let mut contents = Zeroizing::new(Vec::new());
    if let Some(length) = length {
        let mut inside = take(input, length)?;
        while !inside.is_empty() {
            value(&mut inside, depth + 1, &mut contents)?;
        }
    } else {
        while !input.starts_with(&END_OF_CONTENTS) {
            value(input, depth + 1, &mut contents)?;
        }
        take(input, END_OF_CONTENTS.len())?;
    }
    match tag {
        0x24 => write(der, OCTET_STRING, &joined(&contents)?),
        _ => write(der, tag, &contents),
    }
    Some(())
}

/// Pieces of an octet string, each an octet string, as one.
pub(super) fn joined(mut pieces: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut whole = Zeroizing::new(Vec::with_capacity(pieces.len()));
    while !pieces.is_empty() {
        let (tag, length) = header(&mut pieces)?;
        let piece = take(&mut pieces, length?)?;
        (tag == OCTET_STRING).then(|| whole.extend_from_slice(piece))?;
    }
    Some(whole)
}

/// Tag and length; no length: indefinite.
fn header(input: &mut &[u8]) -> Option<(u8, Option<usize>)> {
    let &[tag, first] = take(input, 2)? else { return None };
    if tag & HIGH_TAG_NUMBER == HIGH_TAG_NUMBER {
        return None;
    }
    let length = match first {
        0..=0x7F => Some(usize::from(first)),
        0x80 => None,
        _ => {
            let octets = take(input, usize::from(first & 0x7F))?;
            Some(octets.iter().try_fold(0_usize, |length, &octet| {
                length.checked_mul(256)?.checked_add(usize::from(octet))
            })?)
        }
    };
    Some((tag, length))
}

fn take<'a>(input: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = input.split_at_checked(count)?;
    *input = rest;
    Some(taken)
}

fn write(der: &mut Zeroizing<Vec<u8>>, tag: u8, contents: &[u8]) {
    let length = contents.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|&&octet| octet == 0).count()..];
    append(der, &[tag]);
    match (significant, u8::try_from(significant.len())) {
        ([], _) => append(der, &[0]),
        (&[short @ ..=0x7F], _) => append(der, &[short]),
        (long, count) => {
            append(der, &[0x80 | count.unwrap_or_default()]);
            append(der, long);
        }
    }
    append(der, contents);
}

/// A vector that grows by itself leaves what it held behind, unwiped.
fn append(to: &mut Zeroizing<Vec<u8>>, bytes: &[u8]) {
    let needed = to.len() + bytes.len();
    if needed > to.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(2 * to.capacity())));
        larger.extend_from_slice(to);
        *to = larger;
    }
    to.extend_from_slice(bytes);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn der_stays_as_it_is() {
        for der in [fixture!("openssl3.p12"), fixture!("rsa.p12"), &[0x30, 0x00]] {
            assert_eq!(to_der(der).unwrap().as_slice(), der);
        }
    }

    #[test]
    fn indefinite_lengths_and_octet_strings_in_pieces_become_definite_and_whole() {
        let ber =
            [0x30, 0x80, 0x24, 0x80, 4, 1, 7, 4, 0x81, 1, 8, 0, 0, 0xA0, 0x80, 5, 0, 0, 0, 0, 0];
        assert_eq!(to_der(&ber).unwrap().as_slice(), [0x30, 8, 4, 2, 7, 8, 0xA0, 2, 5, 0]);
    }

    #[test]
    fn lengths_of_every_size_are_written_with_the_fewest_octets() {
        for length in [0, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let mut ber = vec![0x30, 0x80, 4, 0x83];
            ber.extend_from_slice(&u32::try_from(length).unwrap().to_be_bytes()[1..]);
            ber.resize(ber.len() + length, 7);
            ber.extend_from_slice(&END_OF_CONTENTS);
            let der = to_der(&ber).unwrap();
            assert!(
                super::super::asn1::Fields::of(&der).unwrap().octets().unwrap().len() == length
            );
        }
    }

    #[test]
    fn what_does_not_end_or_nests_too_deep_is_refused() {
        for cut in [&[][..], &[0x30], &[0x30, 0x80], &[0x30, 2, 4], &[4, 0x80, 0, 0], &[0x30, 0, 0]]
        {
            assert!(to_der(cut).is_none());
        }
        let nested = |depth: usize| [[0x30, 0x80].repeat(depth), [0, 0].repeat(depth)].concat();
        assert!(to_der(&nested(MAX_DEPTH)).is_some());
        assert!(to_der(&nested(MAX_DEPTH + 1)).is_none());
        assert!(to_der(&[0x30, 0x80].repeat(500_000)).is_none());
        assert!(to_der(&[0x30, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1]).is_none());
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = to_der(&bytes);
        }
    }
}
