//! Named signing keys, shared by the whole process.

mod definitions;
mod registry;
mod source;

pub use definitions::SmileDefinitions;
pub use registry::{Keystore, Keystores};
pub use source::{KeystoreFormat, KeystoreSource};
