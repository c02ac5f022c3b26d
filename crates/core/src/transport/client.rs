//! One HTTP client per transport setting, shared and kept alive by whoever uses it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use reqwest::header::{
    ACCEPT, AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER,
};
use reqwest::{NoProxy, Proxy, StatusCode, redirect};
use serde_json::Value;
use url::{Origin, Url};
use zeroize::Zeroizing;

use super::explanation::{
    broke_unanswered, broken_off, explain, proxy_wants_credentials, root_cause, wants_http1,
};
use super::kept_connections::KeptConnections;
use super::limits::{self, BodyError};
use super::not_ready::NotReady;
use super::proxy::ProxySetting;
use super::resolver::SystemResolver;
use super::retry::parse_retry_after;
use super::settings::TransportSettings;
use super::tls::{ExtraTrust, client_config, trusting_nobody};
use crate::error::{Error, TransportError};
use crate::fingerprint::Fingerprint;
use crate::server_url::is_loopback;

const SHORTEST_PING_INTERVAL: Duration = Duration::from_millis(100);
const LONGEST_PING_INTERVAL: Duration = Duration::from_secs(10);

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
        let transport = Arc::new(Transport {
            settings: settings.clone(),
            client: Mutex::default(),
            loopback_client: Mutex::default(),
            http1_client: Mutex::default(),
            http1_servers: Mutex::default(),
            kept: KeptConnections::default(),
        });
        pool.insert(fingerprint, Arc::downgrade(&transport));
        transport
    }
}

/// HTTP clients, made at their first request: loading the trust store costs milliseconds that
/// `create` must not spend on the JavaScript thread. A failure is not kept: the next request tries anew.
#[derive(Debug)]
pub(crate) struct Transport {
    settings: TransportSettings,
    client: Mutex<Option<Arc<ReadyClient>>>,
    /// Clear text is allowed on loopback because it never leaves this machine: no proxy of the
    /// environment may see it.
    loopback_client: Mutex<Option<Arc<ReadyClient>>>,
    /// For servers that take a request over HTTP/1.1 alone (RFC 9113 §7, `HTTP_1_1_REQUIRED`).
    http1_client: Mutex<Option<Arc<ReadyClient>>>,
    http1_servers: Mutex<Vec<Origin>>,
    kept: KeptConnections,
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

    /// The coding of a body that came compressed, although nobody asked for that.
    pub(crate) fn content_encoding(&self) -> Option<&str> {
        self.header(CONTENT_ENCODING).filter(|coding| !coding.eq_ignore_ascii_case("identity"))
    }

    /// HTML or XML, by its first character: content types cannot be trusted here either.
    pub(crate) fn is_markup(&self) -> bool {
        self.body.trim_ascii_start().starts_with(b"<")
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.body.trim_ascii().is_empty()
    }

    /// What a proxy has repeated of its own credentials is in no body or header any more.
    fn withhold(&mut self, credentials: &[Zeroizing<String>]) {
        let holds = |text: &[u8]| {
            let text = String::from_utf8_lossy(text);
            credentials.iter().any(|credential| text.contains(credential.as_str()))
        };
        if holds(&self.body) {
            self.body = Vec::new().into();
        }
        for value in self.headers.values_mut().filter(|value| holds(value.as_bytes())) {
            *value = HeaderValue::from_static("");
        }
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
    pub(crate) async fn get(&self, url: &Url, accept: &'static str) -> Result<Answer, NoAnswer> {
        let ready = self.ready(url)?;
        let request = ready.client.get(url.clone()).header(ACCEPT, accept);
        self.send(url, &ready, request).await
    }

    /// POST of a form, with exactly the headers that strict servers compare (SB-2, QK-9).
    pub(crate) async fn post_form(
        &self,
        url: &Url,
        body: Bytes,
        authorization: Option<HeaderValue>,
    ) -> Result<Answer, NoAnswer> {
        let ready = self.ready(url)?;
        let mut request = ready
            .client
            .post(url.clone())
            .header(ACCEPT, "application/json")
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(body);
        if let Some(authorization) = authorization {
            request = request.header(AUTHORIZATION, authorization);
        }
        self.send(url, &ready, request).await
    }

    async fn send(
        &self,
        url: &Url,
        ready: &Arc<ReadyClient>,
        request: reqwest::RequestBuilder,
    ) -> Result<Answer, NoAnswer> {
        let mut unfinished = Unfinished { transport: self, used: ready, is_over: false };
        let failed = |error: &reqwest::Error, is_stale| {
            if error.is_timeout() && !error.is_connect() {
                self.leave(ready);
            }
            let stale_connection = is_stale || self.turns_to_http1(url, error);
            let complaint = ready.trust_complaint.as_deref();
            let error = explain(&self.settings, complaint, url, error);
            NoAnswer::Failed(TransportError { stale_connection, ..error }.into())
        };
        let sent = request.send().await;
        unfinished.is_over = sent.is_err();
        let response = sent.map_err(|error| {
            // Only a connection that has been kept from an earlier answer can be stale.
            failed(&error, self.kept.may_be_to(url) && broke_unanswered(&error))
        })?;
        self.kept.note(url, &response);
        if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED && url.scheme() == "http"
        {
            unfinished.is_over = true;
            return Err(NoAnswer::Failed(proxy_wants_credentials(url).into()));
        }
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let ends_with_connection = limits::ends_with_connection(&response);
        let read = limits::read_body(response, self.settings.max_response_bytes).await;
        unfinished.is_over = true;
        match read {
            Ok(body) if ends_with_connection && limits::is_beginning(&body) => {
                Err(NoAnswer::Failed(broken_off(url).into()))
            }
            Ok(body) => {
                let mut answer = Answer { status, headers, body };
                // Only in clear text has a proxy a say in the answer, and only refusals are quoted.
                if url.scheme() == "http" && !matches!(status, 200..=299) {
                    answer.withhold(&self.settings.proxy.credentials());
                }
                Ok(answer)
            }
            Err(BodyError::TooLarge) => {
                Err(NoAnswer::TooLarge { status, limit: self.settings.max_response_bytes })
            }
            Err(BodyError::Broken(error)) => Err(failed(&error, false)),
        }
    }

    /// The next request takes another connection. An HTTP/2 connection outlives a request that has run out
    /// of time, and behind it may be the one server of many that hangs.
    fn leave(&self, used: &Arc<ReadyClient>) {
        self.kept.forget();
        for place in [&self.client, &self.http1_client, &self.loopback_client] {
            let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
            if place.as_ref().is_some_and(|current| Arc::ptr_eq(current, used)) {
                *place = None;
            }
        }
    }

    /// True where the server will take over HTTP/1.1 what it has just refused: nothing was done with it.
    fn turns_to_http1(&self, url: &Url, error: &reqwest::Error) -> bool {
        const MOST_SERVERS: usize = 64;
        if !wants_http1(error) {
            return false;
        }
        let mut servers = self.http1_servers.lock().unwrap_or_else(PoisonError::into_inner);
        let origin = url.origin();
        if !servers.contains(&origin) {
            servers.truncate(MOST_SERVERS - 1);
            servers.insert(0, origin);
        }
        true
    }

    fn takes_http1_alone(&self, url: &Url) -> bool {
        let servers = self.http1_servers.lock().unwrap_or_else(PoisonError::into_inner);
        servers.contains(&url.origin())
    }

    fn ready(&self, url: &Url) -> Result<Arc<ReadyClient>, NoAnswer> {
        let failed = |reason: NotReady| NoAnswer::Failed(reason.explain(url).into());
        let direct = url.scheme() == "http"
            && is_loopback(url)
            && matches!(self.settings.proxy, ProxySetting::Environment);
        let http1_only = self.takes_http1_alone(url);
        let place = match (direct, http1_only) {
            (true, _) => &self.loopback_client,
            (false, true) => &self.http1_client,
            (false, false) => &self.client,
        };
        let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ready) = &*place {
            return Ok(ready.clone());
        }
        let mut settings = self.settings.clone();
        if direct {
            settings.proxy = ProxySetting::Direct;
        }
        let ready = match settings.connect(http1_only) {
            Ok(ready) => Arc::new(ready),
            // Clear text asks for nobody's trust. Not kept: the next server may speak TLS.
            Err(NotReady::NobodyToTrust) if url.scheme() == "http" => {
                return settings.connect_trusting_nobody().map(Arc::new).map_err(failed);
            }
            Err(reason) => return Err(failed(reason)),
        };
        *place = Some(ready.clone());
        Ok(ready)
    }
}

/// A request on its way. One that nobody waits for any more, as at the deadline of its retries, may hang on
/// a connection that hangs.
struct Unfinished<'a> {
    transport: &'a Transport,
    used: &'a Arc<ReadyClient>,
    is_over: bool,
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.transport.leave(self.used);
        }
    }
}

impl TransportSettings {
    fn connect(&self, http1_only: bool) -> Result<ReadyClient, NotReady> {
        let extra = ExtraTrust::from_environment().map_err(NotReady::Shortage)?;
        let trusted = self.ca.iter().chain(&extra.certificates).map(Vec::as_slice);
        let mut tls = client_config(trusted, self.client_certificate.as_ref())?;
        let mut builder = self.builder()?;
        if http1_only {
            tls.alpn_protocols.retain(|protocol| protocol != b"h2");
            builder = builder.http1_only();
        }
        let client =
            builder.tls_backend_preconfigured(tls).build().map_err(|error| root_cause(&error))?;
        Ok(ReadyClient { client, trust_complaint: extra.complaint })
    }

    fn connect_trusting_nobody(&self) -> Result<ReadyClient, NotReady> {
        let builder = self.builder()?.tls_backend_preconfigured(trusting_nobody()?);
        let client = builder.build().map_err(|error| root_cause(&error))?;
        Ok(ReadyClient { client, trust_complaint: None })
    }

    /// All requests wait on one HTTP/2 connection: one that a firewall has forgotten should be found out
    /// before their time is over, which takes two of these. Nothing is sent while no request waits.
    fn ping_interval(&self) -> Duration {
        (self.timeout / 3).clamp(SHORTEST_PING_INTERVAL, LONGEST_PING_INTERVAL)
    }

    fn builder(&self) -> Result<reqwest::ClientBuilder, String> {
        let builder = reqwest::Client::builder()
            .user_agent(&self.user_agent)
            .timeout(self.timeout)
            .connect_timeout(self.connect_timeout)
            .http2_keep_alive_interval(self.ping_interval())
            .http2_keep_alive_timeout(self.ping_interval())
            // Never: a redirect would carry the assertion or the secret elsewhere (BP-3).
            .redirect(redirect::Policy::none())
            .referer(false)
            // A retry needs a new assertion, which only the caller can make (SB-4).
            .retry(reqwest::retry::never())
            .dns_resolver(SystemResolver);
        Ok(match &self.proxy {
            ProxySetting::Direct => builder.no_proxy(),
            _ if self.proxy.is_excluded_everywhere(self.no_proxy.as_deref()) => builder.no_proxy(),
            ProxySetting::Environment => builder,
            ProxySetting::Url(url) => {
                let proxy = Proxy::all(url.expose())
                    .map_err(|_| "http.proxy: not a proxy URL".to_owned())?;
                builder
                    .proxy(proxy.no_proxy(self.no_proxy.as_deref().and_then(NoProxy::from_string)))
            }
        })
    }
}
