//! Through which proxy requests go.

use reqwest::Proxy;
use url::Url;

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
            Self::Environment => {
                let mut names =
                    VARIABLES.iter().flat_map(|name| [(*name).to_owned(), name.to_lowercase()]);
                names.try_for_each(|name| check_variable(&name))
            }
        }
    }

    /// `*` in `NO_PROXY`, or in the option of that purpose: the HTTP client takes it for every name, but
    /// for no address.
    pub(crate) fn is_excluded_everywhere(&self, no_proxy: Option<&str>) -> bool {
        let of_environment = match self {
            Self::Environment => ["NO_PROXY", "no_proxy"]
                .iter()
                .find_map(|&name| std::env::var(name).ok().filter(|value| !value.is_empty())),
            _ => None,
        };
        let list = of_environment.as_deref().or(no_proxy);
        list.is_some_and(|list| list.split(',').any(|entry| entry.trim() == "*"))
    }
}

fn check_variable(name: &str) -> Result<(), Problem> {
    let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) else {
        return Ok(());
    };
    // Without a scheme it is a host, as curl has it.
    let usable = value.to_str().is_some_and(|value| {
        let url = if value.contains("://") { value.to_owned() } else { format!("http://{value}") };
        is_proxy_url(&url)
    });
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
