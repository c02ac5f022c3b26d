//! Smile CDR's keystore definitions: `{ keystores: [{ keystoreId, filePath | jwks }] }`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use zeroize::Zeroizing;

use super::live_keystore::{Keystore, State};
use super::registry::{self, Keystores};
use super::source::KeystoreOrigin;
use crate::error::{Error, Problem};

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    keystores: Vec<Definition<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Definition<'a> {
    keystore_id: String,
    file_path: Option<String>,
    #[serde(borrow)]
    jwks: Option<&'a RawValue>,
}

/// A definition document, with the folder that `classpath:` and relative paths start from.
pub struct SmileDefinitions<'a> {
    /// The JSON text.
    pub json: &'a str,
    /// Stands in for Smile's class path.
    pub classpath: Option<&'a Path>,
}

impl SmileDefinitions<'_> {
    /// Registers all keystores of the document, or none if one has a problem.
    pub fn register(&self, registry: &Keystores) -> Result<Vec<Arc<Keystore>>, Error> {
        let document: Document<'_> = serde_json::from_str(self.json).map_err(|_| {
            Problem::config(
                "keystore definitions: expected { \"keystores\": [{ \"keystoreId\": …, \
                 \"filePath\" or \"jwks\": … }] }",
            )
        })?;
        let mut keystores = Vec::<(String, State)>::new();
        let mut problems = Vec::new();
        for definition in document.keystores {
            let name = &definition.keystore_id;
            // Before anything else: what it is shown in stays short and printable.
            if let Err(problem) = registry::check_name(name) {
                problems.push(problem);
                continue;
            }
            if keystores.iter().any(|(other, _)| other == name) {
                problems.push(Problem::config(format!(
                    "keystore '{name}' is defined twice; give each its own keystoreId"
                )));
                continue;
            }
            match self.read(&definition) {
                Ok(keystore) => keystores.push((definition.keystore_id, keystore)),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(Error::Problems(problems));
        }
        registry.insert_all(keystores)
    }

    fn read(&self, definition: &Definition<'_>) -> Result<State, Problem> {
        let origin = match definition {
            // Smile: with both, the file wins.
            Definition { file_path: Some(path), .. } if !path.is_empty() => {
                KeystoreOrigin::Path(self.resolve(path)?)
            }
            Definition { jwks: Some(jwks), .. } => KeystoreOrigin::Data(jwks_text(jwks)),
            _ => {
                return Err(Problem::config(format!(
                    "keystore '{}': neither filePath nor jwks",
                    definition.keystore_id
                )));
            }
        };
        registry::read(&definition.keystore_id, origin.into())
    }

    fn resolve(&self, path: &str) -> Result<PathBuf, Problem> {
        if let Some(on_classpath) = path.strip_prefix("classpath:") {
            let root = self.classpath.ok_or_else(|| {
                Problem::config(
                    "filePath: classpath: needs the folder that stands for the class path (classpath)",
                )
            })?;
            return Ok(root.join(on_classpath.trim_start_matches('/')));
        }
        let path = path.strip_prefix("file:").unwrap_or(path);
        // file:///etc/key names the same file as file:/etc/key.
        let path = path.strip_prefix("//").unwrap_or(path);
        Ok(self.classpath.map_or_else(|| PathBuf::from(path), |root| root.join(path)))
    }
}

/// The JWKS itself, or a string that holds its text.
fn jwks_text(jwks: &RawValue) -> Zeroizing<Vec<u8>> {
    match serde_json::from_str::<Zeroizing<String>>(jwks.get()) {
        Ok(text) => Zeroizing::new(text.as_bytes().to_vec()),
        Err(_) => Zeroizing::new(jwks.get().as_bytes().to_vec()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;
    use crate::keys::SigningAlgorithm;

    const FIXTURES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../__test__/fixtures");

    fn register(json: &str) -> Result<Vec<Arc<Keystore>>, Error> {
        let definitions = SmileDefinitions { json, classpath: Some(Path::new(FIXTURES)) };
        definitions.register(&Keystores::default())
    }

    #[test]
    fn the_file_wins_over_the_text() {
        let loaded = register(
            r#"{"keystores":[{"keystoreId":"a","filePath":"classpath:/smart-app-launch/ES384.private.json","jwks":"junk"}]}"#,
        )
        .unwrap();
        assert_eq!(loaded[0].content().algorithm(), SigningAlgorithm::Es384);
        assert!(loaded[0].path().is_some());
    }

    #[test]
    fn a_jwks_is_read_as_text_and_as_an_object() {
        let jwks =
            include_str!("../../../../__test__/fixtures/smart-app-launch/RS384.private.json");
        let text = serde_json::to_string(jwks).unwrap();
        for jwks in [jwks, &text] {
            let json = format!(r#"{{"keystores":[{{"keystoreId":"a","jwks":{jwks}}}]}}"#);
            assert_eq!(register(&json).unwrap()[0].content().algorithm(), SigningAlgorithm::Rs384);
        }
    }

    #[test]
    fn paths_may_carry_file_or_nothing() {
        for path in [
            "smart-app-launch/ES384.private.json".to_owned(),
            "file:smart-app-launch/ES384.private.json".to_owned(),
            format!("file:{FIXTURES}/smart-app-launch/ES384.private.json"),
            format!("file://{FIXTURES}/smart-app-launch/ES384.private.json"),
        ] {
            let json = format!(r#"{{"keystores":[{{"keystoreId":"a","filePath":"{path}"}}]}}"#);
            assert!(register(&json).is_ok(), "{path}");
        }
    }

    #[test]
    fn a_name_that_no_keystore_may_have_is_not_shown() {
        let name = format!("\\u202e\\n{}", "x".repeat(5000));
        let json = format!(
            r#"{{"keystores":[{{"keystoreId":"{name}"}},{{"keystoreId":"{name}","jwks":{{}}}}]}}"#
        );
        let error = register(&json).unwrap_err();
        assert_eq!(error.problems().len(), 2);
        assert!(
            error
                .problems()
                .iter()
                .all(|problem| !problem.message.contains('x') || problem.message.len() < 200)
        );
    }

    #[test]
    fn one_bad_definition_registers_none_and_every_problem_is_told() {
        let jwks =
            include_str!("../../../../__test__/fixtures/smart-app-launch/ES384.private.json");
        let keystores = Keystores::default();
        let json = format!(
            r#"{{"keystores":[{{"keystoreId":"good","jwks":{jwks}}},{{"keystoreId":"b"}},{{"keystoreId":"c","filePath":"classpath:none"}}]}}"#
        );
        let error = SmileDefinitions { json: &json, classpath: Some(Path::new(FIXTURES)) }
            .register(&keystores)
            .unwrap_err();
        assert_eq!(error.problems().len(), 2);
        assert_eq!(error.problems()[1].code, ErrorCode::KeystoreNotFound);
        assert!(keystores.list().is_empty());
    }
}
