//! RSA signatures, away from the thread that does I/O: one takes as long as dozens of requests.

use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::thread;

use tokio::sync::{Semaphore, oneshot};

use super::algorithm::SigningAlgorithm;
use super::signer::{SigningFailed, SigningKey};

/// One thread stays free for JavaScript and for I/O; past this many, servers are the slower part.
const MOST_THREADS: usize = 4;
/// Signatures wanted at the same time, beyond which the wanting ones wait for their turn.
const QUEUE: usize = 256;

struct Job {
    key: Arc<SigningKey>,
    algorithm: SigningAlgorithm,
    message: Vec<u8>,
    reply: oneshot::Sender<Result<Vec<u8>, SigningFailed>>,
}

struct SigningThreads {
    jobs: SyncSender<Job>,
    places: Semaphore,
}

/// Started at the first signature, and kept; `None` where the system gives no thread.
static THREADS: LazyLock<Option<SigningThreads>> = LazyLock::new(|| {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let (jobs, queue) = sync_channel(QUEUE);
    let queue = Arc::new(Mutex::new(queue));
    let started = (0..cores.saturating_sub(1).clamp(1, MOST_THREADS)).filter(|_| {
        let queue = queue.clone();
        let thread = thread::Builder::new().name("smart-m2m-sign".to_owned());
        thread.spawn(move || sign_for_ever(&queue)).is_ok()
    });
    (started.count() > 0).then(|| SigningThreads { jobs, places: Semaphore::new(QUEUE) })
});

/// Signs on one of the threads; here, if there are none.
pub(super) async fn sign(
    key: &Arc<SigningKey>,
    algorithm: SigningAlgorithm,
    message: &[u8],
) -> Result<Vec<u8>, SigningFailed> {
    let Some(threads) = &*THREADS else { return key.sign(algorithm, message) };
    let _place = threads.places.acquire().await.map_err(|_| SigningFailed::Refused)?;
    let (reply, signature) = oneshot::channel();
    let job = Job { key: key.clone(), algorithm, message: message.to_vec(), reply };
    match threads.jobs.try_send(job) {
        Ok(()) => signature.await.unwrap_or(Err(SigningFailed::Refused)),
        Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) => {
            key.sign(algorithm, &job.message)
        }
    }
}

fn sign_for_ever(queue: &Mutex<Receiver<Job>>) {
    give_way();
    loop {
        let job = queue.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(Job { key, algorithm, message, reply }) = job else { return };
        if !reply.is_closed() {
            // Nobody may wait any more: then the signature is for nothing, and no matter.
            drop(reply.send(key.sign(algorithm, &message)));
        }
    }
}

/// In a storm of renewals JavaScript and I/O come first. Elsewhere priorities belong to processes.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn give_way() {
    const LOW: i32 = 10;
    // Where that is not allowed, all threads are equal, which is slower and not wrong.
    let _refused = rustix::process::setpriority_process(None, LOW);
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn give_way() {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::{KeyChoice, jwk};

    const RS384: &str =
        include_str!("../../../../__test__/fixtures/smart-app-launch/RS384.private.json");

    #[tokio::test]
    async fn more_signatures_than_threads_and_places_are_all_made() {
        let key = Arc::new(jwk::parse(RS384).unwrap().select(&KeyChoice::default()).unwrap().key);
        let expected = key.sign(SigningAlgorithm::Rs384, b"message").unwrap();
        let all = (0..QUEUE + 10).map(|_| sign(&key, SigningAlgorithm::Rs384, b"message"));
        for signature in futures_util::future::join_all(all).await {
            assert_eq!(signature.unwrap(), expected);
        }
    }
}
