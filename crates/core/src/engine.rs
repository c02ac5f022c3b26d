//! What the whole process shares, worker threads included.

use std::sync::LazyLock;

use crate::discovery::DiscoveryCache;
use crate::keystore::Keystores;
use crate::token::{SourceCache, Timer};
use crate::transport::TransportPool;

static ENGINE: LazyLock<Engine> = LazyLock::new(Engine::default);

/// Keystores, discovery results, transports and token sources.
#[derive(Default)]
pub struct Engine {
    /// Named signing keys.
    pub keystores: Keystores,
    pub(crate) discovery: DiscoveryCache,
    pub(crate) sources: SourceCache,
    pub(crate) timer: Timer,
    pub(crate) transports: TransportPool,
}

impl Engine {
    /// The process's one.
    #[must_use]
    pub fn process() -> &'static Self {
        &ENGINE
    }
}
