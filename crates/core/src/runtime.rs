//! The one small runtime of the process. Worker threads come and go; their addon instances end,
//! this does not (architecture, "Runtime").

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::LazyLock;

use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared};
use tokio::runtime::{Builder, Runtime};

use crate::error::Error;

static RUNTIME: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
    // One thread: two measured slower, and nothing here blocks for longer than a signature.
    Builder::new_multi_thread().worker_threads(1).thread_name("smart-m2m").enable_all().build()
});

/// Work that any number of callers wait for, and that goes on when they stop waiting.
pub(crate) type Flight<T> = Shared<BoxFuture<'static, Result<T, Error>>>;

/// Starts `work` and returns what its callers share.
pub(crate) fn launch<T>(work: impl Future<Output = Result<T, Error>> + Send + 'static) -> Flight<T>
where
    T: Clone + Send + Sync + 'static,
{
    let task = match &*RUNTIME {
        Ok(runtime) => runtime.spawn(without_panic(work)),
        Err(error) => return settled(Err(cannot_start(error))),
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
    RUNTIME.as_ref().map(drop).map_err(cannot_start)
}

fn cannot_start(error: &std::io::Error) -> Error {
    Error::Internal { reason: format!("the I/O thread could not be started: {error}") }
}

/// Starts work that nobody waits for. Fails only where the system gives no thread for I/O.
pub fn spawn(work: impl Future<Output = ()> + Send + 'static) -> Result<(), Error> {
    RUNTIME.as_ref().map(|runtime| drop(runtime.spawn(work))).map_err(cannot_start)
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
