//! The keys of one keystore, and which of them signs (requirements KF-1, KF-7).

use serde_json::{Value, json};

use super::certificate::{self, Certificate};
use super::key_entry::{DescribedPublicKey, KeyContent, KeyEntry, parse_algorithm, quoted};
use super::public_key::PublicKey;
use super::signer::SigningKey;
use crate::error::{ErrorCode, Problem};
use crate::events::Warning;

/// Which key signs, where there are several.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeyChoice {
    /// Its `kid`; a key that has none is given this one.
    pub key_id: Option<String>,
    /// Its name in a PKCS#12 or Java keystore.
    pub alias: Option<String>,
}

/// More than any client has; each is looked at by itself.
pub(super) const MAX_ENTRIES: usize = 1000;

pub(super) fn too_many() -> Problem {
    Problem::new(
        ErrorCode::KeystoreUnsupported,
        format!("a keystore of more than {MAX_ENTRIES} entries; keep the client's own keys in one"),
    )
}

/// A message is read by a person.
const MOST_LISTED: usize = 10;

/// Entries in the order of the file.
pub(crate) struct KeySet {
    entries: Vec<KeyEntry>,
    certificates: usize,
}

/// What came out of a keystore: the key that signs, and every public key to register with a server.
pub(crate) struct SelectedKey {
    pub(crate) key: SigningKey,
    pub(crate) public_jwks: Value,
    /// All that were found.
    pub(crate) certificates: usize,
    pub(crate) warnings: Vec<Warning>,
}

impl KeySet {
    /// Entries that have their certificates already.
    pub(super) fn new(entries: Vec<KeyEntry>) -> Self {
        let certificates = entries.iter().map(|entry| entry.certificates.len()).sum();
        Self { entries, certificates }
    }

    /// The entry, where there is just one.
    pub(super) fn into_only_entry(mut self) -> Option<KeyEntry> {
        self.entries.pop().filter(|_| self.entries.is_empty())
    }

    /// Entries with certificates beside them, in any order. Where none of those belongs to any of
    /// the keys, somebody has mixed up files (KF-7).
    pub(super) fn with_certificates(entries: Vec<KeyEntry>, pool: &[Certificate]) -> Self {
        let mut entries = entries;
        for entry in &mut entries {
            if let KeyContent::Private { public, .. } = &entry.content {
                entry.certificates = certificate::chain(public, pool);
            }
        }
        let is_mixed_up = |key: &PublicKey| {
            !pool.is_empty()
                && pool.iter().all(|certificate| certificate.is_of_another_key_than(key))
        };
        if entries.iter().all(|entry| entry.certificates.is_empty()) {
            for entry in entries.iter_mut().filter(|entry| entry.is_private()) {
                if entry.public_key().is_some_and(is_mixed_up) {
                    entry.content = KeyContent::Unusable(certificate::mismatch());
                }
            }
        }
        Self { entries, certificates: pool.len() }
    }

    /// The chosen entry, else the first usable private key. The same id on a public and a private
    /// entry is normal: HL7's own example files look like that (SA-7).
    pub(crate) fn select(self, choice: &KeyChoice) -> Result<SelectedKey, Problem> {
        let position = match choice {
            KeyChoice { alias: Some(alias), .. } => self.position_of_alias(alias)?,
            KeyChoice { key_id: Some(key_id), .. } => self.position_of(key_id)?,
            KeyChoice { alias: None, key_id: None } => self.first_private()?,
        };
        self.check_key_id_of(position)?;
        let warnings = match choice {
            KeyChoice { alias: None, key_id: None } => self.warn_of_skipped(position),
            _ => Vec::new(),
        };
        let public: Vec<_> = self.entries.iter().map(KeyEntry::described_public_key).collect();
        let certificates = self.certificates;
        let Some(KeyEntry {
            key_id,
            algorithm,
            content: KeyContent::Private { private, .. },
            certificates: chain,
            alias: _,
        }) = self.entries.into_iter().nth(position)
        else {
            return Err(Problem::new(ErrorCode::Internal, "the selected key is no private key"));
        };
        let declared = algorithm.as_deref().map(parse_algorithm).transpose()?;
        let key_id = key_id.or_else(|| choice.key_id.clone());
        let key = SigningKey::new(*private, key_id, declared, chain)?;
        let public_jwks = public_jwks(&key, public.into_iter().flatten());
        Ok(SelectedKey { key, public_jwks, certificates, warnings })
    }

    #[cfg(test)]
    pub(crate) fn first_public_key(&self) -> Option<PublicKey> {
        self.entries.first()?.described_public_key().map(|described| described.key)
    }

    /// Java folds an alias's letters; where two differ in nothing else, the exact one counts.
    fn position_of_alias(&self, alias: &str) -> Result<usize, Problem> {
        let find = |same: &dyn Fn(&str) -> bool| {
            self.entries.iter().position(|entry| entry.alias.as_deref().is_some_and(same))
        };
        let found = find(&|other| other == alias)
            .or_else(|| find(&|other| other.to_lowercase() == alias.to_lowercase()));
        match found.map(|position| (position, &self.entries[position])) {
            Some((position, entry)) if entry.is_private() => Ok(position),
            Some((_, entry)) => Err(entry.refusal()),
            None => {
                let aliases = self.entries.iter().filter_map(|entry| entry.alias.as_deref());
                Err(not_there("alias", "aliases", alias, aliases))
            }
        }
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
        let key_ids = self.entries.iter().filter_map(|entry| entry.key_id.as_deref());
        Err(not_there("id", "ids", key_id, key_ids))
    }

    /// A server finds the key by its id: two keys that share one cannot be told apart (SA-7).
    fn check_key_id_of(&self, position: usize) -> Result<(), Problem> {
        let chosen = &self.entries[position];
        let Some(key_id) = &chosen.key_id else { return Ok(()) };
        let own = chosen.public_key();
        let is_ambiguous = self.entries.iter().any(|other| {
            other.key_id.as_ref() == Some(key_id)
                && other.public_key().is_some_and(|key| Some(key) != own)
        });
        if is_ambiguous {
            return Err(Problem::new(
                ErrorCode::KeystoreUnusableKey,
                format!("two different keys have the id {}; give each its own kid", quoted(key_id)),
            ));
        }
        Ok(())
    }

    fn first_private(&self) -> Result<usize, Problem> {
        if let Some(position) = self.entries.iter().position(KeyEntry::is_private) {
            return Ok(position);
        }
        match self.entries.as_slice() {
            [] => Err(Problem::new(ErrorCode::KeystoreUnusableKey, "there is no key in it")),
            [only] => Err(only.refusal()),
            several => {
                let refusals: Vec<_> = several.iter().map(KeyEntry::refusal).collect();
                // Each reason once, with the first entry that it is true of.
                let mut reasons = Vec::<(usize, &str)>::new();
                for (index, refusal) in refusals.iter().enumerate() {
                    if reasons.len() < MOST_LISTED
                        && reasons.iter().all(|(_, message)| *message != refusal.message)
                    {
                        reasons.push((index + 1, &refusal.message));
                    }
                }
                let reasons =
                    reasons.iter().map(|(entry, message)| format!("entry {entry}: {message}"));
                Err(Problem::new(
                    common_code(&refusals),
                    format!("none of its {} keys can sign; {}", several.len(), join(reasons, "; ")),
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

/// Each key once, the signing one first: no two public keys may share an id (SA-7).
fn public_jwks(signing: &SigningKey, others: impl Iterator<Item = DescribedPublicKey>) -> Value {
    let mut keys = vec![signing.public.to_jwk(&signing.key_id, Some(signing.algorithm().as_str()))];
    let mut listed = vec![signing.public.clone()];
    let mut key_ids = vec![signing.key_id.clone()];
    for other in others {
        let key_id = other.key_id.unwrap_or_else(|| other.key.thumbprint());
        if listed.contains(&other.key) || key_ids.contains(&key_id) {
            continue;
        }
        key_ids.push(key_id.clone());
        keys.push(other.key.to_jwk(&key_id, other.algorithm.as_deref()));
        listed.push(other.key);
    }
    json!({ "keys": keys })
}

/// Where a passphrase would help, that is what to say; else what all have in common.
fn common_code(refusals: &[Problem]) -> ErrorCode {
    let mut codes = refusals.iter().map(|refusal| refusal.code);
    if codes.clone().any(|code| code == ErrorCode::KeystorePassphrase) {
        return ErrorCode::KeystorePassphrase;
    }
    let first = codes.next().unwrap_or(ErrorCode::KeystoreUnusableKey);
    if codes.all(|code| code == first) { first } else { ErrorCode::KeystoreUnusableKey }
}

/// What was asked for by a name that nothing has.
fn not_there<'a>(
    kind: &str,
    kinds: &str,
    name: &str,
    known: impl Iterator<Item = &'a str>,
) -> Problem {
    let known = known.map(quoted).collect::<Vec<_>>();
    let more = known.len().saturating_sub(MOST_LISTED);
    let shown = known.iter().take(MOST_LISTED).cloned();
    let known = match more {
        0 => join(shown, ", "),
        more => format!("{} and {more} more", join(shown, ", ")),
    };
    Problem::new(
        ErrorCode::KeystoreUnusableKey,
        if known.is_empty() {
            format!("no key has the {kind} {}; the keys here have no {kinds}", quoted(name))
        } else {
            format!("no key has the {kind} {}; there are: {known}", quoted(name))
        },
    )
}

fn join(items: impl Iterator<Item = String>, separator: &str) -> String {
    items.collect::<Vec<_>>().join(separator)
}
