//! The user namespace: how a plain user gets the capabilities a run needs, over its own
//! namespaces only (`user_namespaces(7)`).

use nix::errno::Errno;
use nix::sched::{CloneFlags, unshare};
use nix::unistd::{getegid, geteuid};

use crate::host::refused::Refused;

const CAP_NET_ADMIN: u64 = 12;
const CAP_SYS_ADMIN: u64 = 21;

/// Whether the process may make namespaces and wire them without a user namespace. Asked of the
/// capabilities, since root in a container often has not got them.
pub(crate) fn privileged() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    has_capabilities(&status)
}

fn has_capabilities(status: &str) -> bool {
    let needed = 1 << CAP_NET_ADMIN | 1 << CAP_SYS_ADMIN;
    status
        .lines()
        .find_map(|line| line.strip_prefix("CapEff:"))
        .and_then(|hex| u64::from_str_radix(hex.trim(), 16).ok())
        .is_some_and(|effective| effective & needed == needed)
}

/// Moves the process into a new user namespace in which it is root.
pub(crate) fn enter() -> Result<(), Refused> {
    let (uid, gid) = (geteuid(), getegid());
    let meaning = "no user namespace, and without one a plain user cannot isolate a run";
    unshare(CloneFlags::CLONE_NEWUSER)
        .map_err(|errno| Refused::namespaces("unshare(CLONE_NEWUSER)", errno, meaning))?;
    // The kernel lets an unprivileged process map its gid only after it gave up setgroups(2).
    for (file, text) in [
        ("/proc/self/setgroups", "deny".to_owned()),
        ("/proc/self/uid_map", format!("0 {uid} 1")),
        ("/proc/self/gid_map", format!("0 {gid} 1")),
    ] {
        std::fs::write(file, text).map_err(|error| {
            let errno = Errno::from_raw(error.raw_os_error().unwrap_or(0));
            let meaning = "the user cannot be mapped to root of the new user namespace";
            Refused::namespaces(&format!("write({file})"), errno, meaning)
        })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn needs_both_capabilities() {
        assert!(has_capabilities("Name:\tx\nCapEff:\t000001fffeffffff\n"));
        assert!(!has_capabilities("CapEff:\t0000000000000000\n"));
        assert!(
            !has_capabilities("CapEff:\t00000000a80425fb\n"),
            "docker's default set"
        );
        assert!(
            !has_capabilities("CapEff:\t0000000000200000\n"),
            "SYS_ADMIN alone"
        );
        assert!(!has_capabilities(""));
    }
}
