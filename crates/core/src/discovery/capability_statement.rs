//! `oauth-uris` in the `CapabilityStatement` of a FHIR server (SMART App Launch 1.0; requirements FH).

use serde_json::{Map, Value};
use url::Url;

use super::without_trailing_slashes;
use crate::error::{DiscoveryError, Error, Problem};
use crate::server_url::{ServerUrl, display};

/// Compared exactly: athenahealth lists a second one whose URL merely contains this one (FH-3).
const OAUTH_URIS: &str = "http://fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris";

/// As the FHIR specification has it ("capabilities").
pub(super) fn document_url(base: &ServerUrl) -> Result<Url, Error> {
    let url = format!("{}/metadata", without_trailing_slashes(base.raw()));
    Url::parse(&url).map_err(|_| Problem::config("fhirBaseUrl: not a URL").into())
}

/// The endpoints under the names of the other documents.
pub(super) fn endpoints(
    url: &Url,
    statement: &Map<String, Value>,
) -> Result<Map<String, Value>, Error> {
    if let Some(token) = token_uri(statement) {
        return Ok(Map::from_iter([("token_endpoint".to_owned(), Value::from(token))]));
    }
    let kind = statement.get("resourceType").and_then(Value::as_str);
    let reason = if matches!(kind, Some("CapabilityStatement" | "Conformance")) {
        format!(
            "it names no token endpoint (no extension {OAUTH_URIS} with a token URI); set \
             tokenEndpoint"
        )
    } else {
        let letters =
            |kind: &str| kind.chars().filter(char::is_ascii_alphanumeric).take(40).collect();
        let kind = kind.map_or_else(|| "no FHIR resource".to_owned(), letters);
        format!(
            "expected a CapabilityStatement, got {kind}; check fhirBaseUrl, or set tokenEndpoint"
        )
    };
    Err(Error::Discovery(Box::new(DiscoveryError {
        url: display(url),
        status: Some(200),
        reason,
        transient: false,
        retry_after: None,
    })))
}

/// The first token URI of a server's own entry: there may be several of everything.
fn token_uri(statement: &Map<String, Value>) -> Option<&str> {
    entries(statement.get("rest"))
        // Entries of mode `client` say what the system does at other servers.
        .filter(|rest| rest.get("mode").and_then(Value::as_str).is_none_or(|mode| mode == "server"))
        .flat_map(|rest| entries(rest.get("security")))
        .flat_map(|security| extensions(security, OAUTH_URIS))
        .flat_map(|uris| extensions(uris, "token"))
        .find_map(|token| {
            // Servers of DSTU2 write it in all three ways (FH-3).
            ["valueUri", "valueUrl", "valueString"]
                .into_iter()
                .find_map(|name| token.get(name)?.as_str())
                .filter(|uri| !uri.trim().is_empty())
        })
}

fn extensions<'a>(of: &'a Value, url: &'a str) -> impl Iterator<Item = &'a Value> {
    entries(of.get("extension"))
        .filter(move |extension| extension.get("url").and_then(Value::as_str) == Some(url))
}

/// Some servers leave the array out where there is one entry.
fn entries(value: Option<&Value>) -> impl Iterator<Item = &Value> {
    let entries = match value {
        Some(Value::Array(entries)) => entries.as_slice(),
        Some(one @ Value::Object(_)) => std::slice::from_ref(one),
        _ => &[],
    };
    entries.iter()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn found(statement: &Value) -> Result<String, String> {
        let url = Url::parse("https://h/fhir/metadata").unwrap();
        endpoints(&url, statement.as_object().unwrap())
            .map(|members| members["token_endpoint"].as_str().unwrap().to_owned())
            .map_err(|error| error.to_string())
    }

    fn oauth_uris(url: &str, token: &Value) -> Value {
        json!({ "url": url, "extension": [{ "url": "authorize", "valueUri": "https://h/a" }, token] })
    }

    fn statement(extensions: &Value) -> Value {
        json!({
            "resourceType": "CapabilityStatement",
            "rest": [{ "mode": "server", "security": { "extension": extensions } }],
        })
    }

    #[test]
    fn the_address_is_appended_to_the_base() {
        for base in ["https://h/a/b", "https://h/a/b/"] {
            let base = ServerUrl::parse("base", base).unwrap();
            assert_eq!(document_url(&base).unwrap().as_str(), "https://h/a/b/metadata");
        }
    }

    #[test]
    fn a_token_uri_is_found_under_each_name_that_servers_use() {
        for name in ["valueUri", "valueUrl", "valueString"] {
            let uris = oauth_uris(OAUTH_URIS, &json!({ "url": "token", name: "https://h/t" }));
            assert_eq!(found(&statement(&json!([uris]))).unwrap(), "https://h/t");
        }
    }

    #[test]
    fn the_second_oauth_uris_of_athenahealth_whose_url_is_no_such_url_is_passed_over() {
        let token = |uri: &str| json!({ "url": "token", "valueUri": uri });
        let bogus = "http://DSTU2/fhir-registry.smarthealthit.org/StructureDefinition/oauth-uris";
        let (real, bogus) = (
            oauth_uris(OAUTH_URIS, &token("https://h/real")),
            oauth_uris(bogus, &token("https://h/bogus")),
        );
        assert_eq!(found(&statement(&json!([bogus, real]))).unwrap(), "https://h/real");
        assert!(found(&statement(&json!([bogus]))).is_err());
    }

    #[test]
    fn several_entries_single_objects_and_entries_of_a_client_are_read() {
        let uris = oauth_uris(OAUTH_URIS, &json!({ "url": "token", "valueUri": "https://h/t" }));
        let other =
            oauth_uris(OAUTH_URIS, &json!({ "url": "token", "valueUri": "https://h/other" }));
        let statement = json!({ "resourceType": "Conformance", "rest": [
            { "mode": "client", "security": { "extension": [other] } },
            { "mode": "server" },
            { "security": [{ "cors": true }, { "extension": uris }] },
        ] });
        assert_eq!(found(&statement).unwrap(), "https://h/t");
    }

    #[test]
    fn what_names_no_token_uri_is_told_apart_from_what_is_no_statement() {
        let uris = oauth_uris(OAUTH_URIS, &json!({ "url": "token", "valueUri": " " }));
        let message = found(&statement(&json!([uris]))).unwrap_err();
        assert!(message.contains("no token endpoint"), "{message}");
        for (other, word) in [
            (json!({ "resourceType": "OperationOutcome" }), "OperationOutcome"),
            (json!({}), "no FHIR resource"),
        ] {
            let message = found(&other).unwrap_err();
            assert!(message.contains("CapabilityStatement") && message.contains(word), "{message}");
        }
    }

    proptest! {
        #[test]
        fn members_of_any_kind_are_passed_over(rest in "[\\[\\]{}\":,a-z0-9]{0,40}") {
            let rest: Value = serde_json::from_str(&rest).unwrap_or(Value::Null);
            let _ = found(&json!({ "rest": rest }));
        }
    }
}
