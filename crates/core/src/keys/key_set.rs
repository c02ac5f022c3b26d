//! The keys of one keystore, and which of them signs (requirements KF-1, KF-7).

use serde_json::{Value, json};

use super::algorithm::SigningAlgorithm;
use super::public_key::PublicKey;
use super::signer::{PrivateKey, SigningKey};
use crate::error::{ErrorCode, Problem};
use crate::events::Warning;

/// One entry as it was found, usable or not.
pub(crate) struct KeyEntry {
    pub(crate) key_id: Option<String>,
    /// `alg` as written; it may name an algorithm that this crate does not know.
    pub(crate) algorithm: Option<String>,
    pub(crate) content: KeyContent,
}

pub(crate) enum KeyContent {
    /// Signs.
    Private { private: Box<PrivateKey>, public: PublicKey },
    /// Verifies only.
    Public(PublicKey),
    /// Neither; the problem says why.
    Unusable(Problem),
}

/// Entries in the order of the file.
pub(crate) struct KeySet {
    entries: Vec<KeyEntry>,
    pub(crate) certificates: usize,
}

/// What came out of a keystore: the key that signs, and every public key to register with a server.
pub(crate) struct SelectedKey {
    pub(crate) key: SigningKey,
    pub(crate) public_jwks: Value,
    pub(crate) warnings: Vec<Warning>,
}

impl KeySet {
    pub(crate) fn new(entries: Vec<KeyEntry>, certificates: usize) -> Self {
        Self { entries, certificates }
    }

    /// The entry with the id `key_id`, else the first usable private key. The same id on a public
    /// and a private entry is normal: HL7's own example files look like that (SA-7).
    pub(crate) fn select(self, key_id: Option<&str>) -> Result<SelectedKey, Problem> {
        let position = match key_id {
            Some(key_id) => self.position_of(key_id)?,
            None => self.first_private()?,
        };
        let warnings = match key_id {
            Some(_) => Vec::new(),
            None => self.warn_of_skipped(position),
        };
        let public: Vec<_> = self.entries.iter().map(KeyEntry::described_public_key).collect();
        let Some(KeyEntry {
            key_id: own_id,
            algorithm,
            content: KeyContent::Private { private, .. },
        }) = self.entries.into_iter().nth(position)
        else {
            return Err(Problem::new(ErrorCode::Internal, "the selected key is no private key"));
        };
        let algorithm = algorithm.as_deref().map(parse_algorithm).transpose()?;
        let key = SigningKey::new(*private, own_id.or(key_id.map(str::to_owned)), algorithm)?;
        let public_jwks = public_jwks(&key, public.into_iter().flatten());
        Ok(SelectedKey { key, public_jwks, warnings })
    }

    #[cfg(test)]
    pub(crate) fn first_public_key(&self) -> Option<PublicKey> {
        self.entries.first()?.described_public_key().map(|described| described.key)
    }

    fn position_of(&self, key_id: &str) -> Result<usize, Problem> {
        let named = |entry: &KeyEntry| entry.key_id.as_deref() == Some(key_id);
        if let Some(position) =
            self.entries.iter().position(|entry| named(entry) && entry.is_private())
        {
            return Ok(position);
        }
        if let Some(entry) = self.entries.iter().find(|entry| named(entry)) {
            return Err(entry.refusal());
        }
        // A single key without an id, as in a PEM file, takes the id that it is given.
        let private: Vec<_> =
            (0..self.entries.len()).filter(|&index| self.entries[index].is_private()).collect();
        if let [only] = private[..]
            && self.entries[only].key_id.is_none()
        {
            return Ok(only);
        }
        let known: Vec<_> =
            self.entries.iter().filter_map(|entry| entry.key_id.as_deref()).map(quoted).collect();
        Err(Problem::new(
            ErrorCode::KeystoreUnusableKey,
            if known.is_empty() {
                format!("no key has the id {}; the keys here have no ids", quoted(key_id))
            } else {
                format!("no key has the id {}; there are: {}", quoted(key_id), known.join(", "))
            },
        ))
    }

    fn first_private(&self) -> Result<usize, Problem> {
        if let Some(position) = self.entries.iter().position(KeyEntry::is_private) {
            return Ok(position);
        }
        match self.entries.as_slice() {
            [] => Err(Problem::new(ErrorCode::KeystoreUnusableKey, "there is no key in it")),
            [only] => Err(only.refusal()),
            several => {
                let reasons: Vec<_> = several
                    .iter()
                    .enumerate()
                    .map(|(index, entry)| {
                        format!("entry {}: {}", index + 1, entry.refusal().message)
                    })
                    .collect();
                Err(Problem::new(
                    ErrorCode::KeystoreUnusableKey,
                    format!("none of its keys can sign; {}", reasons.join("; ")),
                ))
            }
        }
    }

    /// Smile documents "the first key signs": whoever relies on that must hear that it is another.
    fn warn_of_skipped(&self, chosen: usize) -> Vec<Warning> {
        let unusable = self.entries[..chosen].iter().find_map(|entry| match &entry.content {
            KeyContent::Unusable(problem) => Some(&problem.message),
            _ => None,
        });
        unusable
            .map(|reason| {
                Warning::new(
                    "KEYSTORE_KEY_SKIPPED",
                    format!("entry {} signs, because one before it cannot: {reason}", chosen + 1),
                )
            })
            .into_iter()
            .collect()
    }
}

impl KeyEntry {
    /// A private key whose `alg` it cannot sign with is no key to choose.
    pub(crate) fn new(
        key_id: Option<String>,
        algorithm: Option<String>,
        content: Result<KeyContent, Problem>,
    ) -> Self {
        let content = content.and_then(|content| {
            if let (KeyContent::Private { public, .. }, Some(name)) = (&content, &algorithm) {
                parse_algorithm(name)?.check(public)?;
            }
            Ok(content)
        });
        Self { key_id, algorithm, content: content.unwrap_or_else(KeyContent::Unusable) }
    }

    fn is_private(&self) -> bool {
        matches!(self.content, KeyContent::Private { .. })
    }

    fn described_public_key(&self) -> Option<DescribedPublicKey> {
        let key = match &self.content {
            KeyContent::Private { public, .. } | KeyContent::Public(public) => public.clone(),
            KeyContent::Unusable(_) => return None,
        };
        Some(DescribedPublicKey {
            key,
            key_id: self.key_id.clone(),
            algorithm: self.algorithm.clone(),
        })
    }

    fn refusal(&self) -> Problem {
        let mut problem = match &self.content {
            KeyContent::Unusable(problem) => problem.clone(),
            _ => Problem::new(
                ErrorCode::KeystoreUnusableKey,
                "only the public half of the key; the private key is needed to sign",
            ),
        };
        if let Some(key_id) = &self.key_id {
            problem.message = format!("key {}: {}", quoted(key_id), problem.message);
        }
        problem
    }
}

struct DescribedPublicKey {
    key: PublicKey,
    key_id: Option<String>,
    algorithm: Option<String>,
}

/// Each key once, the signing one first: no two public keys may share an id (SA-7).
fn public_jwks(signing: &SigningKey, others: impl Iterator<Item = DescribedPublicKey>) -> Value {
    let mut keys = vec![signing.public.to_jwk(&signing.key_id, Some(signing.algorithm.as_str()))];
    let mut listed = vec![signing.public.clone()];
    for other in others {
        if listed.contains(&other.key) {
            continue;
        }
        let key_id = other.key_id.unwrap_or_else(|| other.key.thumbprint());
        keys.push(other.key.to_jwk(&key_id, other.algorithm.as_deref()));
        listed.push(other.key);
    }
    json!({ "keys": keys })
}

fn parse_algorithm(name: &str) -> Result<SigningAlgorithm, Problem> {
    SigningAlgorithm::parse(name).ok_or_else(|| {
        Problem::new(
            ErrorCode::KeystoreUnusableKey,
            format!("the key's alg {} is no algorithm for signatures", quoted(name)),
        )
    })
}

/// An id from a file, short and printable, for a message.
fn quoted(text: &str) -> String {
    let shown: String = text.chars().filter(|c| !c.is_control()).take(80).collect();
    format!("'{shown}'")
}
