//! Keys: what people hold, read into something that signs (requirements KF, JW).

mod algorithm;
mod cbc_decryption;
mod certificate;
mod der;
mod external_signer;
mod format;
mod generate;
mod java_object;
mod jks;
mod jks_protection;
pub(crate) mod jwk;
mod key_set;
mod passphrases;
mod pem;
mod pem_block;
mod pem_encryption;
mod pkcs12;
mod pkcs8;
mod public_key;
mod sec1;
mod signer;
mod signing_threads;
mod text;
mod thumbprint;

pub use algorithm::SigningAlgorithm;
pub use external_signer::{ExternalSigner, SignerFailure};
pub use format::KeystoreFormat;
pub use generate::NewKey;
pub use key_set::KeyChoice;
pub use passphrases::Passphrases;

pub(crate) use certificate::Certificate;
pub(crate) use format::{MAX_BYTES, parse};
pub(crate) use key_set::KeySet;
pub(crate) use signer::{SigningFailed, SigningKey};
