//! The one small runtime of the process. Worker threads come and go; their addon instances end,
//! this does not (architecture, "Runtime").

use std::future::{Future, pending};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError};
use std::thread;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use tokio::runtime::{Builder, Handle};
use tokio::sync::{Semaphore, oneshot};

use crate::error::Error;
use crate::shortage::{self, NoThread};

/// Started on first need. Where the system gives no thread or descriptor, the next need tries again.
fn runtime() -> Result<&'static Handle, Error> {
    static RUNTIME: OnceLock<Handle> = OnceLock::new();
    static STARTING: Mutex<()> = Mutex::new(());
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let _one_at_a_time = STARTING.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(runtime) = RUNTIME.get() {
        return Ok(runtime);
    }
    let runtime = start_thread().map_err(|error| cannot_start(&error))?;
    Ok(RUNTIME.get_or_init(|| runtime))
}

/// So many steps of tasks are taken before timers and sockets are looked at again. Tokio's 61 let a server that
/// sends faster than its answer can be read hold up everybody's timers for seconds.
const EVENT_INTERVAL: u32 = 4;

/// One thread: two measured slower, and nothing here blocks for longer than a signature. Tokio's own
/// would panic where it cannot be started.
fn start_thread() -> io::Result<Handle> {
    let runtime =
        Builder::new_current_thread().event_interval(EVENT_INTERVAL).enable_all().build()?;
    let handle = runtime.handle().clone();
    let thread = thread::Builder::new().name("smart-m2m".to_owned());
    // A panic of a task ends with the task. One beside them must not take the thread away from all others.
    let run = move || runtime.block_on(pending::<()>());
    thread.spawn(move || while catch_unwind(AssertUnwindSafe(&run)).is_err() {})?;
    Ok(handle)
}

fn cannot_start(error: &io::Error) -> Error {
    let next = if shortage::is_of_descriptors(error) {
        shortage::MORE_DESCRIPTORS
    } else {
        shortage::MORE_THREADS
    };
    Error::Shortage { reason: format!("the thread for I/O could not be started: {error}; {next}") }
}

/// Does what may wait for a disk or for DNS, on a thread of its own; there it goes on also when nobody waits
/// any more. Tokio's pool would panic where the system gives no thread.
pub(crate) async fn off_the_runtime<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, NoThread> {
    /// Of a name server or a file system that hangs, so many threads wait at most.
    const MOST_THREADS: usize = 256;
    static PLACES: LazyLock<Arc<Semaphore>> =
        LazyLock::new(|| Arc::new(Semaphore::new(MOST_THREADS)));
    let place = PLACES.clone().acquire_owned().await.map_err(io::Error::other).map_err(NoThread)?;
    let (reply, result) = oneshot::channel();
    let thread = thread::Builder::new().name("smart-m2m-wait".to_owned());
    thread
        .spawn(move || {
            drop(reply.send(work()));
            drop(place);
        })
        .map_err(NoThread)?;
    result.await.map_err(io::Error::other).map_err(NoThread)
}

/// Work that any number of callers wait for, and that goes on when they stop waiting.
pub(crate) type Flight<T> = Shared<BoxFuture<'static, Result<T, Error>>>;

/// Starts `work` and returns what its callers share.
pub(crate) fn launch<T>(work: impl Future<Output = Result<T, Error>> + Send + 'static) -> Flight<T>
where
    T: Clone + Send + Sync + 'static,
{
    let task = match runtime() {
        Ok(runtime) => runtime.spawn(without_panic(work)),
        Err(error) => return settled(Err(error)),
    };
    let result = async move {
        task.await.unwrap_or_else(|error| Err(Error::Internal { reason: error.to_string() }))
    };
    result.boxed().shared()
}

/// A flight that has arrived.
pub(crate) fn settled<T>(result: Result<T, Error>) -> Flight<T>
where
    T: Clone + Send + Sync + 'static,
{
    std::future::ready(result).boxed().shared()
}

/// A panic ends here, as an error of those who wait for the work.
pub(crate) async fn without_panic<T>(
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    AssertUnwindSafe(work)
        .catch_unwind()
        .await
        .unwrap_or_else(|_| Err(Error::Internal { reason: "a task panicked".to_owned() }))
}

/// Starts the runtime, if it is not running yet.
pub(crate) fn start() -> Result<(), Error> {
    runtime().map(drop)
}

/// Starts work that nobody waits for. Fails only where the system gives no thread for I/O.
pub fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
    runtime().map(|runtime| drop(runtime.spawn(work)))
}

#[cfg(test)]
mod tests {
    use std::panic::resume_unwind;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use tokio::sync::oneshot;

    use super::*;
    use crate::error::ErrorCode;

    #[tokio::test]
    async fn work_is_done_once_for_all_who_wait_for_it() {
        let times = Arc::new(AtomicUsize::new(0));
        let counted = times.clone();
        let flight = launch(async move { Ok(counted.fetch_add(1, Ordering::Relaxed)) });
        for result in futures_util::future::join_all(vec![flight; 10]).await {
            assert_eq!(result.unwrap(), 0);
        }
        assert_eq!(times.load(Ordering::Relaxed), 1);
    }

    #[tokio::test]
    async fn work_goes_on_when_nobody_waits_for_it_any_more() {
        let (go_on, told) = oneshot::channel();
        let (done, is_done) = oneshot::channel();
        let flight = launch(async move {
            told.await.unwrap();
            done.send(()).unwrap();
            Ok(())
        });
        drop(flight);
        go_on.send(()).unwrap();
        is_done.await.unwrap();
    }

    #[tokio::test]
    async fn a_panic_is_an_error_of_those_who_wait_and_the_runtime_goes_on() {
        let flight = launch(async { resume_unwind(Box::new("scripted")) as Result<(), Error> });
        for result in futures_util::future::join_all(vec![flight; 3]).await {
            let error = result.unwrap_err();
            assert_eq!(error.code(), ErrorCode::Internal);
            assert_eq!(
                error.to_string(),
                "a defect in @org/smart-m2m, please report it: a task panicked"
            );
        }
        spawn(async { resume_unwind(Box::new("scripted")) }).unwrap();
        assert_eq!(launch(async { Ok(1) }).await.unwrap(), 1);
        assert_eq!(settled(Ok(2)).await.unwrap(), 2);
    }
}
