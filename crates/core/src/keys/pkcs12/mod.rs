//! PKCS#12 keystores: `.p12`, `.pfx`, and Java's since version 9 (RFC 7292; KF-6, KF-7).

mod bags;
mod mac;
mod structures;

use self::bags::Bags;
use self::structures::{ContentInfo, Pfx, Safe, damaged};
use super::asn1::Fields;
use super::ber;
use super::budget::Budget;
use super::key_set::KeySet;
use super::passphrases::{self, Passphrases};
use super::pbe::{self, Failure, Password};
use crate::error::Problem;

const WHAT: &str = "the PKCS#12 keystore";

/// Whether the bytes begin like a PFX: a SEQUENCE, in it version 3, then another SEQUENCE.
pub(crate) fn is_pfx(bytes: &[u8]) -> bool {
    const VERSION_3: [u8; 4] = [0x02, 0x01, 0x03, 0x30];
    let contents = match bytes {
        [0x30, ..=0x80, contents @ ..] => Some(contents),
        [0x30, length, rest @ ..] => rest.get(usize::from(length & 0x7F)..),
        _ => None,
    };
    contents.is_some_and(|contents| contents.starts_with(&VERSION_3))
}

/// Every key and certificate in it.
pub(crate) fn parse(bytes: &[u8], passphrases: &Passphrases) -> Result<KeySet, Problem> {
    let der = ber::to_der(bytes).ok_or_else(|| damaged("it is cut short, or not BER"))?;
    let pfx = Pfx::parse(&der)?;
    let mut opener = Opener::new(passphrases);
    if let Some(mac) = &pfx.mac {
        opener.check(mac, pfx.authenticated_safe)?;
    }
    let safes = ber::to_der(pfx.authenticated_safe)
        .ok_or_else(|| damaged("its AuthenticatedSafe is cut short, or not BER"))?;
    let mut safes =
        Fields::of(&safes).ok_or_else(|| damaged("its AuthenticatedSafe is no SEQUENCE"))?;
    let mut bags = Bags::default();
    while !safes.is_at_end() {
        let safe = safes
            .sequence()
            .and_then(ContentInfo::parse)
            .ok_or_else(|| damaged("its AuthenticatedSafe holds something unknown"))?
            .into_safe()?;
        match safe {
            Safe::Clear(contents) => bags.read(contents, &mut opener)?,
            Safe::Encrypted { algorithm, ciphertext } => {
                let contents = opener.open_safe(&algorithm, &ciphertext)?;
                bags.read(&contents, &mut opener)?;
            }
        }
    }
    bags.into_key_set()
}

/// The passphrases, and what is left of the file's budget.
struct Opener {
    is_given: IsGiven,
    /// Once the MAC has told which reading is right, that one alone.
    store: Vec<Password>,
    /// Of keys that have one of their own.
    key: Vec<Password>,
    budget: Budget,
}

#[derive(Clone, Copy)]
struct IsGiven {
    store: bool,
    key: bool,
}

impl Opener {
    fn new(passphrases: &Passphrases) -> Self {
        let own = passphrases.key.as_ref().and(passphrases.of_key());
        Self {
            is_given: IsGiven {
                store: passphrases.of_store().is_some(),
                key: passphrases.of_key().is_some(),
            },
            store: Password::readings(passphrases.of_store()),
            key: own.map(|own| Password::readings(Some(own))).unwrap_or_default(),
            budget: Budget::of_one_file(),
        }
    }

    fn check(&mut self, mac: &structures::MacData<'_>, content: &[u8]) -> Result<(), Problem> {
        let readings = std::mem::take(&mut self.store);
        let password = mac::verify(mac, content, readings, &mut self.budget)
            .map_err(|failure| problem(failure, WHAT, self.is_given.store))?;
        self.store = vec![password];
        Ok(())
    }

    /// OpenSSL's `-twopass` gives the MAC and what is encrypted a passphrase each.
    fn open_safe(
        &mut self,
        algorithm: &pkcs8::AlgorithmIdentifierRef<'_>,
        ciphertext: &[u8],
    ) -> Result<zeroize::Zeroizing<Vec<u8>>, Problem> {
        let passwords = self.store.iter().chain(&self.key);
        pbe::decrypt(algorithm, ciphertext, passwords, &mut self.budget)
            .map_err(|failure| problem(failure, WHAT, self.is_given.store))
    }

    /// Java lets a key have another passphrase than its store.
    fn open_key(
        &mut self,
        algorithm: &pkcs8::AlgorithmIdentifierRef<'_>,
        ciphertext: &[u8],
    ) -> Result<zeroize::Zeroizing<Vec<u8>>, Problem> {
        let passwords = self.key.iter().chain(&self.store);
        pbe::decrypt(algorithm, ciphertext, passwords, &mut self.budget).map_err(|failure| {
            match failure {
                Failure::WrongPassphrase if self.is_given.key => {
                    passphrases::wrong_for_key("the private key")
                }
                other => problem(other, "the private key", self.is_given.key),
            }
        })
    }
}

fn problem(failure: Failure, what: &str, is_given: bool) -> Problem {
    match failure {
        Failure::Problem(problem) => problem,
        Failure::WrongPassphrase if is_given => passphrases::wrong(what),
        Failure::WrongPassphrase => passphrases::missing(what),
    }
}

#[cfg(test)]
mod tests;
