//! A system call the host refused: which one, its errno, what that means, the way round.

use nix::errno::Errno;
use serde::{Deserialize, Serialize};

/// A refused system call. It crosses process boundaries (from the sandbox's init, from probes), so
/// it is plain data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{call} failed with {}: {meaning}; {way_round}", Errno::from_raw(*.errno))]
pub struct Refused {
    /// The call and its telling argument, as `unshare(CLONE_NEWPID)`.
    pub call: String,
    /// The raw errno.
    pub errno: i32,
    /// What could not be done because of it.
    pub meaning: String,
    /// What the user can do about it.
    pub way_round: String,
}

impl Refused {
    /// For calls that only fail when something is wrong with the host in general.
    pub fn new(call: &str, errno: Errno, meaning: &str) -> Refused {
        Refused {
            call: call.to_owned(),
            errno: errno as i32,
            meaning: meaning.to_owned(),
            way_round: general_way_round(errno).to_owned(),
        }
    }

    /// For calls that need a namespace or a capability in one.
    pub fn namespaces(call: &str, errno: Errno, meaning: &str) -> Refused {
        Refused {
            way_round: namespaces_way_round(errno, sysctl),
            ..Refused::new(call, errno, meaning)
        }
    }

    pub fn io(call: &str, error: &std::io::Error, meaning: &str) -> Refused {
        let errno = Errno::from_raw(error.raw_os_error().unwrap_or(0));
        Refused::new(call, errno, meaning)
    }
}

fn general_way_round(errno: Errno) -> &'static str {
    match errno {
        Errno::EMFILE | Errno::ENFILE => "raise the limit of open files (ulimit -n)",
        Errno::EAGAIN => "raise the limit of processes (ulimit -u, or the container's pids limit)",
        Errno::ENOMEM => "free memory or raise the container's memory limit",
        Errno::EPERM | Errno::EACCES => {
            "run as root, or where unprivileged user namespaces are permitted"
        }
        Errno::ENODEV | Errno::EOPNOTSUPP | Errno::EAFNOSUPPORT => {
            "the kernel lacks this feature: load its module or use another kernel"
        }
        _ => "see `faultbench doctor` for what this host can do",
    }
}

/// The value of a switch under /proc/sys, `None` where the kernel has no such switch.
fn sysctl(name: &str) -> Option<i64> {
    let path = format!("/proc/sys/{}", name.replace('.', "/"));
    std::fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// What keeps namespaces from a process, as far as the host's switches tell. `sysctl` gives a
/// switch's value.
fn namespaces_way_round(errno: Errno, sysctl: impl Fn(&str) -> Option<i64>) -> String {
    let closed = [
        (
            "kernel.apparmor_restrict_unprivileged_userns",
            1,
            0,
            "Ubuntu's AppArmor restriction",
        ),
        (
            "kernel.unprivileged_userns_clone",
            0,
            1,
            "Debian's restriction",
        ),
        (
            "user.max_user_namespaces",
            0,
            15_000,
            "the limit of user namespaces",
        ),
        (
            "user.max_net_namespaces",
            0,
            15_000,
            "the limit of network namespaces",
        ),
        (
            "user.max_pid_namespaces",
            0,
            15_000,
            "the limit of pid namespaces",
        ),
    ];
    for (name, shut, open, what) in closed {
        if sysctl(name) == Some(shut) {
            return format!("{name} is {shut} ({what}): `sysctl -w {name}={open}`, or run as root");
        }
    }
    match errno {
        Errno::ENOSPC | Errno::EUSERS => {
            "a limit of namespaces is reached: raise user.max_*_namespaces".to_owned()
        }
        Errno::EINVAL | Errno::ENOSYS => {
            "this kernel is built without such namespaces (CONFIG_USER_NS, CONFIG_PID_NS, \
             CONFIG_NET_NS)"
                .to_owned()
        }
        _ => "in a container its seccomp profile or masked /proc forbids this: run it with \
              `--privileged`, or `--cap-add SYS_ADMIN --cap-add NET_ADMIN --security-opt \
              seccomp=unconfined --security-opt apparmor=unconfined --security-opt \
              systempaths=unconfined`; elsewhere run as root"
            .to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_the_call_the_errno_and_the_switch() {
        let way = namespaces_way_round(Errno::EPERM, |name| {
            (name == "kernel.unprivileged_userns_clone").then_some(0)
        });
        assert!(
            way.contains("sysctl -w kernel.unprivileged_userns_clone=1"),
            "{way}"
        );
        let refused = Refused::new("unshare(CLONE_NEWUSER)", Errno::EPERM, "no user namespace");
        let text = refused.to_string();
        assert!(
            text.starts_with("unshare(CLONE_NEWUSER) failed with EPERM: "),
            "{text}"
        );
    }

    #[test]
    fn an_open_switch_is_not_blamed() {
        let way = namespaces_way_round(Errno::EPERM, |name| match name {
            "kernel.apparmor_restrict_unprivileged_userns" => Some(0),
            "user.max_user_namespaces" => Some(1000),
            _ => None,
        });
        assert!(way.contains("seccomp"), "{way}");
    }
}
