//! `.well-known/smart-configuration` of a FHIR server (SMART App Launch, "Conformance").

use url::Url;

use super::without_trailing_slashes;
use crate::error::{Error, Problem};
use crate::server_url::ServerUrl;

/// Appended to the whole base path, unlike RFC 8414's insertion behind the host (SD-1).
pub(super) fn document_url(base: &ServerUrl) -> Result<Url, Error> {
    let url = format!("{}/.well-known/smart-configuration", without_trailing_slashes(base.raw()));
    Url::parse(&url).map_err(|_| Problem::config("fhirBaseUrl: not a URL").into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_suffix_is_appended_to_the_whole_base_path() {
        for (base, expected) in [
            ("https://h/t1", "https://h/t1/.well-known/smart-configuration"),
            ("https://h/a/b/", "https://h/a/b/.well-known/smart-configuration"),
            ("https://h:8443/x%20y", "https://h:8443/x%20y/.well-known/smart-configuration"),
            ("https://h", "https://h/.well-known/smart-configuration"),
            ("https://h/a%2Fb//", "https://h/a%2Fb/.well-known/smart-configuration"),
        ] {
            let base = ServerUrl::parse("base", base).unwrap();
            assert_eq!(document_url(&base).unwrap().as_str(), expected);
        }
    }
}
