//! Host names by the system's resolver, as the HTTP client itself has it, with an error where that one panics:
//! when there is no thread to wait for DNS on.

use std::net::ToSocketAddrs as _;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::runtime::off_the_runtime;
use crate::shortage;

/// `getaddrinfo`.
#[derive(Debug)]
pub(super) struct SystemResolver;

impl Resolve for SystemResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // The port is the HTTP client's to fill in.
            let lookup = move || {
                let addresses = (name.as_str(), 0).to_socket_addrs();
                addresses.map_err(|error| shortage::of_descriptors().unwrap_or(error))
            };
            let addresses = off_the_runtime(lookup).await??;
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
