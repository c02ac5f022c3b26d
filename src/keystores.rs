//! `Keystores`: the process-wide registry.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use napi::bindgen_prelude::{Null, ToNapiValue, Unknown};
use napi::{Result, sys};
use napi_derive::napi;
use smart_m2m_core::{
    Engine, Error, ExternalOrigin, KeyChoice, Keystore, KeystoreOrigin, KeystoreSource, NewKey,
    Passphrases, Problem, SigningAlgorithm, SmileDefinitions, Warning, spawn,
};
use zeroize::Zeroizing;

use crate::environment::Environment;
use crate::fields::{Fields, Read, ReadError};
use crate::letter::Letter;
use crate::mailbox::Post;
use crate::outcome::{DONE, Outcome};
use crate::signer::MailedSigner;

/// `KeystoreInfo`
#[napi(object, use_nullable = true)]
pub struct KeystoreInfo {
    pub name: String,
    #[napi(ts_type = "'jwks' | 'pem' | 'der' | 'pkcs12' | 'jks' | 'external'")]
    pub format: String,
    pub path: Option<String>,
    pub key_id: String,
    pub algorithm: String,
    pub certificates: u32,
}

impl From<&Keystore> for KeystoreInfo {
    fn from(keystore: &Keystore) -> Self {
        let content = keystore.content();
        Self {
            name: keystore.name().to_owned(),
            format: content.format.as_str().to_owned(),
            path: keystore.path().map(|path| path.display().to_string()),
            key_id: content.key_id().to_owned(),
            algorithm: content.algorithm().as_str().to_owned(),
            certificates: u32::try_from(content.certificates).unwrap_or(u32::MAX),
        }
    }
}

/// Adds or replaces; reads and checks at once.
#[napi(
    catch_unwind,
    ts_args_type = "name: string, source: unknown",
    ts_return_type = "Outcome<KeystoreInfo>"
)]
pub fn register_keystore(name: String, source: Unknown<'_>) -> Result<Outcome<KeystoreInfo>> {
    let source = match read_source(source) {
        Ok(source) => source,
        Err(ReadError::Problems(problems)) => return Ok(Outcome(Err(Error::Problems(problems)))),
        Err(ReadError::Exception(exception)) => return Err(exception),
    };
    let registered = Engine::process().keystores.register(&name, source);
    Ok(Outcome(registered.map(|keystore| KeystoreInfo::from(&*keystore))))
}

/// Registers every keystore of Smile's definition document.
#[napi(catch_unwind, ts_return_type = "Outcome<KeystoreInfo[]>")]
pub fn load_keystores(
    definitions: String,
    classpath: Option<String>,
) -> Outcome<Vec<KeystoreInfo>> {
    let definitions = Zeroizing::new(definitions);
    let definitions =
        SmileDefinitions { json: &definitions, classpath: classpath.as_deref().map(Path::new) };
    let loaded = definitions.register(&Engine::process().keystores);
    Outcome(loaded.map(|keystores| keystores.iter().map(|keystore| (&**keystore).into()).collect()))
}

/// Registered keystores, by name.
#[napi(catch_unwind)]
pub fn list_keystores() -> Vec<KeystoreInfo> {
    Engine::process().keystores.list().iter().map(|keystore| (&**keystore).into()).collect()
}

/// True if there was one.
#[napi(catch_unwind)]
pub fn unregister_keystore(name: String) -> bool {
    Engine::process().keystores.unregister(&name)
}

/// JSON text of the public JWKS, as last read; a file that may have changed is looked at behind it.
#[napi(catch_unwind, ts_return_type = "Outcome<string>")]
pub fn keystore_public_jwks(name: String) -> Outcome<String> {
    let found = Engine::process().keystores.known(&name);
    Outcome(found.map(|keystore| {
        let jwks = keystore.content().public_jwks().to_string();
        // Without a thread for it there is no look, and what was read last serves.
        drop(spawn(async move { keystore.look_if_due().await }));
        jwks
    }))
}

/// JSON text of a private JWKS with a new key.
#[napi(catch_unwind, ts_args_type = "options: unknown", ts_return_type = "Outcome<string>")]
pub fn generate_keystore(options: Unknown<'_>) -> Result<Outcome<PrivateText>> {
    match read_new_key(options) {
        // The copy that JavaScript gets is its own; this one is wiped.
        Ok(new) => Ok(Outcome(new.generate().map(PrivateText))),
        Err(ReadError::Problems(problems)) => Ok(Outcome(Err(Error::Problems(problems)))),
        Err(ReadError::Exception(exception)) => Err(exception),
    }
}

#[napi]
impl Environment {
    /// Adds or replaces a keystore whose key this thread's signer `signer` has.
    #[napi(
        catch_unwind,
        ts_args_type = "name: string, source: unknown, signer: number",
        ts_return_type = "Outcome<KeystoreInfo>"
    )]
    pub fn register_signer(
        &self,
        name: String,
        source: Unknown<'_>,
        signer: u32,
    ) -> Result<Outcome<KeystoreInfo>> {
        let signer = Arc::new(MailedSigner::new(self.post().clone(), signer));
        match read_external_source(source, signer) {
            Ok(source) => {
                let registered = Engine::process().keystores.register(&name, source);
                Ok(Outcome(registered.map(|keystore| KeystoreInfo::from(&*keystore))))
            }
            Err(ReadError::Problems(problems)) => Ok(Outcome(Err(Error::Problems(problems)))),
            Err(ReadError::Exception(exception)) => Err(exception),
        }
    }

    /// Has the keystore's file looked at; a letter for this ticket says when that is done, and what
    /// is wrong with it. A keystore of the folder is kept from then on: whoever serves it, has it.
    #[napi(catch_unwind, ts_return_type = "Outcome<null>")]
    pub fn look_at_keystore(&self, name: String, ticket: u32) -> Outcome<Null> {
        let post = self.post().clone();
        let found = Engine::process().keystores.known(&name);
        Outcome(found.and_then(|keystore| {
            self.served.borrow_mut().insert(name, keystore.clone());
            let looked = Looked { post, ticket, trouble: None };
            spawn(async move {
                keystore.look_if_due().await;
                looked.with(keystore.trouble());
            })?;
            Ok(DONE)
        }))
    }
}

/// Told when it goes, whatever made it go.
struct Looked {
    post: Arc<Post>,
    ticket: u32,
    trouble: Option<Warning>,
}

impl Looked {
    fn with(mut self, trouble: Option<Warning>) {
        self.trouble = trouble;
    }
}

impl Drop for Looked {
    fn drop(&mut self) {
        let trouble = self.trouble.take();
        self.post.send(Letter::Looked { ticket: self.ticket, trouble });
    }
}

/// JSON text of a private key, wiped once it has been handed over.
pub struct PrivateText(Zeroizing<String>);

impl ToNapiValue for PrivateText {
    // SAFETY: napi calls it with a live environment.
    unsafe fn to_napi_value(env: sys::napi_env, text: Self) -> Result<sys::napi_value> {
        // SAFETY: as above.
        unsafe { <&str>::to_napi_value(env, text.0.as_str()) }
    }
}

fn read_new_key(options: Unknown<'_>) -> Read<NewKey> {
    let fields = Fields::of(options, "options", &["algorithm", "modulusLength", "keyId"])?;
    let algorithms = SigningAlgorithm::ALL.map(|algorithm| (algorithm.as_str(), algorithm));
    let new = NewKey {
        algorithm: fields.choice("algorithm", &algorithms)?,
        modulus_bits: fields.number("modulusLength")?,
        key_id: fields.string("keyId")?,
    };
    fields.check()?;
    Ok(new)
}

fn read_external_source(source: Unknown<'_>, signer: Arc<MailedSigner>) -> Read<KeystoreSource> {
    const DEFAULT_TIMEOUT_MS: f64 = 30_000.0;
    const LONGEST_TIMEOUT_MS: f64 = 600_000.0;
    let fields = Fields::of(source, "source", &["publicJwk", "keyId", "timeoutMs"])?;
    let public_jwk = fields.string("publicJwk")?;
    let timeout_ms = fields.number("timeoutMs")?.unwrap_or(DEFAULT_TIMEOUT_MS);
    let choice = KeyChoice { key_id: fields.string("keyId")?, alias: None };
    fields.check()?;
    let Some(public_jwk) = public_jwk else {
        return Err(Problem::config(
            "source.publicJwk is missing: the public half of the signer's key",
        )
        .into());
    };
    if !(1.0..=LONGEST_TIMEOUT_MS).contains(&timeout_ms) {
        return Err(Problem::config(format!(
            "source.timeoutMs: expected a number from 1 to {LONGEST_TIMEOUT_MS}"
        ))
        .into());
    }
    let time_limit = Duration::from_secs_f64(timeout_ms / 1000.0);
    let origin = KeystoreOrigin::External(ExternalOrigin { signer, public_jwk, time_limit });
    Ok(KeystoreSource { origin, passphrases: Passphrases::default(), choice })
}

fn read_source(source: Unknown<'_>) -> Read<KeystoreSource> {
    const KNOWN: [&str; 7] =
        ["path", "jwks", "data", "passphrase", "keyPassphrase", "alias", "keyId"];
    let fields = Fields::of(source, "source", &KNOWN)?;
    let path = fields.string("path")?.map(|path| KeystoreOrigin::Path(PathBuf::from(path)));
    let jwks = fields.string("jwks")?.map(|jwks| KeystoreOrigin::Data(jwks.into_bytes().into()));
    let data = fields.bytes("data")?.map(|data| KeystoreOrigin::Data(data.into()));
    let passphrases = Passphrases {
        keystore: fields.passphrase("passphrase")?,
        key: fields.passphrase("keyPassphrase")?,
    };
    let choice = KeyChoice { key_id: fields.string("keyId")?, alias: fields.string("alias")? };
    fields.check()?;
    let mut given = [path, jwks, data].into_iter().flatten();
    let (Some(origin), None) = (given.next(), given.next()) else {
        return Err(Problem::config(
            "source: expected exactly one of path, jwks and data (undefined counts as left out), or \
             sign and publicJwk",
        ).into());
    };
    Ok(KeystoreSource { origin, passphrases, choice })
}
