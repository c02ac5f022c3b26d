//! The allocator of the addon, which has no Rust tests of its own, in a process that lives on it: all that its test
//! harness allocates, too. In Miri (docs/reliability.md, "Memory") every block is checked.

#[path = "../../../src/wiped_memory.rs"]
mod wiped_memory;

#[cfg(test)]
mod tests {
    use std::alloc::{Layout, alloc_zeroed, dealloc, realloc};
    use std::sync::Arc;
    use std::thread;

    #[repr(align(4096))]
    struct Aligned([u8; 64]);

    #[test]
    fn blocks_of_any_alignment_are_whole() {
        let blocks: Vec<_> = (0..4).map(|number| Box::new(Aligned([number; 64]))).collect();
        for (number, block) in blocks.iter().enumerate() {
            assert_eq!((&raw const **block).addr() % 4096, 0);
            assert!(block.0.iter().all(|byte| usize::from(*byte) == number));
        }
    }

    #[test]
    fn a_block_that_grows_and_shrinks_keeps_what_it_has() {
        let mut bytes = Vec::with_capacity(1);
        for byte in 0..=u8::MAX {
            bytes.push(byte);
        }
        bytes.truncate(7);
        bytes.shrink_to_fit();
        assert_eq!(bytes, [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(bytes.into_boxed_slice().len(), 7);
    }

    #[test]
    fn a_zeroed_block_is_zeroed_where_another_was_freed() {
        drop(vec![0xFF_u8; 500]);
        let mut bytes = vec![0_u8; 500];
        assert!(bytes.iter().all(|byte| *byte == 0));
        bytes.resize(1000, 1);
        assert!(bytes[..500].iter().all(|byte| *byte == 0));
    }

    #[test]
    fn a_block_may_stay_in_part_unwritten() {
        let (small, layout) = (64, Layout::from_size_align(64, 32).unwrap());
        // SAFETY: a layout that is not empty; the block is given back with the layout it has by then.
        unsafe {
            let block = alloc_zeroed(layout);
            assert!(!block.is_null());
            block.write(7);
            let block = realloc(block, layout, 4 * small);
            assert_eq!((block.read(), block.add(1).read(), block.addr() % 32), (7, 0, 0));
            dealloc(block, Layout::from_size_align(4 * small, 32).unwrap());
        }
    }

    #[test]
    fn blocks_are_freed_by_other_threads_than_asked_for_them() {
        let shared = Arc::new(String::from("shared by all"));
        let threads: Vec<_> = (0..4)
            .map(|number| {
                let (shared, own) = (shared.clone(), format!("of {number}"));
                thread::spawn(move || format!("{shared}, and {own}"))
            })
            .collect();
        for (number, thread) in threads.into_iter().enumerate() {
            assert_eq!(thread.join().unwrap(), format!("shared by all, and of {number}"));
        }
        assert_eq!(Arc::strong_count(&shared), 1);
    }
}
