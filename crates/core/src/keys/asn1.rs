//! Structures of ASN.1, field by field, for those that no crate reads (RFC 7292, RFC 8018).

use ::pkcs8::der::asn1::{AnyRef, ObjectIdentifier};
use ::pkcs8::der::{Decode as _, Reader as _, SliceReader, Tag, TagNumber, Tagged as _};
use ::pkcs8::spki::AlgorithmIdentifierRef;

/// What a constructed value holds, in its order. `None` anywhere: the bytes are something else.
pub(super) struct Fields<'a>(SliceReader<'a>);

impl<'a> Fields<'a> {
    /// Of the one SEQUENCE that `der` is.
    pub(super) fn of(der: &'a [u8]) -> Option<Self> {
        Self::inside(AnyRef::from_der(der).ok()?, Tag::Sequence)
    }

    /// Of the SEQUENCE that an algorithm's parameters are.
    pub(super) fn of_parameters(algorithm: &AlgorithmIdentifierRef<'a>) -> Option<Self> {
        Self::inside(algorithm.parameters?, Tag::Sequence)
    }

    fn inside(value: AnyRef<'a>, tag: Tag) -> Option<Self> {
        (value.tag() == tag).then(|| SliceReader::new(value.value()).ok().map(Self)).flatten()
    }

    pub(super) fn any(&mut self) -> Option<AnyRef<'a>> {
        self.0.decode().ok()
    }

    pub(super) fn sequence(&mut self) -> Option<Self> {
        Self::inside(self.any()?, Tag::Sequence)
    }

    pub(super) fn set(&mut self) -> Option<Self> {
        Self::inside(self.any()?, Tag::Set)
    }

    /// `[number]`, explicit or of a constructed value.
    pub(super) fn tagged(&mut self, number: u32) -> Option<Self> {
        let tag = Tag::ContextSpecific { constructed: true, number: TagNumber(number) };
        Self::inside(self.any()?, tag)
    }

    pub(super) fn octets(&mut self) -> Option<&'a [u8]> {
        octets(self.any()?)
    }

    pub(super) fn oid(&mut self) -> Option<ObjectIdentifier> {
        self.0.decode().ok()
    }

    pub(super) fn unsigned(&mut self) -> Option<u64> {
        self.0.decode().ok()
    }

    pub(super) fn algorithm(&mut self) -> Option<AlgorithmIdentifierRef<'a>> {
        self.0.decode().ok()
    }

    /// A whole value with its tag and length.
    pub(super) fn encoded(&mut self) -> Option<&'a [u8]> {
        self.0.tlv_bytes().ok()
    }

    /// Whether an optional field comes next.
    pub(super) fn is_next(&self, tag: Tag) -> bool {
        Tag::peek(&self.0).is_ok_and(|next| next == tag)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.0.is_finished()
    }
}

/// True for exactly one SEQUENCE.
pub(super) fn is_sequence(bytes: &[u8]) -> bool {
    AnyRef::from_der(bytes).is_ok_and(|any| any.tag() == Tag::Sequence)
}

pub(super) fn octets(value: AnyRef<'_>) -> Option<&[u8]> {
    (value.tag() == Tag::OctetString).then(|| value.value())
}

/// DER for tests of what no program writes.
#[cfg(test)]
pub(super) mod writing {
    use ::pkcs8::der::asn1::{Any, ObjectIdentifier};
    use ::pkcs8::der::{Decode as _, Encode as _, Tag};

    pub(in crate::keys) const SEQUENCE: u8 = 0x30;
    pub(in crate::keys) const OCTETS: u8 = 0x04;
    pub(in crate::keys) const EXPLICIT_0: u8 = 0xA0;

    pub(in crate::keys) fn value(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        Any::new(Tag::from_der(&[tag]).unwrap(), parts.concat()).unwrap().to_der().unwrap()
    }

    pub(in crate::keys) fn oid(number: &str) -> Vec<u8> {
        ObjectIdentifier::new_unwrap(number).to_der().unwrap()
    }

    pub(in crate::keys) fn unsigned(number: u64) -> Vec<u8> {
        number.to_der().unwrap()
    }
}
