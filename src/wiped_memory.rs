//! What Rust code frees is wiped first. Credentials pass through buffers of the HTTP and TLS libraries and of the
//! JSON parser, which leave them as they are. aws-lc, in C, wipes by itself.

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr;

use zeroize::optimization_barrier;

#[global_allocator]
static ALLOCATOR: WipingAllocator = WipingAllocator;

struct WipingAllocator;

// `realloc` is the trait's own, which gives the old block back to `dealloc`; the system's would leave a copy behind.
// SAFETY: the system's allocator does it all, and a block is written to only while it is still its owner's.
unsafe impl GlobalAlloc for WipingAllocator {
    // SAFETY: the trait's contract, which the system's allocator has as well.
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    // SAFETY: as `alloc`.
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise.
        unsafe { System.alloc_zeroed(layout) }
    }

    // SAFETY: the trait's contract: a block of this allocator, so of the system's, with its layout.
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise: a block of this layout, which nobody uses any more.
        unsafe { ptr::write_bytes(block, 0, layout.size()) };
        // Else a compiler that knows what comes next leaves the writing out.
        optimization_barrier(&block);
        // SAFETY: as above.
        unsafe { System.dealloc(block, layout) }
    }
}
