//! One HTTP client per transport setting, shared and kept alive by whoever uses it.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{NoProxy, Proxy, redirect};
use serde_json::Value;
use url::Url;
use zeroize::Zeroizing;

use super::limits::{self, BodyError};
use super::retry::parse_retry_after;
use super::tls::{ExtraTrust, tls_error};
use crate::error::{Error, ErrorCode, TransportError};
use crate::fingerprint::{Fingerprint, Fingerprinter};
use crate::secret::Secret;
use crate::server_url::display;

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

/// How requests travel. Validated: every string in it has been parsed once.
#[derive(Clone, Debug)]
pub(crate) struct TransportSettings {
    /// Whole of one HTTP attempt.
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) proxy: ProxySetting,
    /// Hosts that bypass `proxy`, in `NO_PROXY` notation.
    pub(crate) no_proxy: Option<String>,
    /// DER certificates trusted besides the system's.
    pub(crate) ca: Vec<Vec<u8>>,
    pub(crate) max_response_bytes: usize,
    pub(crate) user_agent: String,
}

impl TransportSettings {
    pub(crate) fn is_proxy_url(url: &str) -> bool {
        let scheme = Url::parse(url).ok().filter(Url::has_host);
        scheme.is_some_and(|url| matches!(url.scheme(), "http" | "https"))
            && Proxy::all(url).is_ok()
    }

    /// Whom the transport trusts and through whom it goes: part of a token's identity (architecture, step 2).
    pub(crate) fn trust_fingerprint(&self) -> Fingerprint {
        let mut fields = Fingerprinter::new("trust");
        match &self.proxy {
            ProxySetting::Environment => fields.field(b"environment"),
            ProxySetting::Direct => fields.field(b"direct"),
            ProxySetting::Url(url) => fields.field(b"url").field(url.expose().as_bytes()),
        };
        fields.optional(self.no_proxy.as_deref().map(str::as_bytes));
        for certificate in &self.ca {
            fields.field(certificate);
        }
        fields.finish()
    }

    fn fingerprint(&self) -> Fingerprint {
        let mut fields = Fingerprinter::new("transport");
        fields
            .include(&self.trust_fingerprint())
            .field(&self.timeout.as_nanos().to_be_bytes())
            .field(&self.connect_timeout.as_nanos().to_be_bytes())
            .field(&self.max_response_bytes.to_be_bytes())
            .field(self.user_agent.as_bytes());
        fields.finish()
    }
}

/// The process's transports; a transport that nobody uses any more is dropped with its connections.
#[derive(Debug, Default)]
pub(crate) struct TransportPool(Mutex<HashMap<Fingerprint, Weak<Transport>>>);

impl TransportPool {
    pub(crate) fn get(&self, settings: &TransportSettings) -> Arc<Transport> {
        let mut pool = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let fingerprint = settings.fingerprint();
        if let Some(transport) = pool.get(&fingerprint).and_then(Weak::upgrade) {
            return transport;
        }
        pool.retain(|_, transport| transport.strong_count() > 0);
        let transport = Arc::new(Transport { settings: settings.clone(), client: OnceLock::new() });
        pool.insert(fingerprint, Arc::downgrade(&transport));
        transport
    }
}

/// An HTTP client, made at its first request: loading the trust store costs milliseconds that
/// `create` must not spend on the JavaScript thread.
#[derive(Debug)]
pub(crate) struct Transport {
    settings: TransportSettings,
    client: OnceLock<Result<ReadyClient, String>>,
}

#[derive(Debug)]
struct ReadyClient {
    client: reqwest::Client,
    trust_complaint: Option<String>,
}

/// A complete answer, its body within bounds.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    /// It can hold a token: wiped when dropped.
    pub(crate) body: Zeroizing<Vec<u8>>,
}

impl Answer {
    pub(crate) fn header(&self, name: impl reqwest::header::AsHeaderName) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// Tolerant of a byte order mark and of any content type (HT-4).
    pub(crate) fn json(&self) -> Option<Value> {
        const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
        serde_json::from_slice(
            self.body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(self.body.as_slice()),
        )
        .ok()
    }

    /// HTML or XML, by its first character: content types cannot be trusted here either.
    pub(crate) fn is_markup(&self) -> bool {
        self.body.trim_ascii_start().starts_with(b"<")
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.body.trim_ascii().is_empty()
    }

    pub(crate) fn retry_after(&self) -> Option<Duration> {
        self.header(RETRY_AFTER).and_then(|value| parse_retry_after(value, SystemTime::now()))
    }
}

/// Why there is no answer: too large is the document's fault, everything else the network's.
pub(crate) enum NoAnswer {
    TooLarge { status: u16, limit: usize },
    Failed(Error),
}

impl Transport {
    /// GET of a discovery document. Redirects are the caller's to judge.
    pub(crate) async fn get(&self, url: &Url) -> Result<Answer, NoAnswer> {
        let request = self.client(url)?.get(url.clone()).header(ACCEPT, "application/json");
        self.send(url, request).await
    }

    /// POST of a form, with exactly the headers that strict servers compare (SB-2, QK-9).
    pub(crate) async fn post_form(
        &self,
        url: &Url,
        body: Bytes,
        authorization: Option<HeaderValue>,
    ) -> Result<Answer, NoAnswer> {
        let mut request = self
            .client(url)?
            .post(url.clone())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        self.send(url, request).await
    }

    async fn send(&self, url: &Url, request: reqwest::RequestBuilder) -> Result<Answer, NoAnswer> {
        let response =
            request.send().await.map_err(|error| NoAnswer::Failed(self.explain(url, &error)))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        match limits::read_body(response, self.settings.max_response_bytes).await {
            Ok(body) => Ok(Answer { status, headers, body }),
            Err(BodyError::TooLarge) => {
                Err(NoAnswer::TooLarge { status, limit: self.settings.max_response_bytes })
            }
            Err(BodyError::Broken(error)) => Err(NoAnswer::Failed(self.explain(url, &error))),
        }
    }

    fn client(&self, url: &Url) -> Result<&reqwest::Client, NoAnswer> {
        match self.client.get_or_init(|| self.settings.connect()) {
            Ok(ready) => Ok(&ready.client),
            Err(reason) => Err(NoAnswer::Failed(Error::Transport(Box::new(TransportError {
                code: ErrorCode::Tls,
                url: display(url),
                reason: reason.clone(),
                hint: Some(
                    "install the system's CA certificates (package ca-certificates), point \
                     SSL_CERT_FILE at a PEM bundle, or set http.ca"
                        .to_owned(),
                ),
            })))),
        }
    }

    fn explain(&self, url: &Url, error: &reqwest::Error) -> Error {
        let (code, reason, hint) = if error.is_timeout() {
            let what = if error.is_connect() {
                format!("no connection within {} ms", self.settings.connect_timeout.as_millis())
            } else {
                format!("no complete answer within {} ms", self.settings.timeout.as_millis())
            };
            (ErrorCode::Timeout, what, Some("check the address and the firewall, or raise http.timeoutMs or http.connectTimeoutMs".to_owned()))
        } else if let Some(tls) = tls_error(error) {
            (ErrorCode::Tls, format!("TLS handshake failed: {tls}"), Some(self.tls_hint(tls)))
        } else {
            let proxied = matches!(self.settings.proxy, ProxySetting::Url(_));
            let hint = if proxied {
                "check http.proxy and the server's address"
            } else {
                "check the address, DNS, the firewall and the proxy settings"
            };
            (ErrorCode::Network, root_cause(error), Some(hint.to_owned()))
        };
        Error::Transport(Box::new(TransportError { code, url: display(url), reason, hint }))
    }

    fn tls_hint(&self, error: &rustls::Error) -> String {
        use rustls::CertificateError as Certificate;
        let hint = match error {
            rustls::Error::InvalidCertificate(
                Certificate::UnknownIssuer | Certificate::BadSignature,
            ) => {
                "the server's certificate is signed by a CA that is not trusted here: give that CA in http.ca or NODE_EXTRA_CA_CERTS"
            }
            rustls::Error::InvalidCertificate(
                Certificate::NotValidForName | Certificate::NotValidForNameContext { .. },
            ) => "the certificate belongs to another host name: check the URL",
            rustls::Error::InvalidCertificate(
                Certificate::Expired
                | Certificate::ExpiredContext { .. }
                | Certificate::NotValidYet
                | Certificate::NotValidYetContext { .. },
            ) => {
                "the certificate is outside its validity: have it renewed, and check this machine's clock"
            }
            _ => "check that the port speaks TLS 1.2 or newer",
        };
        let complaint = match self.client.get() {
            Some(Ok(ready)) => ready.trust_complaint.as_deref(),
            _ => None,
        };
        complaint.map_or_else(|| hint.to_owned(), |complaint| format!("{hint}; {complaint}"))
    }
}

impl TransportSettings {
    fn connect(&self) -> Result<ReadyClient, String> {
        let extra = ExtraTrust::from_environment();
        let trusted: Vec<_> = self.ca.iter().chain(&extra.certificates).collect();
        let certificates = || {
            trusted
                .iter()
                .map(|der| {
                    reqwest::Certificate::from_der(der)
                        .map_err(|_| "a certificate of http.ca is damaged".to_owned())
                })
                .collect::<Result<Vec<_>, _>>()
        };
        let merged = self.builder()?.tls_certs_merge(certificates()?).build();
        let client = match merged {
            Ok(client) => client,
            // A machine without any CA store can still reach a server whose CA was given.
            Err(_) if !trusted.is_empty() => self
                .builder()?
                .tls_certs_only(certificates()?)
                .build()
                .map_err(|error| root_cause(&error))?,
            Err(error) => return Err(root_cause(&error)),
        };
        Ok(ReadyClient { client, trust_complaint: extra.complaint })
    }

    fn builder(&self) -> Result<reqwest::ClientBuilder, String> {
        let builder = reqwest::Client::builder()
            .user_agent(&self.user_agent)
            .timeout(self.timeout)
            .connect_timeout(self.connect_timeout)
            // Never: a redirect would carry the assertion or the secret elsewhere (BP-3).
            .redirect(redirect::Policy::none())
            .referer(false)
            // A retry needs a new assertion, which only the caller can make (SB-4).
            .retry(reqwest::retry::never());
        Ok(match &self.proxy {
            ProxySetting::Environment => builder,
            ProxySetting::Direct => builder.no_proxy(),
            ProxySetting::Url(url) => {
                let proxy = Proxy::all(url.expose())
                    .map_err(|_| "http.proxy: not a proxy URL".to_owned())?;
                builder
                    .proxy(proxy.no_proxy(self.no_proxy.as_deref().and_then(NoProxy::from_string)))
            }
        })
    }
}

/// The innermost text of an error chain: what the operating system or the library really said.
fn root_cause(error: &dyn StdError) -> String {
    let mut innermost: &dyn StdError = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}
