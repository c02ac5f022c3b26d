//! The token engine by its public interface: `cargo bench -p smart-m2m-core`, with a name to run a
//! part of it.
//!
//! - `cached`: a header while the token lives, for the interceptor's own FHIR server and for one that
//!   is named; and what 16 threads get through that take their headers from one source.
//! - `token request`: from no token to a token, one after the other: proof of the client, request
//!   over a kept connection, answer, schedule. A secret costs no signature; the difference to it is
//!   what a key's algorithm costs.
//! - `shared request`: the same for 64 callers that ask at once, and share the one request.
//!
//! The token endpoint is a thread of this process on loopback, plain http, that answers as soon as it
//! has read the request. Its time is part of the figures, as are the ways through the loopback device
//! and between the threads: they tell changes and compare algorithms, and say little about a server
//! far away. Times are by the clock on the wall, so run them on a machine with nothing else to do.

use std::error::Error;
use std::hint::black_box;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair,
};
use criterion::{Criterion, Throughput};
use futures_util::future::join_all;
use pem::Pem;
use smart_m2m_core::{
    ClientAuthInterceptor, ClientAuthOptions, ClientAuthParams, Engine, HttpOptions,
    KeystoreOrigin, Secret,
};
use tokio::runtime::{Builder, Runtime};

type Fallible<T> = Result<T, Box<dyn Error>>;

/// As long as the signed tokens that real servers issue.
const TOKEN_LENGTH: usize = 1_000;
const THREADS: u32 = 16;
const CALLERS: usize = 64;

fn main() -> Fallible<()> {
    let mut criterion = Criterion::default().configure_from_args();
    let runtime = Builder::new_current_thread().build()?;
    let endpoint = start_token_endpoint()?;
    cached(&mut criterion, &runtime, &endpoint)?;
    token_requests(&mut criterion, &runtime, &endpoint)?;
    shared_request(&mut criterion, &runtime, &endpoint)?;
    criterion.final_summary();
    Ok(())
}

fn cached(criterion: &mut Criterion, runtime: &Runtime, endpoint: &str) -> Fallible<()> {
    const FHIR_BASE: &str = "https://fhir.example.org/r4";
    let interceptor = interceptor(endpoint, "cached", None)?;
    runtime.block_on(interceptor.token(None, None))?;
    runtime.block_on(interceptor.token(Some(FHIR_BASE), None))?;
    let mut group = criterion.benchmark_group("cached");
    group.bench_function("own FHIR server", |bencher| {
        bencher.iter(|| interceptor.cached(black_box(None), false).is_some());
    });
    group.bench_function("named FHIR server", |bencher| {
        bencher.iter(|| interceptor.cached(black_box(Some(FHIR_BASE)), false).is_some());
    });
    group.throughput(Throughput::Elements(THREADS.into()));
    group.bench_function("16 threads, one source", |bencher| {
        bencher.iter_custom(|calls| on_threads(&interceptor, calls));
    });
    group.finish();
    Ok(())
}

/// How long all threads take for so many calls each.
fn on_threads(interceptor: &ClientAuthInterceptor, calls: u64) -> Duration {
    let began = Instant::now();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..calls {
                    black_box(interceptor.cached(None, false));
                }
            });
        }
    });
    began.elapsed()
}

fn token_requests(criterion: &mut Criterion, runtime: &Runtime, endpoint: &str) -> Fallible<()> {
    let mut group = criterion.benchmark_group("token request");
    for (name, key) in keys()? {
        let interceptor = interceptor(endpoint, name, key)?;
        group.bench_function(name, |bencher| {
            bencher.iter(|| {
                drop_token(&interceptor);
                assert!(runtime.block_on(interceptor.token(None, None)).is_ok());
            });
        });
    }
    group.finish();
    Ok(())
}

fn shared_request(criterion: &mut Criterion, runtime: &Runtime, endpoint: &str) -> Fallible<()> {
    let interceptor = interceptor(endpoint, "shared", None)?;
    criterion.bench_function("shared request/64 callers", |bencher| {
        bencher.iter(|| {
            drop_token(&interceptor);
            let callers = (0..CALLERS).map(|_| interceptor.token(None, None));
            let tokens = runtime.block_on(join_all(callers));
            assert!(tokens.iter().all(Result::is_ok));
        });
    });
    Ok(())
}

/// The next call has to ask for another one.
fn drop_token(interceptor: &ClientAuthInterceptor) {
    let _ = interceptor.invalidate(None, None);
}

/// A key of each kind, as PEM; `None`: a secret.
fn keys() -> Fallible<Vec<(&'static str, Option<String>)>> {
    let random = SystemRandom::new();
    let p256 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random)?;
    let p384 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P384_SHA384_FIXED_SIGNING, &random)?;
    let ed25519 = Ed25519KeyPair::generate_pkcs8(&random)?;
    let rsa = |size| -> Fallible<String> {
        let der: Pkcs8V1Der<'_> = RsaKeyPair::generate(size)?.as_der()?;
        Ok(pem_of(der.as_ref()))
    };
    Ok(vec![
        ("client-secret", None),
        ("ES256", Some(pem_of(p256.as_ref()))),
        ("ES384", Some(pem_of(p384.as_ref()))),
        ("EdDSA", Some(pem_of(ed25519.as_ref()))),
        ("RS384-2048", Some(rsa(KeySize::Rsa2048)?)),
        ("RS384-4096", Some(rsa(KeySize::Rsa4096)?)),
    ])
}

fn pem_of(private_key: &[u8]) -> String {
    pem::encode(&Pem::new("PRIVATE KEY", private_key))
}

/// With a source of its own: the client's id is part of its identity.
fn interceptor(
    endpoint: &str,
    name: &str,
    key: Option<String>,
) -> Result<ClientAuthInterceptor, smart_m2m_core::Error> {
    let engine = Engine::process();
    let mut options = ClientAuthOptions {
        client_id: Some(name.to_owned()),
        client_secret: Some(Secret::new("a client secret".to_owned())),
        scope: Some(Some("system/*.rs".to_owned())),
        token_endpoint: Some(endpoint.to_owned()),
        http: HttpOptions { proxy: Some(None), ..HttpOptions::default() },
        ..ClientAuthOptions::default()
    };
    if let Some(pem) = key {
        engine.keystores.register(name, KeystoreOrigin::Data(pem.into_bytes().into()).into())?;
        options.keystore = Some(name.to_owned());
    }
    let params = ClientAuthParams::validate(&options, &engine.keystores)?;
    Ok(ClientAuthInterceptor::new(engine, params, None))
}

/// Answers every request with the same token, on as many connections as are made to it, for as long
/// as the process lives.
fn start_token_endpoint() -> Fallible<String> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let token = "x".repeat(TOKEN_LENGTH);
    let body = format!(r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":3600}}"#);
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    );
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let answer = answer.clone();
            // It ends with its connection.
            thread::spawn(move || drop(answer_requests(connection, &answer)));
        }
    });
    Ok(format!("http://{address}/token"))
}

fn answer_requests(connection: TcpStream, answer: &str) -> std::io::Result<()> {
    connection.set_nodelay(true)?;
    let mut writer = connection.try_clone()?;
    let mut reader = BufReader::new(connection);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim_end().to_ascii_lowercase();
            if line.is_empty() {
                break;
            }
            if let Some(value) = line.strip_prefix("content-length:") {
                length = value.trim().parse().map_err(std::io::Error::other)?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        writer.write_all(answer.as_bytes())?;
    }
}
