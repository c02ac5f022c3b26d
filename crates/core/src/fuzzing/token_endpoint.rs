//! Answers of a token endpoint.

use std::sync::{Arc, LazyLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Received;
use crate::client_auth::{BasicEncoding, ClientAuthMethod};
use crate::diagnosis::ReceivedAnswer;
use crate::error::Error;
use crate::keystore::{KeystoreOrigin, Keystores};
use crate::options::ClientAuthOptions;
use crate::params::ClientAuthParams;
use crate::secret::Secret;
use crate::token::{RequiredScopes, Token, TokenRequest, read_answer, received};

/// Of the clients whose answers are read.
pub const CLIENT_SECRET: &str = "kX7/w9+Tz4&q2 Rv8=Zy5-uP3mB6!cD1gH0";
/// Of an additional parameter, which some servers take passwords in.
pub const PARAMETER: &str = "Gh4!pL0s;Nd6 Wc1%Jb8";

/// What is made of one answer.
pub struct Read {
    /// How the client authenticated itself.
    pub method: ClientAuthMethod,
    /// For the application.
    pub outcome: Result<Token, Error>,
    /// For a person.
    pub shown: ReceivedAnswer,
}

/// Of `client_secret_basic`, as they are in the header.
#[must_use]
pub fn basic_credentials() -> String {
    let secret = Secret::new(CLIENT_SECRET.to_owned());
    STANDARD.encode(BasicEncoding::Rfc6749.credentials("client", &secret).as_bytes())
}

/// The answer, read for clients of every method.
pub fn read_token_answer(answered: &Received<'_>) -> impl Iterator<Item = Read> {
    REQUESTS.iter().map(|request| {
        let answer = answered.answer();
        let shown = received(request, &answer);
        let method = request.authentication.method();
        Read { method, outcome: read_answer(request, answer), shown }
    })
}

static REQUESTS: LazyLock<Vec<TokenRequest>> = LazyLock::new(|| {
    const METHODS: [ClientAuthMethod; 4] = [
        ClientAuthMethod::PrivateKeyJwt,
        ClientAuthMethod::ClientSecretBasic,
        ClientAuthMethod::ClientSecretPost,
        ClientAuthMethod::ClientSecretJwt,
    ];
    METHODS.iter().zip([None, Some(RequiredScopes::Any)].into_iter().cycle()).map(request).collect()
});

fn request((method, required_scopes): (&ClientAuthMethod, Option<RequiredScopes>)) -> TokenRequest {
    let params = params(*method);
    TokenRequest {
        authentication: params.authentication,
        required_scopes,
        additional_parameters: Arc::new([(
            "password".to_owned(),
            Secret::new(PARAMETER.to_owned()),
        )]),
        signing_algorithms: Some(["ES384".to_owned()].into()),
        ..TokenRequest::of_client("client", CLIENT_SECRET, Some("system/Patient.rs openid"))
    }
}

/// Of a client that authenticates itself so, with a server that has to be discovered.
pub(super) fn params(method: ClientAuthMethod) -> ClientAuthParams {
    const KEYSTORE: &str = "key";
    const KEY: &[u8] =
        include_bytes!("../../../../__test__/fixtures/smart-app-launch/ES384.private.json");
    let keystores = Keystores::default();
    let key = KeystoreOrigin::Data(KEY.to_vec().into());
    let is_registered = keystores.register(KEYSTORE, key.into()).is_ok();
    let by_key = method == ClientAuthMethod::PrivateKeyJwt;
    let options = ClientAuthOptions {
        client_id: Some("client".to_owned()),
        keystore: (by_key && is_registered).then(|| KEYSTORE.to_owned()),
        client_secret: (!by_key).then(|| Secret::new(CLIENT_SECRET.to_owned())),
        client_auth_method: Some(method),
        scope: Some(None),
        fhir_base_url: Some("https://fhir.example.org/r4".to_owned()),
        ..ClientAuthOptions::default()
    };
    match ClientAuthParams::validate(&options, &keystores) {
        Ok(params) => params,
        Err(error) => unreachable!("{error}"),
    }
}
