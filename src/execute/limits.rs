//! What the system grants: CPUs, memory, caches. Read anew at each call, except [`caches`].
//!
//! Where a thing can't be found out (another system than Linux, no `/proc`), a value that is safe
//! to work with stands in.

use std::{
    fmt, fs,
    path::{Component, Path, PathBuf},
};

use lanefn_compiler::publish::Published;

/// The data caches of a CPU that this thread may run on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Caches {
    /// Level 1, data, in bytes.
    pub l1: usize,
    /// Level 2, in bytes.
    pub l2: usize,
    /// Level 3, in bytes; 0 if there is none.
    pub l3: usize,
}

impl Caches {
    /// The largest, in bytes.
    pub fn last_level(&self) -> usize {
        self.l3.max(self.l2)
    }
}

/// The caches, read once in a process: from the kernel's tables, else from the C library, else what
/// is common (32 KiB, 1 MiB, 8 MiB).
pub fn caches() -> Caches {
    static CACHES: Published<Caches> = Published::new();
    *CACHES.get_or(|| {
        let cpu = allowed_cpus().map_or(0, |set| first_cpu(&set));
        Tree::real().caches(cpu).unwrap_or_else(caches_of_the_c_library)
    })
}

/// Memory that this process may use, by who limits it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Memory {
    /// Of the machine, in bytes.
    pub physical: u64,
    /// The least limit of the control groups that the process is in.
    pub cgroup: Option<u64>,
    /// The process's own limit on its address space (`ulimit -v`).
    pub address_space: Option<u64>,
}

impl Memory {
    /// The least of them, in bytes.
    pub fn limit(&self) -> u64 {
        self.physical
            .min(self.cgroup.unwrap_or(u64::MAX))
            .min(self.address_space.unwrap_or(u64::MAX))
    }

    /// Which one that is.
    pub fn source(&self) -> &'static str {
        let limit = self.limit();
        if limit == self.physical {
            "physical memory"
        } else if Some(limit) == self.cgroup {
            "cgroup memory limit"
        } else {
            "address space limit"
        }
    }
}

impl fmt::Display for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.2} GiB ({})", self.limit() as f64 / (1u64 << 30) as f64, self.source())
    }
}

/// The memory limits.
pub fn memory() -> Memory {
    Memory {
        physical: physical_memory(),
        cgroup: Tree::real().memory(),
        address_space: address_space(),
    }
}

/// CPUs that the calling thread may run on; at least 1.
pub fn affinity() -> usize {
    match allowed_cpus() {
        Some(set) => set.iter().map(|w| w.count_ones() as usize).sum::<usize>().max(1),
        None => std::thread::available_parallelism().map_or(1, usize::from),
    }
}

/// CPUs that the control groups grant on average: the least quota of the process's group and those
/// above it, or nothing if none sets one.
pub fn cpu_quota() -> Option<f64> {
    Tree::real().cpu_quota()
}

/// The bits of the CPUs that the calling thread may run on.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn allowed_cpus() -> Option<Vec<u64>> {
    // 1024 CPUs first; the kernel refuses a set smaller than its own.
    let mut words = 16;
    while words <= 1024 {
        let mut set = vec![0u64; words];
        // SAFETY: the set is valid for writing as many bytes as are told; the C library writes no
        // more and clears what the kernel left out.
        let code = unsafe { libc::sched_getaffinity(0, words * 8, set.as_mut_ptr().cast()) };
        if code == 0 {
            return Some(set);
        }
        if std::io::Error::last_os_error().raw_os_error() != Some(libc::EINVAL) {
            return None;
        }
        words *= 4;
    }
    None
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
fn allowed_cpus() -> Option<Vec<u64>> {
    None
}

fn first_cpu(set: &[u64]) -> usize {
    let mut bit = 0;
    for word in set {
        if *word != 0 {
            return bit + word.trailing_zeros() as usize;
        }
        bit += 64;
    }
    0
}

#[cfg(unix)]
fn sysconf(name: libc::c_int) -> Option<usize> {
    // SAFETY: reads one number.
    usize::try_from(unsafe { libc::sysconf(name) }).ok().filter(|&v| v > 0)
}

fn caches_of_the_c_library() -> Caches {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    let found = [
        sysconf(libc::_SC_LEVEL1_DCACHE_SIZE),
        sysconf(libc::_SC_LEVEL2_CACHE_SIZE),
        sysconf(libc::_SC_LEVEL3_CACHE_SIZE),
    ];
    #[cfg(not(all(target_os = "linux", target_env = "gnu")))]
    let found: [Option<usize>; 3] = [None; 3];
    Caches {
        l1: found[0].unwrap_or(32 << 10),
        l2: found[1].unwrap_or(1 << 20),
        l3: found[2].unwrap_or(8 << 20),
    }
}

#[cfg(unix)]
fn physical_memory() -> u64 {
    match (sysconf(libc::_SC_PHYS_PAGES), sysconf(libc::_SC_PAGESIZE)) {
        (Some(pages), Some(size)) => pages as u64 * size as u64,
        _ => u64::MAX,
    }
}

#[cfg(not(unix))]
fn physical_memory() -> u64 {
    u64::MAX
}

#[cfg(unix)]
fn address_space() -> Option<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: `limit` is valid for writing.
    let code = unsafe { libc::getrlimit(libc::RLIMIT_AS, &mut limit) };
    (code == 0 && limit.rlim_cur != libc::RLIM_INFINITY).then_some(limit.rlim_cur)
}

#[cfg(not(unix))]
fn address_space() -> Option<u64> {
    None
}

/// The kernel's files, below a root so that tests can lay out their own.
struct Tree {
    root: PathBuf,
}

/// The directories of a controller that the process is in, its own first, and which version it is.
struct Groups {
    version: u8,
    directories: Vec<PathBuf>,
}

impl Tree {
    fn real() -> Tree {
        Tree { root: PathBuf::from("/") }
    }

    fn read(&self, path: impl AsRef<Path>) -> Option<String> {
        let path = path.as_ref();
        fs::read_to_string(self.root.join(path.strip_prefix("/").unwrap_or(path))).ok()
    }

    /// The least quota over period of all groups, version 1 and 2.
    fn cpu_quota(&self) -> Option<f64> {
        let groups = self.groups("cpu");
        let quotas = groups.iter().flat_map(|g| {
            g.directories.iter().filter_map(|directory| {
                let (quota, period) = if g.version == 2 {
                    let text = self.read(directory.join("cpu.max"))?;
                    let mut fields = text.split_whitespace();
                    let quota = fields.next()?.parse::<f64>().ok()?;
                    (quota, fields.next().and_then(|p| p.parse().ok()).unwrap_or(100_000.0))
                } else {
                    (
                        self.read(directory.join("cpu.cfs_quota_us"))?.trim().parse().ok()?,
                        self.read(directory.join("cpu.cfs_period_us"))?.trim().parse().ok()?,
                    )
                };
                (quota > 0.0 && period > 0.0).then_some(quota / period)
            })
        });
        quotas.min_by(f64::total_cmp)
    }

    /// The least memory limit of all groups, version 1 and 2.
    fn memory(&self) -> Option<u64> {
        // Version 1 says "none" by the largest multiple of a page.
        const NONE: u64 = 1 << 60;
        let groups = self.groups("memory");
        let limits = groups.iter().flat_map(|g| {
            let files: &[&str] = if g.version == 2 {
                &["memory.max", "memory.high"]
            } else {
                &["memory.limit_in_bytes"]
            };
            g.directories.iter().flat_map(move |directory| {
                files.iter().filter_map(|file| {
                    self.read(directory.join(file))?.trim().parse().ok().filter(|&b| b < NONE)
                })
            })
        });
        limits.min()
    }

    /// Where the controller's groups of this process are: the line of each hierarchy in
    /// `/proc/self/cgroup`, below its mount in `/proc/self/mountinfo`.
    fn groups(&self, controller: &str) -> Vec<Groups> {
        let (Some(cgroup), Some(mounts)) =
            (self.read("proc/self/cgroup"), self.read("proc/self/mountinfo"))
        else {
            return Vec::new();
        };
        let mut all = Vec::new();
        for line in cgroup.lines() {
            let mut fields = line.splitn(3, ':');
            let (Some(_), Some(controllers), Some(path)) =
                (fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            let version = if controllers.is_empty() { 2 } else { 1 };
            if version == 1 && !controllers.split(',').any(|c| c == controller) {
                continue;
            }
            let found = mounts.lines().filter_map(Mount::parse).find(|m| {
                if version == 2 {
                    m.kind == "cgroup2"
                } else {
                    m.kind == "cgroup" && m.options.split(',').any(|o| o == controller)
                }
            });
            if let Some(mount) = found {
                all.push(Groups { version, directories: mount.directories(Path::new(path)) });
            }
        }
        all
    }

    /// From `/sys/devices/system/cpu/cpuN/cache`; nothing if there is no data cache there.
    fn caches(&self, cpu: usize) -> Option<Caches> {
        let mut sizes = [0usize; 4];
        for index in 0.. {
            let at = PathBuf::from(format!("sys/devices/system/cpu/cpu{cpu}/cache/index{index}"));
            let Some(level) = self.read(at.join("level")) else { break };
            let Some(level) = level.trim().parse::<usize>().ok().filter(|l| (1..=3).contains(l))
            else {
                continue;
            };
            if self.read(at.join("type")).is_some_and(|t| t.trim() == "Instruction") {
                continue;
            }
            if let Some(size) = self.read(at.join("size")).and_then(|s| bytes(s.trim())) {
                sizes[level] = size;
            }
        }
        let l1 = Some(sizes[1]).filter(|&s| s > 0)?;
        Some(Caches { l1, l2: if sizes[2] > 0 { sizes[2] } else { l1 }, l3: sizes[3] })
    }
}

/// "32K", "1024K", "8M".
fn bytes(text: &str) -> Option<usize> {
    let (number, unit) = match text.as_bytes().last()? {
        b'K' => (&text[..text.len() - 1], 1 << 10),
        b'M' => (&text[..text.len() - 1], 1 << 20),
        b'G' => (&text[..text.len() - 1], 1 << 30),
        _ => (text, 1),
    };
    number.parse::<usize>().ok()?.checked_mul(unit)
}

/// A line of `/proc/self/mountinfo`.
struct Mount<'a> {
    /// The directory of the file system that is mounted.
    root: PathBuf,
    /// Where.
    point: PathBuf,
    kind: &'a str,
    /// Options of the file system: for version 1, its controllers.
    options: &'a str,
}

impl<'a> Mount<'a> {
    fn parse(line: &'a str) -> Option<Mount<'a>> {
        let (mount, system) = line.split_once(" - ")?;
        let mut mount = mount.split(' ').skip(3);
        let mut system = system.split(' ');
        let (root, point) = (mount.next()?, mount.next()?);
        Some(Mount {
            root: unescape(root),
            point: unescape(point),
            kind: system.next()?,
            options: system.nth(1)?,
        })
    }

    /// The directories from the group `path` up to the mount.
    fn directories(&self, path: &Path) -> Vec<PathBuf> {
        // A container that sees the groups of its host has only its own part mounted; a group
        // outside the mount (a path with "..") shows nothing but the mount itself.
        let below = path.strip_prefix(&self.root).or_else(|_| path.strip_prefix("/"));
        let below =
            below.ok().filter(|p| p.components().all(|c| matches!(c, Component::Normal(_))));
        let mut all: Vec<PathBuf> = Vec::new();
        for part in below.unwrap_or(Path::new("")).ancestors() {
            all.push(self.point.join(part));
        }
        all
    }
}

/// The kernel writes blanks and backslashes in paths as three octal digits.
fn unescape(text: &str) -> PathBuf {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let code = (first == b'\\')
            .then(|| tail.get(..3))
            .flatten()
            .and_then(|d| std::str::from_utf8(d).ok())
            .and_then(|d| u8::from_str_radix(d, 8).ok());
        match code {
            Some(byte) => {
                out.push(byte);
                rest = &tail[3..];
            }
            None => {
                out.push(first);
                rest = tail;
            }
        }
    }
    PathBuf::from(String::from_utf8_lossy(&out).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A tree of files that goes away with its owner.
    struct Fake(Tree);

    impl Fake {
        fn new(name: &str, files: &[(&str, &str)]) -> Fake {
            let root = std::env::temp_dir().join(format!("lanefn-{}-{name}", std::process::id()));
            for (path, text) in files {
                let path = root.join(path);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, text).unwrap();
            }
            Fake(Tree { root })
        }
    }

    impl Drop for Fake {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0.root);
        }
    }

    const V2: &str =
        "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n";

    #[test]
    fn version_2_takes_the_least_limit_on_the_way_up() {
        let t = Fake::new(
            "v2",
            &[
                ("proc/self/cgroup", "0::/a/b/c\n"),
                ("proc/self/mountinfo", V2),
                ("sys/fs/cgroup/a/b/c/cpu.max", "max 100000\n"),
                ("sys/fs/cgroup/a/b/cpu.max", "150000 100000\n"),
                ("sys/fs/cgroup/a/cpu.max", "400000 100000\n"),
                ("sys/fs/cgroup/a/b/c/memory.max", "max\n"),
                ("sys/fs/cgroup/a/b/memory.high", "2000000\n"),
                ("sys/fs/cgroup/a/memory.max", "1000000\n"),
                ("sys/fs/cgroup/other/cpu.max", "1000 100000\n"),
            ],
        );
        assert_eq!(t.0.cpu_quota(), Some(1.5));
        assert_eq!(t.0.memory(), Some(1_000_000));
    }

    #[test]
    fn a_container_with_its_own_part_mounted_finds_its_limits() {
        let mount = "30 23 0:26 /docker/x\\040y /sys/fs/cgroup ro - cgroup2 cgroup rw\n";
        let t = Fake::new(
            "container",
            &[
                ("proc/self/cgroup", "0::/docker/x y/inner\n"),
                ("proc/self/mountinfo", mount),
                ("sys/fs/cgroup/cpu.max", "250000 100000\n"),
                ("sys/fs/cgroup/inner/cpu.max", "300000 100000\n"),
            ],
        );
        assert_eq!(t.0.cpu_quota(), Some(2.5));
        let outside = Fake::new(
            "outside",
            &[
                ("proc/self/cgroup", "0::/../elsewhere\n"),
                ("proc/self/mountinfo", V2),
                ("sys/fs/cgroup/cpu.max", "50000 100000\n"),
                ("sys/fs/elsewhere/cpu.max", "1000 100000\n"),
            ],
        );
        assert_eq!(outside.0.cpu_quota(), Some(0.5));
    }

    #[test]
    fn version_1_finds_its_controllers_among_the_hierarchies() {
        let mounts = "32 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
                      35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
        let t = Fake::new(
            "v1",
            &[
                ("proc/self/cgroup", "4:memory:/m\n1:cpu,cpuacct:/c\n0::/\n"),
                ("proc/self/mountinfo", mounts),
                ("sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_quota_us", "320000\n"),
                ("sys/fs/cgroup/cpu,cpuacct/c/cpu.cfs_period_us", "100000\n"),
                ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1\n"),
                ("sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000\n"),
                ("sys/fs/cgroup/memory/m/memory.limit_in_bytes", "536870912\n"),
                ("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n"),
            ],
        );
        assert_eq!(t.0.cpu_quota(), Some(3.2));
        assert_eq!(t.0.memory(), Some(536_870_912));
    }

    #[test]
    fn no_limits_and_nonsense_are_no_limit() {
        for (name, cgroup, max) in [
            ("max", "0::/\n", "max 100000\n"),
            ("zero", "0::/\n", "0 100000\n"),
            ("words", "0::/\n", "what ever\n"),
            ("lines", "nonsense\n0:\n", "100000 100000\n"),
        ] {
            let t = Fake::new(
                name,
                &[
                    ("proc/self/cgroup", cgroup),
                    ("proc/self/mountinfo", V2),
                    ("sys/fs/cgroup/cpu.max", max),
                    ("sys/fs/cgroup/memory.max", max),
                ],
            );
            assert_eq!((t.0.cpu_quota(), t.0.memory()), (None, None), "{name}");
        }
        assert_eq!(Fake::new("nothing", &[]).0.cpu_quota(), None);
    }

    #[test]
    fn caches_are_those_of_data() {
        let at = |i: usize, f: &str| format!("sys/devices/system/cpu/cpu3/cache/index{i}/{f}");
        let mut files = Vec::new();
        for (i, (level, kind, size)) in [
            ("1", "Instruction", "64K"),
            ("1", "Data", "48K"),
            ("2", "Unified", "2048K"),
            ("3", "Unified", "36M"),
        ]
        .iter()
        .enumerate()
        {
            files.push((at(i, "level"), *level));
            files.push((at(i, "type"), *kind));
            files.push((at(i, "size"), *size));
        }
        let files: Vec<_> = files.iter().map(|(p, t)| (p.as_str(), *t)).collect();
        let t = Fake::new("caches", &files);
        let found = t.0.caches(3).unwrap();
        assert_eq!(found, Caches { l1: 48 << 10, l2: 2 << 20, l3: 36 << 20 });
        assert_eq!(found.last_level(), 36 << 20);
        assert_eq!(t.0.caches(0), None);
        let small = Fake::new("no-l3", &files[..9]);
        assert_eq!(small.0.caches(3).unwrap().last_level(), 2 << 20);
    }

    #[test]
    fn the_machine_itself_gives_sensible_values() {
        let c = caches();
        assert!((4 << 10..=1 << 20).contains(&c.l1), "{c:?}");
        assert!(c.l2 >= c.l1 && c.last_level() >= c.l2, "{c:?}");
        let m = memory();
        assert!(m.limit() >= 16 << 20, "{m:?}");
        assert!(affinity() >= 1);
        assert!(cpu_quota().is_none_or(|q| q > 0.0));
    }
}
