//! N-API binding of `smart-m2m-core`: types across the boundary, the mailbox, the hot path, errors. No
//! policy, no protocol.
//!
//! Nothing here throws for an expected failure: it comes back as an [`outcome::Outcome`], and `lib/` makes the
//! JavaScript error, with the caller's stack.

#![expect(missing_docs, reason = "what crosses is documented in index.d.ts")]
#![expect(clippy::needless_pass_by_value, reason = "N-API hands over owned values")]
#![expect(clippy::must_use_candidate, reason = "JavaScript calls these, not Rust")]

pub mod calls;
pub mod environment;
pub mod epochs;
pub mod fields;
pub mod hook;
pub mod interceptor;
pub mod keystores;
pub mod letter;
pub mod mailbox;
pub mod outcome;
pub mod settings;
pub mod signer;
mod wiped_memory;

// Where one object of a DLL of MinGW names its exports itself, as one of aws-lc does, the linker exports nothing
// else: the name by which Node.js finds an addon has to be among those.
#[cfg(all(windows, target_env = "gnu"))]
core::arch::global_asm!(
    ".section .drectve,\"yn\"",
    ".ascii \" -export:napi_register_module_v1\"",
    ".text"
);
