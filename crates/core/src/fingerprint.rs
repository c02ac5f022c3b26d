//! What makes two things the same: a SHA-256 over length-prefixed fields.

use aws_lc_rs::digest;

/// Identity of settings, keys and sources; reveals nothing of what went in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Fingerprint([u8; 32]);

/// Collects fields. Each is prefixed with its length, so that no two lists of fields collide by concatenation.
pub(crate) struct Fingerprinter(digest::Context);

impl Fingerprinter {
    pub(crate) fn new(domain: &str) -> Self {
        let mut this = Self(digest::Context::new(&digest::SHA256));
        this.field(domain.as_bytes());
        this
    }

    pub(crate) fn field(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.update(&(bytes.len() as u64).to_be_bytes());
        self.0.update(bytes);
        self
    }

    /// Present and absent are told apart.
    pub(crate) fn optional(&mut self, bytes: Option<&[u8]>) -> &mut Self {
        match bytes {
            Some(bytes) => self.field(b"some").field(bytes),
            None => self.field(b"none"),
        }
    }

    pub(crate) fn include(&mut self, other: &Fingerprint) -> &mut Self {
        self.field(&other.0)
    }

    pub(crate) fn finish(self) -> Fingerprint {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.finish().as_ref());
        Fingerprint(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::Fingerprinter;

    #[test]
    fn moving_a_byte_from_one_field_to_the_next_changes_the_fingerprint() {
        let of = |first: &[u8], second: &[u8]| {
            let mut fields = Fingerprinter::new("test");
            fields.field(first).field(second);
            fields.finish()
        };
        assert_ne!(of(b"ab", b"c"), of(b"a", b"bc"));
        assert_eq!(of(b"ab", b"c"), of(b"ab", b"c"));
    }
}
