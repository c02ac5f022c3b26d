//! `http`, checked.

use super::checks::Checks;
use crate::options::ClientAuthOptions;
use crate::transport::{ClientCertificate, ProxySetting, TransportSettings, certificates_from_pem};

impl Checks {
    pub(super) fn transport(&mut self, options: &ClientAuthOptions) -> TransportSettings {
        const TEN_MINUTES_MS: f64 = 600_000.0;
        let http = &options.http;
        let proxy = match &http.proxy {
            None => ProxySetting::Environment,
            Some(None) => ProxySetting::Direct,
            Some(Some(url)) => ProxySetting::Url(url.clone()),
        };
        self.take(proxy.check());
        if http.no_proxy.is_some() && !matches!(proxy, ProxySetting::Url(_)) {
            self.config(
                "http.noProxy goes with http.proxy; for the environment's proxy set NO_PROXY",
            );
        }
        let mut ca = Vec::new();
        for (index, certificates) in http.ca.iter().enumerate() {
            let what =
                if http.ca.len() == 1 { "http.ca".to_owned() } else { format!("http.ca[{index}]") };
            ca.extend(self.take(certificates_from_pem(&what, certificates)).into_iter().flatten());
        }
        let client_certificate = http.client_certificate.as_ref().and_then(|given| {
            self.take(ClientCertificate::parse(&given.bytes, given.passphrase.as_ref()))
        });
        let user_agent = http
            .user_agent
            .clone()
            .unwrap_or_else(|| concat!("smart-m2m/", env!("CARGO_PKG_VERSION")).to_owned());
        if user_agent.is_empty() || !user_agent.chars().all(|c| c == ' ' || c.is_ascii_graphic()) {
            self.config("http.userAgent: expected printable ASCII characters");
        }
        TransportSettings {
            timeout: self.milliseconds("http.timeoutMs", http.timeout_ms, TEN_MINUTES_MS, 30_000.0),
            connect_timeout: self.milliseconds(
                "http.connectTimeoutMs",
                http.connect_timeout_ms,
                TEN_MINUTES_MS,
                10_000.0,
            ),
            proxy,
            no_proxy: http.no_proxy.clone(),
            ca,
            client_certificate,
            max_response_bytes: self.integer(
                "http.maxResponseBytes",
                http.max_response_bytes,
                1024..=64 * 1024 * 1024,
                1024 * 1024,
            ),
            user_agent,
        }
    }
}
