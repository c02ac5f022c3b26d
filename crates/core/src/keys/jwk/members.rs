//! Members of a JWK that are numbers (RFC 7518 §2, §6), read tolerantly (KF-8).

use base64::Engine as _;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{alphabet, decoded_len_estimate};
use zeroize::Zeroizing;

use crate::error::{ErrorCode, Problem};
use crate::keys::public_key::without_leading_zeros;

/// base64url as RFC 7515 §2 has it, and with the padding that many tools add.
const TOLERANT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(super) fn decode(member: &str, value: Option<&str>) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let corrupt =
        |why: &str| Problem::new(ErrorCode::KeystoreCorrupt, format!("its member {member} {why}"));
    let value = value.filter(|value| !value.is_empty()).ok_or_else(|| corrupt("is missing"))?;
    // Plain base64 instead of base64url is a common slip.
    let mut value = Zeroizing::new(value.as_bytes().to_vec());
    for byte in value.iter_mut() {
        *byte = match *byte {
            b'+' => b'-',
            b'/' => b'_',
            other => other,
        };
    }
    // In a buffer of the right size: one that grows leaves copies behind.
    let mut decoded = Zeroizing::new(vec![0; decoded_len_estimate(value.len())]);
    let length = TOLERANT
        .decode_slice(value.as_slice(), &mut decoded)
        .map_err(|_| corrupt("is not base64url"))?;
    decoded.truncate(length);
    Ok(decoded)
}

/// Big-endian at exactly `width` octets, whatever the writer did with leading zeros (RFC 7518 §6.2.1.2).
pub(super) fn full_width(
    member: &str,
    number: &[u8],
    width: usize,
) -> Result<Zeroizing<Vec<u8>>, Problem> {
    let number = without_leading_zeros(number);
    let missing = width.checked_sub(number.len()).ok_or_else(|| {
        Problem::new(
            ErrorCode::KeystoreCorrupt,
            format!("its member {member} is too long for the curve"),
        )
    })?;
    let mut padded = Zeroizing::new(vec![0; width]);
    padded[missing..].copy_from_slice(number);
    Ok(padded)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::public_key::PublicKey;

    #[test]
    fn padding_plain_base64_and_leading_zeros_are_tolerated_and_never_exported() {
        let tolerant = decode("n", Some("AP-_")).unwrap();
        assert_eq!(*tolerant, *decode("n", Some("AP+/")).unwrap());
        assert_eq!(*decode("n", Some("AA==")).unwrap(), vec![0]);
        let public = PublicKey::rsa(&tolerant, &[0, 1, 0, 1]);
        assert_eq!(public.to_jwk("k", None)["e"], "AQAB");
        assert_eq!(full_width("d", &[0, 0, 7], 2).unwrap().as_slice(), [0, 7]);
        assert!(full_width("d", &[1, 0, 7], 2).is_err());
    }
}
