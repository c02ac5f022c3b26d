//! SEC 1 private keys (RFC 5915): on which curve, and whether whole.

use ::pkcs8::der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef, UintRef};
use ::pkcs8::der::{Decode as _, Reader as _, SliceReader, Tag, Tagged as _};

use super::key_type;
use super::public_key::Curve;
use super::signer::PrivateKey;
use crate::error::{ErrorCode, Problem};

/// Curves that people meet and assertions cannot be signed on (RFC 7518 §3.4).
const OTHER_CURVES: [(ObjectIdentifier, &str); 6] = [
    (ObjectIdentifier::new_unwrap("1.3.132.0.10"), "secp256k1"),
    (ObjectIdentifier::new_unwrap("1.3.132.0.33"), "P-224"),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.1"), "P-192"),
    (ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.7"), "brainpoolP256r1"),
    (ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.11"), "brainpoolP384r1"),
    (ObjectIdentifier::new_unwrap("1.3.36.3.3.2.8.1.1.13"), "brainpoolP512r1"),
];

/// The key in an `ECPrivateKey`. `parameters`, from around it, count where it has none of its own.
pub(super) fn parse(der: &[u8], parameters: Option<AnyRef<'_>>) -> Result<PrivateKey, Problem> {
    let fields = EcPrivateKey::read(der).ok_or_else(|| {
        Problem::new(ErrorCode::KeystoreCorrupt, "not an EC private key: its DER is damaged")
    })?;
    let curve = match fields.parameters.or(parameters) {
        Some(parameters) => curve_of(parameters)?,
        None => fields.probable_curve().ok_or_else(|| {
            Problem::new(
                ErrorCode::KeystoreUnusableKey,
                "an EC key that does not name its curve, which is none of P-256, P-384 and P-521",
            )
        })?,
    };
    PrivateKey::ec_from_sec1(curve, der)
}

/// RFC 5915 §3.
struct EcPrivateKey<'a> {
    private: &'a [u8],
    parameters: Option<AnyRef<'a>>,
    public: Option<&'a [u8]>,
}

impl<'a> EcPrivateKey<'a> {
    fn read(der: &'a [u8]) -> Option<Self> {
        let sequence = AnyRef::from_der(der).ok().filter(|any| any.tag() == Tag::Sequence)?;
        let mut fields = SliceReader::new(sequence.value()).ok()?;
        if fields.decode::<u8>().ok()? != 1 {
            return None;
        }
        let private = fields.decode::<&OctetStringRef>().ok()?.as_bytes();
        let mut key = Self { private, parameters: None, public: None };
        while !fields.is_finished() {
            let field: AnyRef<'a> = fields.decode().ok()?;
            match field.tag() {
                Tag::ContextSpecific { constructed: true, number } if number.value() == 0 => {
                    key.parameters = Some(AnyRef::from_der(field.value()).ok()?);
                }
                Tag::ContextSpecific { constructed: true, number } if number.value() == 1 => {
                    key.public = BitStringRef::from_der(field.value()).ok()?.as_bytes();
                }
                _ => return None,
            }
        }
        Some(key)
    }

    /// The private number has the width of the curve (RFC 5915 §3), which not everybody keeps to;
    /// the public point always has (SEC 1 §2.3.3), compressed or not.
    fn probable_curve(&self) -> Option<Curve> {
        Curve::ALL.into_iter().find(|curve| match self.public {
            Some(point) => [1 + curve.width(), 1 + 2 * curve.width()].contains(&point.len()),
            None => curve.width() == self.private.len(),
        })
    }
}

/// The curve that `ECParameters` name (RFC 5480 §2.1.1) or spell out (SEC 1 §C.2).
fn curve_of(parameters: AnyRef<'_>) -> Result<Curve, Problem> {
    let other = |curve: &str| {
        Problem::new(
            ErrorCode::KeystoreUnusableKey,
            format!(
                "an EC key on {curve}, which signs no assertion; use a curve of P-256, P-384 and P-521"
            ),
        )
    };
    match parameters.tag() {
        Tag::ObjectIdentifier => {
            let damaged = |_| {
                Problem::new(
                    ErrorCode::KeystoreCorrupt,
                    "the name of the EC key's curve is damaged",
                )
            };
            let oid: ObjectIdentifier = parameters.decode_as().map_err(damaged)?;
            key_type::curve(oid).ok_or_else(|| {
                match OTHER_CURVES.iter().find(|(known, _)| *known == oid) {
                    Some((_, name)) => other(&format!("the curve {name}")),
                    None => other(&format!("a curve of OID {oid}")),
                }
            })
        }
        Tag::Sequence => field_prime(parameters.value())
            .and_then(curve_over)
            .ok_or_else(|| other("a curve that is spelled out and is no NIST curve")),
        _ => Err(Problem::new(
            ErrorCode::KeystoreCorrupt,
            "the EC key's parameters are neither the name nor the description of a curve",
        )),
    }
}

/// Of `SpecifiedECDomain`: version, then the field with its type and its prime.
fn field_prime(domain: &[u8]) -> Option<&[u8]> {
    let mut domain = SliceReader::new(domain).ok()?;
    domain.decode::<u8>().ok()?;
    let field: AnyRef<'_> = domain.decode().ok()?;
    let mut field = SliceReader::new(field.value()).ok()?;
    field.decode::<ObjectIdentifier>().ok()?;
    Some(field.decode::<UintRef<'_>>().ok()?.as_bytes())
}

/// No other curve in use is over the same prime; a public point that is there has to lie on it.
fn curve_over(prime: &[u8]) -> Option<Curve> {
    const ONES: u32 = u32::MAX;
    let words =
        |words: &[u32]| words.iter().flat_map(|word| word.to_be_bytes()).collect::<Vec<_>>();
    if prime == words(&[ONES, 1, 0, 0, 0, ONES, ONES, ONES]) {
        return Some(Curve::P256);
    }
    if prime == words(&[ONES, ONES, ONES, ONES, ONES, ONES, ONES, ONES - 1, ONES, 0, 0, ONES]) {
        return Some(Curve::P384);
    }
    // 2^521 - 1
    let is_p521 = prime.len() == Curve::P521.width()
        && prime.strip_prefix(&[1]).is_some_and(|rest| rest.iter().all(|&byte| byte == 0xFF));
    is_p521.then_some(Curve::P521)
}
