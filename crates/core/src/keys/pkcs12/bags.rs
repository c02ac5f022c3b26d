//! Keys and certificates in the bags of a PKCS#12 file (RFC 7292 §4.2).

use ::pkcs8::der::asn1::ObjectIdentifier;

use super::Opener;
use super::structures::{Names, SafeBag, certificate, damaged};
use crate::error::{ErrorCode, Problem};
use crate::keys::asn1::Fields;
use crate::keys::ber;
use crate::keys::certificate::Certificate;
use crate::keys::key_entry::KeyEntry;
use crate::keys::key_set::{KeySet, MAX_ENTRIES, too_many};
use crate::keys::pkcs8;
use crate::keys::signer::PrivateKey;

const KEY_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.1");
const SHROUDED_KEY_BAG: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.2");
const CERT_BAG: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.3");
const SAFE_CONTENTS_BAG: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.12.10.1.6");
/// Nobody nests them at all.
const MAX_DEPTH: usize = 4;

/// What was found so far.
#[derive(Default)]
pub(super) struct Bags {
    count: usize,
    keys: Vec<Key>,
    certificates: Vec<(Certificate, Option<Vec<u8>>)>,
}

struct Key {
    private: Result<PrivateKey, Problem>,
    names: Names,
}

impl Bags {
    /// A `SafeContents`, which outside of DER may be BER again.
    pub(super) fn read(&mut self, contents: &[u8], opener: &mut Opener) -> Result<(), Problem> {
        let der = ber::to_der(contents)
            .ok_or_else(|| damaged("its SafeContents is cut short, or not BER"))?;
        self.read_nested(&der, 0, opener)
    }

    fn read_nested(
        &mut self,
        contents: &[u8],
        depth: usize,
        opener: &mut Opener,
    ) -> Result<(), Problem> {
        if depth > MAX_DEPTH {
            return Err(damaged("its bags are nested too deep"));
        }
        let mut bags =
            Fields::of(contents).ok_or_else(|| damaged("its SafeContents is no SEQUENCE"))?;
        while !bags.is_at_end() {
            let bag = bags
                .sequence()
                .and_then(SafeBag::parse)
                .ok_or_else(|| damaged("a bag is not of the shape of RFC 7292 §4.2"))?;
            self.count += 1;
            if self.count > MAX_ENTRIES {
                return Err(too_many());
            }
            match bag.kind {
                KEY_BAG => {
                    self.keys.push(Key { private: pkcs8::parse(bag.value), names: bag.names });
                }
                SHROUDED_KEY_BAG => {
                    let private = open(bag.value, opener);
                    self.keys.push(Key { private, names: bag.names });
                }
                CERT_BAG => {
                    let certificate =
                        certificate(bag.value).ok_or_else(|| damaged("a CertBag is damaged"))?;
                    self.certificates.extend(
                        Certificate::parse(certificate)
                            .map(|certificate| (certificate, bag.names.local_key_id)),
                    );
                }
                SAFE_CONTENTS_BAG => self.read_nested(bag.value, depth + 1, opener)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// With each key's certificates, and whatever speaks against using it.
    pub(super) fn into_key_set(self) -> Result<KeySet, Problem> {
        let Self { keys, certificates, .. } = self;
        if keys.is_empty() {
            return Err(Problem::new(
                ErrorCode::KeystoreUnusableKey,
                if certificates.is_empty() {
                    "there is no private key in the PKCS#12 keystore"
                } else {
                    "the PKCS#12 keystore holds certificates only, no private key; export it \
                     with the key"
                },
            ));
        }
        // Asked for as such, not as a list of keys that cannot sign.
        let is_locked = |key: &Key| matches!(&key.private, Err(problem) if problem.code == ErrorCode::KeystorePassphrase);
        if keys.iter().all(is_locked)
            && let Some(Key { private: Err(problem), .. }) = keys.first()
        {
            return Err(problem.clone());
        }
        let entries = keys.into_iter().map(|key| key.into_entry(&certificates)).collect();
        let pool: Vec<_> = certificates.into_iter().map(|(certificate, _)| certificate).collect();
        Ok(KeySet::with_certificates(entries, &pool))
    }
}

impl Key {
    /// The same `localKeyId` says that a certificate is the key's own; it has to be true (KF-7).
    fn into_entry(self, certificates: &[(Certificate, Option<Vec<u8>>)]) -> KeyEntry {
        let Names { friendly_name, local_key_id } = self.names;
        let public = self.private.as_ref().ok().and_then(PrivateKey::public_key);
        let claimed = || certificates.iter().filter(|(_, id)| id.is_some() && *id == local_key_id);
        let is_its_own = |certificate: &Certificate| {
            public.as_ref().is_some_and(|key| certificate.certifies(key))
        };
        let entry = KeyEntry::of_private_key(self.private).named(friendly_name);
        match claimed().next() {
            Some((other, _)) if !claimed().any(|(own, _)| is_its_own(own)) => {
                entry.certified([Some(other.clone())])
            }
            _ => entry,
        }
    }
}

/// An `EncryptedPrivateKeyInfo` (RFC 7292 §4.2.2).
fn open(bag: &[u8], opener: &mut Opener) -> Result<PrivateKey, Problem> {
    let (algorithm, ciphertext) = Fields::of(bag)
        .and_then(|mut info| Some((info.algorithm()?, info.octets()?)))
        .ok_or_else(|| damaged("a shrouded key is no EncryptedPrivateKeyInfo"))?;
    pkcs8::parse(&opener.open_key(&algorithm, ciphertext)?)
}
