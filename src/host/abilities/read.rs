//! Abilities and circumstances read from files.

use std::fs::{self, OpenOptions};
use std::path::Path;

use nix::sys::statvfs::statvfs;
use nix::sys::utsname::uname;
use nix::unistd::geteuid;

use super::{Ability, State};

/// Below this a run of some minutes may fill the disk with histories and logs.
const STORE_FREE_BYTES_MIN: u64 = 1 << 30;

/// Below this many cores the clients, the fabric and the nodes wait for each other.
const CORES_MIN: usize = 2;

/// The oldest kernel the sandbox and fabric are known to need: PACKET_IGNORE_OUTGOING is of 4.20.
const KERNEL_MIN: (u32, u32) = (4, 20);

pub(super) fn all(store: &Path) -> Vec<Ability> {
    let ability = |name: &str, about: &str, state| Ability {
        name: name.to_owned(),
        state,
        about: about.to_owned(),
    };
    vec![
        ability("kernel", "the version the host runs", kernel()),
        ability(
            "root",
            "real privileges instead of a user namespace's",
            root(),
        ),
        ability(
            "cores",
            "clients, fabric and nodes run at the same time",
            cores(),
        ),
        ability(
            "tun-device",
            "the fabric's TUN backend",
            device("/dev/net/tun"),
        ),
        ability("fuse-device", "disk faults", device("/dev/fuse")),
        ability(
            "ptrace",
            "clock faults in running processes",
            ptrace(&yama_scope()),
        ),
        ability(
            "netem",
            "informational: the fabric does without the kernel's netem",
            netem(),
        ),
        ability(
            "store-space",
            "histories and logs of runs",
            store_space(store),
        ),
    ]
}

fn no(why: impl Into<String>, way_round: &str) -> State {
    State::No {
        why: why.into(),
        way_round: way_round.to_owned(),
    }
}

fn partial(why: impl Into<String>, way_round: &str) -> State {
    State::Partial {
        why: why.into(),
        way_round: way_round.to_owned(),
    }
}

fn kernel() -> State {
    match uname() {
        Ok(name) => kernel_state(&name.release().to_string_lossy()),
        Err(errno) => partial(format!("its version cannot be read: {errno}"), ""),
    }
}

fn kernel_state(release: &str) -> State {
    let mut numbers = release
        .split(|c: char| !c.is_ascii_digit())
        .map_while(|n| n.parse().ok());
    match (numbers.next(), numbers.next()) {
        (Some(major), Some(minor)) if (major, minor) < KERNEL_MIN => no(
            format!("Linux {release} is older than 4.20"),
            "use a newer kernel",
        ),
        _ => State::Yes {
            detail: release.to_owned(),
        },
    }
}

fn root() -> State {
    if geteuid().is_root() {
        State::yes()
    } else {
        partial(
            "run by a plain user: a user namespace is made",
            "run as root if it is refused",
        )
    }
}

fn cores() -> State {
    match std::thread::available_parallelism().map(usize::from) {
        Ok(cores) if cores >= CORES_MIN => State::Yes {
            detail: cores.to_string(),
        },
        Ok(cores) => partial(
            format!("{cores} core"),
            "lower the concurrency and rate of runs",
        ),
        Err(error) => partial(format!("their number cannot be read: {error}"), ""),
    }
}

fn device(path: &str) -> State {
    let way_round = format!("make {path} readable and writable, or run as root");
    match OpenOptions::new().read(true).write(true).open(path) {
        Ok(_) => State::yes(),
        Err(error) => no(format!("{path}: {error}"), &way_round),
    }
}

/// Without Yama there is no such file and the classic rule holds, which is scope 0.
fn yama_scope() -> String {
    fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope").unwrap_or_else(|_| "0".to_owned())
}

fn ptrace(scope: &str) -> State {
    let open = "sysctl -w kernel.yama.ptrace_scope=1";
    match scope.trim() {
        "0" => State::yes(),
        "1" => State::Yes {
            detail: "of descendants, as nodes are".to_owned(),
        },
        "2" => partial(
            "kernel.yama.ptrace_scope is 2: privileged processes only",
            open,
        ),
        other => no(format!("kernel.yama.ptrace_scope is {other}"), open),
    }
}

fn netem() -> State {
    if Path::new("/sys/module/sch_netem").exists() {
        return State::yes();
    }
    let built = |list: &str| list.lines().any(|line| line.contains("/sch_netem.ko"));
    let release = uname().map(|name| name.release().to_string_lossy().into_owned());
    let dir = Path::new("/lib/modules").join(release.unwrap_or_default());
    let lists = ["modules.builtin", "modules.dep"].map(|file| dir.join(file));
    if lists
        .iter()
        .any(|list| fs::read_to_string(list).is_ok_and(|list| built(&list)))
    {
        return State::Yes {
            detail: "not loaded".to_owned(),
        };
    }
    no(
        "sch_netem is neither loaded nor among the kernel's modules",
        "none is needed",
    )
}

/// Free space where `store` is or would be created.
fn store_space(store: &Path) -> State {
    let absolute = std::path::absolute(store).unwrap_or_else(|_| store.to_owned());
    let Some(existing) = absolute.ancestors().find(|dir| dir.exists()) else {
        return no(
            format!("{} cannot be created", store.display()),
            "name another directory",
        );
    };
    match statvfs(existing) {
        Ok(disk) => space(disk.blocks_available() * disk.fragment_size()),
        Err(errno) => partial(format!("{}: {errno}", existing.display()), ""),
    }
}

fn space(free_bytes: u64) -> State {
    let detail = format!("{} MiB free", free_bytes >> 20);
    if free_bytes < STORE_FREE_BYTES_MIN {
        partial(detail, "delete old runs, or store them on another disk")
    } else {
        State::Yes { detail }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn old_kernels_are_refused() {
        assert!(kernel_state("4.19.0-27-amd64").is_no());
        assert!(kernel_state("3.10.0").is_no());
        assert!(!kernel_state("4.20.1").is_no());
        assert!(!kernel_state("6.18.44-fc").is_no());
        assert!(!kernel_state("odd").is_no());
    }

    #[test]
    fn yama_scopes_are_told_apart() {
        assert_eq!(ptrace("0\n"), State::yes());
        assert!(matches!(ptrace("1\n"), State::Yes { .. }));
        assert!(matches!(ptrace("2\n"), State::Partial { .. }));
        assert!(ptrace("3\n").is_no());
    }

    #[test]
    fn little_space_is_said() {
        assert!(matches!(space(STORE_FREE_BYTES_MIN), State::Yes { .. }));
        assert!(matches!(
            space(STORE_FREE_BYTES_MIN - 1),
            State::Partial { .. }
        ));
        assert!(!store_space(Path::new("not/yet/there")).is_no());
    }
}
