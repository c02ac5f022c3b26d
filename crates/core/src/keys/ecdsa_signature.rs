//! The two forms of an ECDSA signature: R ‖ S of JOSE (RFC 7518 §3.4) and the DER of X.509 and TLS
//! (RFC 3279 §2.2.3).

use pkcs8::der::asn1::{AnyRef, UintRef};
use pkcs8::der::{Decode as _, Encode as _, Reader as _, SliceReader, Tag, Tagged as _};

use super::public_key::Curve;

/// `None` for what is no DER.
pub(super) fn fixed_from_der(curve: Curve, signature: &[u8]) -> Option<Vec<u8>> {
    let sequence = AnyRef::from_der(signature).ok().filter(|any| any.tag() == Tag::Sequence)?;
    let mut numbers = SliceReader::new(sequence.value()).ok()?;
    let mut fixed = vec![0; 2 * curve.width()];
    for half in fixed.chunks_exact_mut(curve.width()) {
        let number: UintRef<'_> = numbers.decode().ok()?;
        let start = half.len().checked_sub(number.as_bytes().len())?;
        half[start..].copy_from_slice(number.as_bytes());
    }
    Some(fixed)
}

/// `None` for what has no two halves.
pub(super) fn der_from_fixed(signature: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = signature.split_at(signature.len() / 2);
    vec![UintRef::new(r).ok()?, UintRef::new(s).ok()?].to_der().ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_signature_survives_the_way_to_der_and_back(
            curve in prop::sample::select(&Curve::ALL[..]), seed in any::<u64>(), zeros in 0_usize..8,
        ) {
            let mut bytes = seed.to_be_bytes().into_iter().cycle();
            let mut fixed: Vec<_> = bytes.by_ref().take(2 * curve.width()).collect();
            // Numbers with leading zeros, and with a first bit that looks like a sign.
            fixed[..zeros].fill(0);
            fixed[curve.width()] |= 0x80;
            let der = der_from_fixed(&fixed).unwrap();
            prop_assert_eq!(fixed_from_der(curve, &der), Some(fixed));
        }
    }
}
