//! Token engine of a SMART on FHIR machine-to-machine client.
#![allow(dead_code, unused_imports)]
mod clock;
mod error;
mod events;
mod fingerprint;
mod keys;
mod secret;
mod server_url;
mod transport;
