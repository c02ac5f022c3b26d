//! HTTP for discovery and token requests: trust, proxies, time-outs, bounds, retries.

mod ca_as_server;
mod client;
mod client_certificate;
mod correlation;
mod explanation;
mod http2_failure;
mod kept_connections;
mod limits;
mod not_ready;
mod proxy;
mod resolver;
mod retry;
mod settings;
#[cfg(not(any(windows, target_vendor = "apple")))]
mod system_trust;
mod tls;

pub(crate) use client::{Answer, NoAnswer, Transport, TransportPool};
pub(crate) use client_certificate::ClientCertificate;
pub(crate) use correlation::{CORRELATION_HEADERS, correlation};
pub(crate) use proxy::ProxySetting;
#[cfg(fuzzing)]
pub(crate) use retry::parse_retry_after;
pub(crate) use retry::{RetryPolicy, with_retries};
pub(crate) use settings::TransportSettings;
pub(crate) use tls::certificates_from_pem;
