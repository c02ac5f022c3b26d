//! `Keystores`: the process-wide registry.

use std::path::{Path, PathBuf};

use napi::Result;
use napi::bindgen_prelude::Unknown;
use napi_derive::napi;
use smart_m2m_core::{Engine, Error, Keystore, KeystoreSource, Problem, SmileDefinitions};

use crate::fields::{Fields, Read, ReadError};
use crate::outcome::Outcome;

/// `KeystoreInfo`
#[napi(object, use_nullable = true)]
pub struct KeystoreInfo {
    pub name: String,
    #[napi(ts_type = "'jwks' | 'pem'")]
    pub format: String,
    pub path: Option<String>,
    pub key_id: String,
    pub algorithm: String,
    pub certificates: u32,
}

impl From<&Keystore> for KeystoreInfo {
    fn from(keystore: &Keystore) -> Self {
        Self {
            name: keystore.name.clone(),
            format: keystore.format.as_str().to_owned(),
            path: keystore.path.as_ref().map(|path| path.display().to_string()),
            key_id: keystore.key_id().to_owned(),
            algorithm: keystore.algorithm().as_str().to_owned(),
            certificates: u32::try_from(keystore.certificates).unwrap_or(u32::MAX),
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
    let (source, key_id) = match read_source(source) {
        Ok(source) => source,
        Err(ReadError::Problem(problem)) => return Ok(Outcome(Err(problem.into()))),
        Err(ReadError::Exception(exception)) => return Err(exception),
    };
    let registered = Engine::process().keystores.register(&name, &source, key_id.as_deref());
    Ok(Outcome(registered.map(|keystore| KeystoreInfo::from(&*keystore))))
}

/// Registers every keystore of Smile's definition document.
#[napi(catch_unwind, ts_return_type = "Outcome<KeystoreInfo[]>")]
pub fn load_keystores(
    definitions: String,
    classpath: Option<String>,
) -> Outcome<Vec<KeystoreInfo>> {
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

/// JSON text of the public JWKS.
#[napi(catch_unwind, ts_return_type = "Outcome<string>")]
pub fn keystore_public_jwks(name: String) -> Outcome<String> {
    let found: std::result::Result<_, Error> = Engine::process().keystores.find(&name);
    Outcome(found.map(|keystore| keystore.public_jwks().to_string()))
}

fn read_source(source: Unknown<'_>) -> Read<(KeystoreSource, Option<String>)> {
    let fields = Fields::of(source, "source", &["path", "jwks", "data", "keyId"])?;
    let path = fields.string("path")?.map(|path| KeystoreSource::Path(PathBuf::from(path)));
    let jwks = fields.string("jwks")?.map(|jwks| KeystoreSource::Data(jwks.into_bytes().into()));
    let data = fields.bytes("data")?.map(|data| KeystoreSource::Data(data.into()));
    let mut given = [path, jwks, data].into_iter().flatten();
    match (given.next(), given.next()) {
        (Some(source), None) => Ok((source, fields.string("keyId")?)),
        _ => Err(ReadError::Problem(Problem::config(
            "source: expected exactly one of path, jwks and data",
        ))),
    }
}
