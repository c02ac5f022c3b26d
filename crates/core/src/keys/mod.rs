//! Keys: what people hold, read into something that signs (requirements KF, JW).

mod algorithm;
pub(crate) mod jwk;
mod key_set;
pub(crate) mod pem;
mod public_key;
mod signer;
mod signing_threads;
mod thumbprint;

pub use algorithm::SigningAlgorithm;
pub(crate) use key_set::{KeySet, SelectedKey};
pub(crate) use signer::{SigningFailed, SigningKey};
