//! What the hot path of `lib/` reads instead of calling the core: the epoch cells, and two clocks.
//! A `#[napi]` function costs four times as much as the bare one here (docs/architecture.md).

use std::cell::UnsafeCell;
use std::ffi::c_void;
use std::ptr;

use napi::bindgen_prelude::{Env, Object};
use napi::{JsValue as _, Result, check_status, sys};
use napi_derive::napi;
use smart_m2m_core::{Now, epochs};

/// How far the coarse clocks lag behind at most: a tick of the slowest kernels (100 Hz).
const TICK_MS: f64 = 10.0;

thread_local! {
    /// Milliseconds of the wall clock and of the monotonic clock, as last read on this thread.
    static CLOCKS: UnsafeCell<[f64; 2]> = const { UnsafeCell::new([0.0; 2]) };
}

/// `epochs` and `clocks` are views of memory, and `readClocks()` refreshes the second one. Null
/// where the runtime gives no such views (Electron): then every call asks the core.
#[napi(
    catch_unwind,
    ts_return_type = "{ epochs: Int32Array, clocks: Float64Array, readClocks: () => void } | null"
)]
pub fn hot_path(env: Env) -> Result<Option<Object<'static>>> {
    let raw = env.raw();
    let cells = epochs();
    let clocks = CLOCKS.with(UnsafeCell::get);
    // SAFETY: the cells are a static, laid out as i32s. JavaScript only reads them: whole aligned
    // words, which no processor tears, so that a reader sees an old value or a new one.
    let epochs = unsafe {
        view(
            raw,
            cells.as_ptr().cast_mut().cast(),
            cells.len(),
            4,
            sys::TypedarrayType::int32_array,
        )?
    };
    // SAFETY: the memory is this thread's; the environment, and every view, ends before its thread.
    let clocks = unsafe { view(raw, clocks.cast(), 2, 8, sys::TypedarrayType::float64_array)? };
    let (Some(epochs), Some(clocks)) = (epochs, clocks) else { return Ok(None) };
    let mut read_clocks = ptr::null_mut();
    // SAFETY: `raw` is live; the callback takes no data.
    check_status!(unsafe {
        sys::napi_create_function(
            raw,
            c"readClocks".as_ptr(),
            -1,
            Some(refresh),
            ptr::null_mut(),
            &raw mut read_clocks,
        )
    })?;
    let object = Object::new(&env)?;
    for (name, value) in [(c"epochs", epochs), (c"clocks", clocks), (c"readClocks", read_clocks)] {
        // SAFETY: all are live values of this environment.
        check_status!(unsafe {
            sys::napi_set_named_property(raw, object.raw(), name.as_ptr(), value)
        })?;
    }
    Ok(Some(object))
}

/// A typed array over memory that stays where it is; `None` where the runtime allows none.
///
/// SAFETY: `data` points at `length` aligned elements of `size` bytes that outlive the environment.
unsafe fn view(
    env: sys::napi_env,
    data: *mut c_void,
    length: usize,
    size: usize,
    kind: i32,
) -> Result<Option<sys::napi_value>> {
    let mut buffer = ptr::null_mut();
    // SAFETY: the caller's promise; nothing is freed with the buffer.
    let status = unsafe {
        sys::napi_create_external_arraybuffer(
            env,
            data,
            length * size,
            None,
            ptr::null_mut(),
            &raw mut buffer,
        )
    };
    if status == sys::Status::napi_no_external_buffers_allowed {
        return Ok(None);
    }
    check_status!(status)?;
    let mut array = ptr::null_mut();
    // SAFETY: `buffer` was made above, with this length.
    check_status!(unsafe {
        sys::napi_create_typedarray(env, kind, length, buffer, 0, &raw mut array)
    })?;
    Ok(Some(array))
}

/// The bare function: no arguments, no result, and nothing that could panic.
extern "C" fn refresh(_env: sys::napi_env, _info: sys::napi_callback_info) -> sys::napi_value {
    let now = read_coarse();
    // SAFETY: the cell is this thread's, and nobody holds a reference into it.
    CLOCKS.with(|clocks| unsafe { *clocks.get() = now });
    ptr::null_mut()
}

/// The moment as `readClocks` will show it, or a little earlier: milliseconds of both clocks.
pub(crate) fn coarse_moment(now: Now, moment: Now) -> (f64, f64) {
    let [_, monotonic] = read_coarse();
    let wall = moment.epoch_milliseconds();
    (wall - TICK_MS, monotonic + now.monotonic_until(moment).as_secs_f64() * 1000.0 - TICK_MS)
}

#[cfg(any(target_os = "linux", target_os = "android"))]
fn read_coarse() -> [f64; 2] {
    use rustix::time::{ClockId, Timespec, clock_gettime};
    #[expect(clippy::cast_precision_loss, reason = "2^53 ms are 285,000 years")]
    // By multiplication: a division each would be a third of the whole function.
    let milliseconds = |time: Timespec| time.tv_sec as f64 * 1e3 + time.tv_nsec as f64 * 1e-6;
    [ClockId::RealtimeCoarse, ClockId::MonotonicCoarse].map(|id| milliseconds(clock_gettime(id)))
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn read_coarse() -> [f64; 2] {
    use std::sync::LazyLock;
    use std::time::Instant;

    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    let now = Now::read();
    [now.epoch_milliseconds(), START.elapsed().as_secs_f64() * 1000.0]
}
