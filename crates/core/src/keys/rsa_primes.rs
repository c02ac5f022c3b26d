//! The primes of an RSA key that was written without them (RFC 7518 §6.3.2 lets `p` to `qi` be left out; KF-8).

use crypto_bigint::{BoxedUint, Gcd as _, NonZero, Odd};
use zeroize::Zeroizing;

const MAX_MODULUS_LEN: usize = 1024;
/// NIST SP 800-56B allows exponents of up to 256 bits.
const MAX_EXPONENT_LEN: usize = 32;

/// Big-endian, as RFC 7518 §6.3.2 names them.
pub(super) struct RsaPrimes {
    pub(super) p: Zeroizing<Vec<u8>>,
    pub(super) q: Zeroizing<Vec<u8>>,
    pub(super) dp: Zeroizing<Vec<u8>>,
    pub(super) dq: Zeroizing<Vec<u8>>,
    pub(super) qi: Zeroizing<Vec<u8>>,
}

/// The deterministic recovery of NIST SP 800-56B (revision 2, appendix C.2): `e·d − 1` is a multiple
/// of `φ(n)`, and what is left of it modulo `n` is one of `p + q − 1`. `None` for numbers that do not
/// belong together. Only division and roots, no power: whoever writes the file cannot make it slow.
#[expect(clippy::many_single_char_names, reason = "the names are those of RFC 7518 §6.3")]
pub(super) fn recover(n: &[u8], e: &[u8], d: &[u8]) -> Option<RsaPrimes> {
    if n.len() > MAX_MODULUS_LEN || e.len() > MAX_EXPONENT_LEN || d.len() > n.len() {
        return None;
    }
    // Room for the largest product, (e·d − 1)·gcd.
    let bits = u32::try_from(8 * (2 * n.len() + e.len() + 8)).ok()?;
    let number = |octets: &[u8]| BoxedUint::from_be_slice(octets, bits).ok().map(Zeroizing::new);
    let (n, e, d) = (number(n)?, number(e)?, number(d)?);
    let one = BoxedUint::one_with_precision(bits);
    let modulus = non_zero(&n)?;
    let multiple = Zeroizing::new(e.wrapping_mul(&*d).wrapping_sub(&one));
    non_zero(&multiple)?;
    let common = Zeroizing::new(n.wrapping_sub(&one).gcd_vartime(&multiple));
    let (quotient, rest) = multiple.wrapping_mul(&*common).div_rem_vartime(&modulus);
    let (quotient, rest) = (Zeroizing::new(quotient), Zeroizing::new(rest));
    let divisor = non_zero(&quotient.wrapping_add(&one))?;
    let (sum, remainder) = n.wrapping_sub(&*rest).div_rem_vartime(&divisor);
    let sum = Zeroizing::new(sum.wrapping_add(&one));
    // (p + q)² − 4·p·q = (p − q)²
    let square = Zeroizing::new(sum.wrapping_square());
    let four_n = n.shl_vartime(2)?;
    if !bool::from(remainder.is_zero()) || *square <= four_n {
        return None;
    }
    let difference = Zeroizing::new(square.wrapping_sub(&four_n).checked_sqrt_vartime()?);
    let p = Zeroizing::new(sum.wrapping_add(&*difference).shr_vartime(1)?);
    let q = Zeroizing::new(sum.wrapping_sub(&*difference).shr_vartime(1)?);
    if p.wrapping_mul(&*q) != *n {
        return None;
    }
    let modulo = |prime: &BoxedUint| {
        let order = non_zero(&prime.wrapping_sub(&one))?;
        Some(octets(&d.rem_vartime(&order)))
    };
    let odd: Option<Odd<BoxedUint>> = Odd::new((*p).clone()).into();
    let inverse: Option<BoxedUint> = q.invert_odd_mod(&odd?).into();
    let (dp, dq, qi) = (modulo(&p)?, modulo(&q)?, octets(&inverse?));
    Some(RsaPrimes { p: octets(&p), q: octets(&q), dp, dq, qi })
}

fn non_zero(number: &BoxedUint) -> Option<NonZero<BoxedUint>> {
    NonZero::new(number.clone()).into()
}

fn octets(number: &BoxedUint) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(number.to_be_bytes().into_vec())
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;
    use crate::keys::NewKey;
    use crate::keys::public_key::without_leading_zeros;

    #[test]
    fn the_primes_of_a_generated_key_are_recovered() {
        for bits in [2048.0, 3072.0] {
            let new = NewKey { modulus_bits: Some(bits), ..NewKey::default() };
            let jwks: Value = serde_json::from_str(&new.generate().unwrap()).unwrap();
            let number = |name: &str| {
                let text = jwks["keys"][0][name].as_str().unwrap();
                URL_SAFE_NO_PAD.decode(text).unwrap()
            };
            let primes = recover(&number("n"), &number("e"), &number("d")).unwrap();
            for (recovered, name) in [
                (&primes.p, "p"),
                (&primes.q, "q"),
                (&primes.dp, "dp"),
                (&primes.dq, "dq"),
                (&primes.qi, "qi"),
            ] {
                assert_eq!(without_leading_zeros(recovered), number(name), "{name}");
            }
        }
    }

    #[test]
    fn numbers_that_do_not_belong_together_have_no_primes() {
        let n = [&[0xC5][..], &[7; 255]].concat();
        for d in [&[1][..], &[5; 256], &[0], &[]] {
            assert!(recover(&n, &[1, 0, 1], d).is_none());
        }
        assert!(recover(&[], &[], &[]).is_none());
        assert!(recover(&[0xFF; 1025], &[3], &[3]).is_none());
    }

    proptest! {
        #[test]
        fn any_numbers_are_taken_without_a_panic(
            n in proptest::collection::vec(any::<u8>(), 0..40),
            e in proptest::collection::vec(any::<u8>(), 0..4),
            d in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let _ = recover(&n, &e, &d);
        }
    }
}
