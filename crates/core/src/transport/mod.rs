//! HTTP for discovery and token requests: trust, proxies, time-outs, bounds, retries.

mod client;
mod limits;
pub(crate) mod retry;
mod tls;

pub use client::ProxySetting;
pub(crate) use client::{Answer, Transport, TransportPool, TransportSettings};
pub(crate) use tls::certificates_from_pem;
