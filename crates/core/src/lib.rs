//! Token engine of a SMART on FHIR machine-to-machine client: discovery, client authentication,
//! tokens. Knows no JavaScript; a Rust service can use it as it stands.
//!
//! ```
//! use smart_m2m_core::{ClientAuthInterceptor, ClientAuthOptions, ClientAuthParams, Engine, Secret};
//!
//! let options = ClientAuthOptions {
//!     client_id: Some("my-client-id".to_owned()),
//!     client_secret: Some(Secret::new("my-client-secret".to_owned())),
//!     scope: Some(Some("system/Patient.rs".to_owned())),
//!     fhir_base_url: Some("https://fhir.example.org/r4".to_owned()),
//!     ..ClientAuthOptions::default()
//! };
//! let engine = Engine::process();
//! let params = ClientAuthParams::validate(&options, &engine.keystores)?;
//! let interceptor = ClientAuthInterceptor::new(engine, params, None);
//! // In an async function: interceptor.token(None, None).await?.header()
//! assert!(interceptor.cached(None, false).is_none());
//! # Ok::<(), smart_m2m_core::Error>(())
//! ```

mod client_auth;
mod clock;
mod diagnosis;
mod discovery;
mod engine;
mod epoch;
mod error;
mod events;
mod fingerprint;
mod form;
#[cfg(fuzzing)]
pub mod fuzzing;
mod hook;
mod interceptor;
mod keys;
mod keystore;
mod options;
mod params;
mod printable;
mod random;
mod reach;
mod runtime;
mod secret;
mod server_url;
mod shortage;
mod token;
mod transport;

pub use client_auth::{Audience, BasicEncoding, CertificateHeader, ClientAuthMethod, KeyIdHeader};
pub use clock::Now;
pub use diagnosis::{
    AssertionParts, Diagnosis, DiscoveredServer, GrantedToken, ReceivedAnswer, SentRequest,
};
pub use discovery::DiscoverySource;
pub use engine::Engine;
pub use epoch::epochs;
pub use error::{
    DiscoveryError, Error, ErrorCode, OAuthError, Problem, TokenEndpointError, TransportError,
};
pub use events::{Observer, TokenRequestEvent, TokenRequestPhase, Warning};
pub use hook::{HookFailure, PreTokenContext, PreTokenHook, SuppliedToken, TokenRequestReason};
pub use interceptor::{CachedToken, ClientAuthInterceptor, Counts, InterceptorStats};
pub use keys::{
    ExternalSigner, KeyChoice, KeystoreFormat, NewKey, Passphrases, SignerFailure, SigningAlgorithm,
};
pub use keystore::{
    ExternalOrigin, Keystore, KeystoreContent, KeystoreOrigin, KeystoreSource, Keystores,
    SmileDefinitions,
};
pub use options::{
    AssertionOptions, ClientAuthOptions, ClientCertificateOptions, DiscoveryOptions, HttpOptions,
    RenewalOptions, RetryOptions,
};
pub use params::{ClientAuthParams, Server};
pub use runtime::spawn;
pub use secret::Secret;
pub use token::{RequiredScopes, Token};
