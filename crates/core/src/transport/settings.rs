//! How requests travel.

use std::time::Duration;

use super::client_certificate::ClientCertificate;
use super::proxy::ProxySetting;
use crate::fingerprint::{Fingerprint, Fingerprinter};

/// Validated: every string in it has been parsed once.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TransportSettings {
    /// Whole of one HTTP attempt.
    pub(crate) timeout: Duration,
    pub(crate) connect_timeout: Duration,
    pub(crate) proxy: ProxySetting,
    /// Hosts that bypass `proxy`, in `NO_PROXY` notation.
    pub(crate) no_proxy: Option<String>,
    /// DER certificates trusted besides the system's.
    pub(crate) ca: Vec<Vec<u8>>,
    /// Shown to every server that asks for one.
    pub(crate) client_certificate: Option<ClientCertificate>,
    pub(crate) max_response_bytes: usize,
    pub(crate) user_agent: String,
}

impl TransportSettings {
    /// Whom the transport trusts, through whom it goes and as whom: part of a token's identity
    /// (architecture, step 2; RFC 8705 §3).
    pub(crate) fn trust_fingerprint(&self) -> Fingerprint {
        let mut fields = Fingerprinter::new("trust");
        match &self.proxy {
            ProxySetting::Environment => fields.field(b"environment"),
            ProxySetting::Direct => fields.field(b"direct"),
            ProxySetting::Url(url) => fields.field(b"url").field(url.expose().as_bytes()),
        };
        fields.optional(self.no_proxy.as_deref().map(str::as_bytes));
        fields.field(&self.ca.len().to_be_bytes());
        for certificate in &self.ca {
            fields.field(certificate);
        }
        if let Some(certificate) = &self.client_certificate {
            certificate.identify(&mut fields);
        }
        fields.finish()
    }

    pub(crate) fn fingerprint(&self) -> Fingerprint {
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
