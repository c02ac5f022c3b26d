//! The structures of a PKCS#12 file (RFC 7292 §4), read out of DER.

use pkcs8::der::Tag;
use pkcs8::der::asn1::ObjectIdentifier;
use pkcs8::spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use crate::error::{ErrorCode, Problem};
use crate::keys::asn1::Fields;
use crate::keys::ber;

const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
const ENVELOPED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.3");
const ENCRYPTED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.6");
const X509_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.22.1");
const FRIENDLY_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.20");
const LOCAL_KEY_ID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.21");

pub(super) fn damaged(what: &str) -> Problem {
    Problem::new(ErrorCode::KeystoreCorrupt, format!("the PKCS#12 keystore is damaged: {what}"))
}

/// `PFX`.
pub(super) struct Pfx<'a> {
    /// The `AuthenticatedSafe` as it is encoded, which the MAC covers.
    pub(super) authenticated_safe: &'a [u8],
    pub(super) mac: Option<MacData<'a>>,
}

/// `MacData`.
pub(super) struct MacData<'a> {
    pub(super) algorithm: AlgorithmIdentifierRef<'a>,
    pub(super) digest: &'a [u8],
    pub(super) salt: &'a [u8],
    pub(super) iterations: u64,
}

impl<'a> Pfx<'a> {
    pub(super) fn parse(der: &'a [u8]) -> Result<Self, Problem> {
        let shape = || damaged("not of the shape of a PFX (RFC 7292 §4)");
        let mut fields = Fields::of(der).ok_or_else(shape)?;
        match fields.unsigned().ok_or_else(shape)? {
            3 => {}
            version => {
                return Err(Problem::new(
                    ErrorCode::KeystoreUnsupported,
                    format!("PKCS#12 of version {version}; version 3 is read"),
                ));
            }
        }
        let content = fields.sequence().and_then(ContentInfo::parse).ok_or_else(shape)?;
        let authenticated_safe = content.into_data("signed with a certificate")?;
        let mac = if fields.is_at_end() {
            None
        } else {
            Some(fields.sequence().and_then(MacData::parse).ok_or_else(shape)?)
        };
        if fields.is_at_end() { Ok(Self { authenticated_safe, mac }) } else { Err(shape()) }
    }
}

impl<'a> MacData<'a> {
    fn parse(mut fields: Fields<'a>) -> Option<Self> {
        let mut digest_info = fields.sequence()?;
        let (algorithm, digest) = (digest_info.algorithm()?, digest_info.octets()?);
        let salt = fields.octets()?;
        // iterations INTEGER DEFAULT 1
        let iterations = if fields.is_at_end() { 1 } else { fields.unsigned()? };
        Some(Self { algorithm, digest, salt, iterations })
    }
}

/// `ContentInfo` (RFC 2315 §7).
pub(super) struct ContentInfo<'a> {
    kind: ObjectIdentifier,
    content: Fields<'a>,
}

/// What holds a `SafeContents`.
pub(super) enum Safe<'a> {
    Clear(&'a [u8]),
    Encrypted { algorithm: AlgorithmIdentifierRef<'a>, ciphertext: Zeroizing<Vec<u8>> },
}

impl<'a> ContentInfo<'a> {
    pub(super) fn parse(mut fields: Fields<'a>) -> Option<Self> {
        Some(Self { kind: fields.oid()?, content: fields.tagged(0)? })
    }

    fn into_data(mut self, otherwise: &str) -> Result<&'a [u8], Problem> {
        match self.kind {
            DATA => self.content.octets().ok_or_else(|| damaged("its data is no octet string")),
            SIGNED_DATA | ENVELOPED_DATA => Err(Problem::new(
                ErrorCode::KeystoreUnsupported,
                format!(
                    "a PKCS#12 keystore {otherwise} (OID {}), which this version does not read; \
                     write it again with a passphrase (openssl pkcs12 -export)",
                    self.kind
                ),
            )),
            other => Err(damaged(&format!("content of an unknown type (OID {other})"))),
        }
    }

    pub(super) fn into_safe(mut self) -> Result<Safe<'a>, Problem> {
        match self.kind {
            ENCRYPTED_DATA => {
                self.content.sequence().and_then(encrypted_data).ok_or_else(|| {
                    damaged("its encrypted data is not of the shape of RFC 2315 §13")
                })
            }
            _ => self.into_data("encrypted for a certificate").map(Safe::Clear),
        }
    }
}

/// `EncryptedData` (RFC 2315 §13).
fn encrypted_data(mut fields: Fields<'_>) -> Option<Safe<'_>> {
    let _version = fields.unsigned()?;
    let mut info = fields.sequence()?;
    let _content_type = info.oid()?;
    let algorithm = info.algorithm()?;
    let content = info.any()?;
    // [0] IMPLICIT OCTET STRING, which in BER may be in pieces.
    let ciphertext = match content.header().tag() {
        Tag::ContextSpecific { constructed: false, number } if number.0 == 0 => {
            Zeroizing::new(content.value().to_vec())
        }
        Tag::ContextSpecific { constructed: true, number } if number.0 == 0 => {
            ber::joined(content.value())?
        }
        _ => return None,
    };
    Some(Safe::Encrypted { algorithm, ciphertext })
}

/// `SafeBag` (RFC 7292 §4.2).
pub(super) struct SafeBag<'a> {
    pub(super) kind: ObjectIdentifier,
    /// With its tag and length.
    pub(super) value: &'a [u8],
    pub(super) names: Names,
}

/// Attributes of a bag (RFC 2985 §5.5).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Names {
    pub(super) friendly_name: Option<String>,
    pub(super) local_key_id: Option<Vec<u8>>,
}

impl<'a> SafeBag<'a> {
    pub(super) fn parse(mut fields: Fields<'a>) -> Option<Self> {
        let kind = fields.oid()?;
        let value = fields.tagged(0)?.encoded()?;
        let mut names = Names::default();
        if !fields.is_at_end() {
            let mut attributes = fields.set()?;
            while !attributes.is_at_end() {
                names.read(attributes.sequence()?)?;
            }
        }
        Some(Self { kind, value, names })
    }
}

impl Names {
    fn read(&mut self, mut attribute: Fields<'_>) -> Option<()> {
        let kind = attribute.oid()?;
        let mut values = attribute.set()?;
        match kind {
            FRIENDLY_NAME => {
                let name = values.any()?;
                (name.header().tag() == Tag::BmpString).then_some(())?;
                let (units, _) = name.value().as_chunks();
                let units = units.iter().map(|&unit| u16::from_be_bytes(unit));
                let name = char::decode_utf16(units).map(|unit| unit.unwrap_or('\u{FFFD}'));
                self.friendly_name = Some(name.collect());
            }
            LOCAL_KEY_ID => self.local_key_id = Some(values.octets()?.to_vec()),
            _ => {}
        }
        Some(())
    }
}

/// The DER of the certificate in a `CertBag` (RFC 7292 §4.2.3); of SDSI's nothing.
pub(super) fn certificate(bag: &[u8]) -> Option<&[u8]> {
    let mut fields = Fields::of(bag)?;
    match fields.oid()? {
        X509_CERTIFICATE => fields.tagged(0)?.octets(),
        _ => Some(&[]),
    }
}
