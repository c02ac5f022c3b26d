//! The length of a serialized Java object (Java Object Serialization Specification §6.4): a JCEKS
//! keystore has secret keys as such, between entries that matter. Nothing of it is made use of.

/// Objects inside objects, and classes above classes; a sealed key has two levels.
const DEEPEST: usize = 8;
const MAGIC_AND_VERSION: [u8; 4] = [0xAC, 0xED, 0, 5];
const SC_SERIALIZABLE: u8 = 2;

const TC_NULL: u8 = 0x70;
const TC_REFERENCE: u8 = 0x71;
const TC_CLASSDESC: u8 = 0x72;
const TC_OBJECT: u8 = 0x73;
const TC_STRING: u8 = 0x74;
const TC_ARRAY: u8 = 0x75;
const TC_ENDBLOCKDATA: u8 = 0x78;

/// Octets that the stream at the beginning of `bytes` takes; `None` for one that is not understood.
pub(super) fn stream_len(bytes: &[u8]) -> Option<usize> {
    let mut stream =
        Stream { rest: bytes.strip_prefix(&MAGIC_AND_VERSION)?, has_byte_arrays: false };
    stream.content(DEEPEST)?;
    Some(bytes.len() - stream.rest.len())
}

struct Stream<'a> {
    rest: &'a [u8],
    /// The class of byte arrays was described: no other array is read, so a reference is to it.
    has_byte_arrays: bool,
}

impl<'a> Stream<'a> {
    fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    fn octet(&mut self) -> Option<u8> {
        let &[octet] = self.take(1)?.first_chunk()?;
        Some(octet)
    }

    fn short(&mut self) -> Option<usize> {
        let octets = self.take(2)?.first_chunk()?;
        Some(usize::from(u16::from_be_bytes(*octets)))
    }

    fn utf(&mut self) -> Option<&'a [u8]> {
        let length = self.short()?;
        self.take(length)
    }

    fn content(&mut self, depth: usize) -> Option<()> {
        let depth = depth.checked_sub(1)?;
        match self.octet()? {
            TC_NULL => Some(()),
            TC_REFERENCE => self.take(4).map(|_| ()),
            TC_STRING => self.utf().map(|_| ()),
            TC_ARRAY => self.byte_array(),
            TC_OBJECT => {
                let fields = self.class(depth)?;
                (0..fields).try_for_each(|_| self.content(depth))
            }
            _ => None,
        }
    }

    fn byte_array(&mut self) -> Option<()> {
        match self.octet()? {
            TC_REFERENCE if self.has_byte_arrays => {
                self.take(4)?;
            }
            TC_CLASSDESC => {
                if self.utf()? != b"[B" {
                    return None;
                }
                // serialVersionUID, flags and no fields.
                self.take(11)?;
                if self.take(2)? != [TC_ENDBLOCKDATA, TC_NULL] {
                    return None;
                }
                self.has_byte_arrays = true;
            }
            _ => return None,
        }
        let length = u32::from_be_bytes(*self.take(4)?.first_chunk()?);
        self.take(usize::try_from(length).ok()?).map(|_| ())
    }

    /// The number of fields of a class and those above it, all of them objects or arrays.
    fn class(&mut self, depth: usize) -> Option<usize> {
        let depth = depth.checked_sub(1)?;
        match self.octet()? {
            TC_NULL => return Some(0),
            TC_CLASSDESC => {}
            _ => return None,
        }
        self.utf()?;
        // serialVersionUID
        self.take(8)?;
        if self.octet()? != SC_SERIALIZABLE {
            return None;
        }
        let fields = self.short()?;
        for _ in 0..fields {
            if !matches!(self.octet()?, b'L' | b'[') {
                return None;
            }
            self.utf()?;
            // The field's type: a string, or the handle of an earlier one.
            if !matches!(self.rest.first(), Some(&(TC_STRING | TC_REFERENCE))) {
                return None;
            }
            self.content(depth)?;
        }
        if self.octet()? != TC_ENDBLOCKDATA {
            return None;
        }
        Some(fields + self.class(depth)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] =
        include_bytes!("../../../../../__test__/fixtures/keystores-core/jceks-only-secret.jceks");

    #[test]
    fn a_sealed_key_ends_where_the_keystores_digest_begins() {
        let object = &SECRET[32..];
        assert_eq!(stream_len(object), Some(object.len() - 20));
    }

    #[test]
    fn anything_else_is_not_understood() {
        let object = &SECRET[32..SECRET.len() - 20];
        for length in 0..object.len() {
            assert_eq!(stream_len(&object[..length]), None);
        }
        let nested = [&MAGIC_AND_VERSION[..], &[TC_OBJECT; 100]].concat();
        assert_eq!(stream_len(&nested), None);
        let mut enum_constant = object.to_vec();
        enum_constant[4] = 0x7E;
        assert_eq!(stream_len(&enum_constant), None);
    }
}
