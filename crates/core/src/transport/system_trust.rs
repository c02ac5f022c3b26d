//! The trust store of systems that keep one in files: read once in a process, and at first only its
//! bundle. The folder beside the bundle mostly holds the same certificates again, one in a file,
//! and takes ten times as long; it is read when a server's issuer is not in the bundle.

use std::io;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{WebPkiServerVerifier, verify_server_name};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use rustls_native_certs::{CertificateResult, ErrorKind};

use super::ca_as_server::is_ca_as_server;
use super::not_ready::NotReady;
use crate::shortage;

/// The bundle, the system's or `SSL_CERT_FILE`; everything, where there is none.
fn bundle() -> io::Result<Arc<RootCertStore>> {
    static BUNDLE: Store = Store::new();
    BUNDLE.get_or_load(|| {
        // A folder alone, named by the user, is all that the user wants trusted.
        let named = |name| std::env::var_os(name).is_some();
        let named_by_user = named("SSL_CERT_DIR") && !named("SSL_CERT_FILE");
        if let Some(bundle) = openssl_probe::probe().cert_file.filter(|_| !named_by_user) {
            let store = store_of(rustls_native_certs::load_certs_from_paths(Some(&bundle), None))?;
            if !store.is_empty() {
                return Ok(Arc::new(store));
            }
        }
        whole()
    })
}

/// What cannot be read there is missing, and the error of the server that needs it says so.
fn whole() -> io::Result<Arc<RootCertStore>> {
    static WHOLE: Store = Store::new();
    WHOLE.get_or_load(|| Ok(Arc::new(store_of(rustls_native_certs::load_native_certs())?)))
}

/// Kept once there is something in it: files can come later.
struct Store(Mutex<Option<Arc<RootCertStore>>>);

impl Store {
    const fn new() -> Self {
        Self(Mutex::new(None))
    }

    fn get_or_load(
        &self,
        load: impl FnOnce() -> io::Result<Arc<RootCertStore>>,
    ) -> io::Result<Arc<RootCertStore>> {
        let mut store = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = &*store {
            return Ok(store.clone());
        }
        let loaded = load()?;
        *store = Some(loaded.clone()).filter(|loaded| !loaded.is_empty());
        Ok(loaded)
    }
}

/// An error: what is there could not be read for want of descriptors, which can be there in a moment.
fn store_of(loaded: CertificateResult) -> io::Result<RootCertStore> {
    for error in loaded.errors {
        if let ErrorKind::Io { inner, .. } = error.kind
            && shortage::is_of_descriptors(&inner)
        {
            return Err(inner);
        }
    }
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(loaded.certs);
    Ok(store)
}

/// Trusts the system, and some certificates more.
#[derive(Debug)]
pub(super) struct SystemTrust {
    extra: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
    /// Certificates of the system that `first` has.
    bundled: usize,
    first: Arc<WebPkiServerVerifier>,
    /// `None`: no more than `first`.
    whole: OnceLock<Option<Arc<WebPkiServerVerifier>>>,
}

impl SystemTrust {
    /// Fails where there is nothing to trust at all.
    pub(super) fn new(
        extra: Vec<CertificateDer<'static>>,
        provider: Arc<CryptoProvider>,
    ) -> Result<Self, NotReady> {
        let bundle = bundle().map_err(NotReady::Shortage)?;
        if bundle.is_empty() && extra.is_empty() {
            return Err(NotReady::NobodyToTrust);
        }
        let first = verifier(&bundle, &extra, &provider).map_err(|error| error.to_string())?;
        Ok(Self { extra, provider, bundled: bundle.len(), first, whole: OnceLock::new() })
    }

    fn whole(&self) -> Option<Arc<WebPkiServerVerifier>> {
        if let Some(known) = self.whole.get() {
            return known.clone();
        }
        // Without descriptors nobody knows: the next handshake looks again.
        let whole = whole().ok()?;
        let has_more = whole.len() > self.bundled;
        let more = has_more.then(|| verifier(&whole, &self.extra, &self.provider).ok()).flatten();
        self.whole.get_or_init(|| more).clone()
    }
}

fn verifier(
    system: &RootCertStore,
    extra: &[CertificateDer<'static>],
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, Error> {
    let mut store = system.clone();
    for certificate in extra {
        store.add(certificate.clone())?;
    }
    WebPkiServerVerifier::builder_with_provider(store.into(), provider.clone())
        .build()
        .map_err(|error| Error::Other(OtherError(Arc::new(error))))
}

impl ServerCertVerifier for SystemTrust {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let by = |verifier: &WebPkiServerVerifier| {
            verifier.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now)
        };
        match by(&self.first) {
            Err(unknown @ Error::InvalidCertificate(CertificateError::UnknownIssuer)) => {
                self.whole().map_or(Err(unknown), |whole| by(&whole))
            }
            Err(Error::InvalidCertificate(error))
                if is_ca_as_server(&error) && self.extra.contains(end_entity) =>
            {
                // What is trusted itself needs no issuer. Its validity was looked at before that error.
                verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.first.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.first.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.first.supported_verify_schemes()
    }
}
