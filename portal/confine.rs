//! What the portal's process gives up before it serves its first page: every file, and every way to run a program or to
//! look into another process. A portal that is taken over can then talk to the door, and to nothing else (DESIGN §4;
//! the same class of hole gave root on a rival's quarantine page, CVE-2025-20393).

use landlock::{ABI, Access, AccessFs, Ruleset, RulesetAttr, RulesetStatus};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter};
use std::collections::BTreeMap;

/// The newest set of Landlock rights that we name; an older kernel enforces those it knows.
const LANDLOCK: ABI = ABI::V5;

/// System calls that serving pages never needs. They fail with EPERM.
const DENIED: [i64; 15] = [
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_bpf,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_kexec_load,
    libc::SYS_io_uring_setup,
];

/// Why the portal could not be confined.
#[derive(Debug, thiserror::Error)]
pub enum ConfineError {
    /// Files.
    #[error("the portal cannot give up its access to files: {0}")]
    Files(#[from] landlock::RulesetError),
    /// System calls.
    #[error("the portal cannot give up system calls: {0}")]
    Calls(#[from] seccompiler::Error),
    /// The filter itself.
    #[error("the portal's filter of system calls cannot be made: {0}")]
    Filter(#[from] seccompiler::BackendError),
}

/// What the kernel could enforce.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Files {
    /// No file can be opened, made or removed.
    Denied,
    /// This kernel knows only some of the rights: the rest is left to the user's permissions.
    PartlyDenied,
    /// This kernel has no Landlock: files are left to the user's permissions.
    Allowed,
}

/// Confines this thread and those it will start. There is no way back.
///
/// # Errors
/// The kernel refused; what was given up before stays given up.
pub fn confine() -> Result<Files, ConfineError> {
    let files = Ruleset::default()
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .create()?
        .restrict_self()?;
    let rules: BTreeMap<_, _> = DENIED.into_iter().map(|call| (call, Vec::new())).collect();
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        denied,
        std::env::consts::ARCH.try_into()?,
    )?;
    let program: BpfProgram = filter.try_into()?;
    seccompiler::apply_filter(&program)?;
    Ok(match files.ruleset {
        RulesetStatus::FullyEnforced => Files::Denied,
        RulesetStatus::PartiallyEnforced => Files::PartlyDenied,
        RulesetStatus::NotEnforced => Files::Allowed,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// On a thread of its own, since there is no way back.
    #[test]
    fn a_confined_thread_opens_no_file_and_runs_no_program() {
        let confined = std::thread::spawn(|| {
            let files = confine().expect("this kernel has seccomp");
            let read = std::fs::read("/etc/hostname").or_else(|_| std::fs::read("/etc/passwd"));
            let ran = std::process::Command::new("/bin/true").status();
            (files, read.is_ok(), ran.is_ok())
        });
        let (files, read, ran) = confined.join().expect("no panic");
        assert!(!ran, "a program could be run");
        assert_eq!(read, files == Files::Allowed, "with {files:?}");
        assert!(
            std::fs::read("/etc/passwd").is_ok(),
            "other threads are as they were"
        );
    }
}
