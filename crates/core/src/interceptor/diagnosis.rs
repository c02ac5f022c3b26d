//! What a client and a server say to each other, for a person to read.

use super::acquisition::{AcquisitionRequest, Server};
use super::{ClientAuthInterceptor, Inner, findings};
use crate::diagnosis::{Diagnosis, DiscoveredServer};
use crate::discovery::Metadata;
use crate::error::Error;
use crate::runtime::{self, without_panic};
use crate::token;

impl ClientAuthInterceptor {
    /// One discovery, from the process's cache where it is fresh, and one token request of its own: no token is
    /// taken from anywhere or kept, and no hook is asked. An error: the call itself cannot be made.
    pub async fn diagnose(&self, fhir_base_url: Option<&str>) -> Result<Diagnosis, Error> {
        runtime::start()?;
        let inner = &self.0;
        let request = AcquisitionRequest::new(inner, fhir_base_url)?;
        let work = async {
            let mut diagnosis = Diagnosis::default();
            diagnosis.error = inner.diagnose(&request, &mut diagnosis).await.err();
            Ok(diagnosis)
        };
        tokio::select! {
            biased;
            () = inner.closing.closed() => Err(Error::Closed),
            diagnosis = without_panic(work) => diagnosis,
        }
    }
}

impl Inner {
    async fn diagnose(
        &self,
        request: &AcquisitionRequest,
        diagnosis: &mut Diagnosis,
    ) -> Result<(), Error> {
        diagnosis.warnings.extend(self.params.authentication.warnings(None));
        let request = match &request.server {
            Server::TokenEndpoint(endpoint) => self.token_request(endpoint, None)?,
            Server::Discover(discovery) => {
                let metadata = self.engine.discovery.get(discovery.clone()).await?;
                diagnosis.discovery = Some(DiscoveredServer::from(&*metadata));
                diagnosis.warnings.extend(findings::judge(&metadata, &self.params)?);
                self.discovered_request(&metadata)?
            }
        };
        let (transport, renewal) = (self.transport()?, &self.params.common.renewal);
        token::inspect(&request, &transport, renewal, diagnosis).await
    }
}

impl From<&Metadata> for DiscoveredServer {
    fn from(metadata: &Metadata) -> Self {
        Self {
            document: metadata.document.clone(),
            token_endpoint: metadata.endpoint().raw().to_owned(),
            confirmed_issuer: metadata.issuer.as_deref().map(str::to_owned),
            auth_methods: metadata.auth_methods.clone(),
            signing_algorithms: metadata.signing_algorithms.as_deref().map(<[String]>::to_vec),
            grant_types: metadata.grant_types.clone(),
            capabilities: metadata.capabilities.clone(),
        }
    }
}
