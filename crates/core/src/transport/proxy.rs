//! Through which proxy requests go.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::percent_decode_str;
use reqwest::Proxy;
use url::Url;
use zeroize::Zeroizing;

use crate::error::Problem;
use crate::secret::Secret;

/// Through which proxy requests go. Its URL can carry a password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum ProxySetting {
    /// `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` of the environment.
    #[default]
    Environment,
    /// None, whatever the environment says.
    Direct,
    /// This one, for http and https.
    Url(Secret),
}

/// What the HTTP client reads in the environment, in lower case as well.
const VARIABLES: [&str; 3] = ["HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY"];

impl ProxySetting {
    /// A proxy that cannot be used is told, not passed by: the HTTP client would ignore it, and
    /// credentials would take the way that the proxy was to keep them from.
    pub(crate) fn check(&self) -> Result<(), Problem> {
        match self {
            Self::Direct => Ok(()),
            Self::Url(url) if is_proxy_url(url.expose()) => Ok(()),
            Self::Url(_) => Err(Problem::config(
                "http.proxy: expected a URL such as http://proxy.example.org:3128",
            )),
            Self::Environment => variables().try_for_each(|name| check_variable(&name)),
        }
    }

    /// What a proxy that repeats a request in clear text would repeat of its own.
    pub(super) fn credentials(&self) -> Vec<Zeroizing<String>> {
        let urls = match self {
            Self::Direct => Vec::new(),
            Self::Url(url) => vec![Zeroizing::new(url.expose().to_owned())],
            Self::Environment => variables()
                .filter_map(|name| std::env::var(name).ok())
                .map(|value| Zeroizing::new(with_scheme(value)))
                .collect(),
        };
        urls.iter()
            .filter_map(|url| Url::parse(url).ok())
            .flat_map(|url| in_every_form(&url))
            .collect()
    }

    /// `*` in `NO_PROXY`, or in the option of that purpose: the HTTP client takes it for every name, but
    /// for no address.
    pub(crate) fn is_excluded_everywhere(&self, no_proxy: Option<&str>) -> bool {
        let of_environment = match self {
            Self::Environment => ["NO_PROXY", "no_proxy"]
                .iter()
                // The first that is there counts, also where it is empty, as the HTTP client has it.
                .find_map(|&name| std::env::var(name).ok()),
            _ => None,
        };
        let list = of_environment.as_deref().or(no_proxy);
        list.is_some_and(|list| list.split(',').any(|entry| entry.trim() == "*"))
    }
}

fn variables() -> impl Iterator<Item = String> {
    VARIABLES.iter().flat_map(|name| [(*name).to_owned(), name.to_lowercase()])
}

/// Without a scheme it is a host, as curl has it.
fn with_scheme(value: String) -> String {
    if value.contains("://") { value } else { format!("http://{value}") }
}

/// The password, in the URL's spelling and in its own, and what becomes of both names in a header.
fn in_every_form(url: &Url) -> Vec<Zeroizing<String>> {
    let Some(password) = url.password().filter(|password| !password.is_empty()) else {
        return Vec::new();
    };
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let own = Zeroizing::new(decoded(password));
    let pair = Zeroizing::new(format!("{}:{}", decoded(url.username()), own.as_str()));
    let basic = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
    vec![Zeroizing::new(password.to_owned()), own, basic]
}

fn check_variable(name: &str) -> Result<(), Problem> {
    let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) else {
        return Ok(());
    };
    let usable = value.to_str().is_some_and(|value| is_proxy_url(&with_scheme(value.to_owned())));
    if usable {
        return Ok(());
    }
    Err(Problem::config(format!(
        "the environment variable {name} is no URL of an http or https proxy; correct it, or set \
         http.proxy (null: no proxy)"
    )))
}

fn is_proxy_url(url: &str) -> bool {
    let parsed = Url::parse(url).ok().filter(Url::has_host);
    let plain = |url: Url| matches!(url.scheme(), "http" | "https") && url.path() == "/";
    parsed.is_some_and(plain) && Proxy::all(url).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_known_in_the_forms_that_a_proxy_would_repeat() {
        let setting = ProxySetting::Url(Secret::new("http://us%20er:p%2Fw@proxy:3128".to_owned()));
        let credentials = setting.credentials();
        let expected = ["p%2Fw", "p/w", "dXMgZXI6cC93"];
        assert!(credentials.iter().map(|text| text.as_str()).eq(expected));
        let none = ProxySetting::Url(Secret::new("http://proxy:3128".to_owned()));
        assert!(none.credentials().is_empty());
    }

    #[test]
    fn a_proxy_is_an_http_url_without_a_path() {
        for url in ["http://proxy:3128", "https://user:pass@proxy.example.org/", "http://[::1]:80"]
        {
            assert!(is_proxy_url(url), "{url}");
        }
        for url in
            ["", "proxy:3128", "socks5://proxy", "http//proxy", "http://http//proxy", "http://[::"]
        {
            assert!(!is_proxy_url(url), "{url}");
        }
    }
}
