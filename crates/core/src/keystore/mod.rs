//! Named signing keys, shared by the whole process, and what becomes of them over time.

mod content;
mod definitions;
mod file;
mod live_keystore;
mod registry;
mod source;

pub use content::KeystoreContent;
pub use definitions::SmileDefinitions;
pub use live_keystore::Keystore;
pub use registry::Keystores;
pub use source::{ExternalOrigin, KeystoreOrigin, KeystoreSource};
