//! Finds programs of targets on this machine.

use std::collections::BTreeMap;
use std::env;
use std::path::{Path, PathBuf};

/// Where servers are, which a plain user's PATH often lacks.
const SERVERS: &[&str] = &["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// Finds a program: where `--binary` says, below the target file's directory if it is a path, else
/// on PATH.
///
/// # Errors
/// It is not there: where it was looked for, and what to do.
pub fn find(
    program: &str,
    package: Option<&str>,
    dir: &Path,
    binaries: &BTreeMap<String, PathBuf>,
) -> Result<PathBuf, String> {
    let is_file = |path: &PathBuf| path.is_file();
    if let Some(path) = binaries.get(program) {
        let named = format!(
            "--binary {program}={}: there is no such file",
            path.display()
        );
        return Some(path.clone()).filter(is_file).ok_or(named);
    }
    if program.contains('/') {
        let path = dir.join(program);
        let problem = format!("there is no {}", path.display());
        return Some(path).filter(is_file).ok_or(problem);
    }
    let path = env::var_os("PATH").unwrap_or_default();
    let mut places = env::split_paths(&path).chain(SERVERS.iter().map(PathBuf::from));
    let found = places.find_map(|place| Some(place.join(program)).filter(is_file));
    found.ok_or_else(|| {
        let install = match package {
            Some(package) => format!("install it (`apt-get install {package}`)"),
            None => "install it".to_owned(),
        };
        format!("{program} is not on this machine: {install}, or give --binary {program}=PATH")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_told_with_its_package() {
        let none = BTreeMap::new();
        let dir = Path::new("/");
        let problem = find("no-such-program", Some("the-package"), dir, &none).unwrap_err();
        assert!(problem.contains("apt-get install the-package"), "{problem}");
        assert!(
            problem.contains("--binary no-such-program=PATH"),
            "{problem}"
        );
        assert_eq!(
            find("sh", None, dir, &none).unwrap().file_name().unwrap(),
            "sh"
        );
    }

    #[test]
    fn binary_comes_first() {
        let given = BTreeMap::from([("sh".to_owned(), PathBuf::from("/no/such/file"))]);
        assert!(find("sh", None, Path::new("/"), &given).is_err());
    }
}
