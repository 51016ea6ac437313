//! What a process has used: CPU, to the nanosecond, and memory.
//!
//! CPU is user and system time of all its threads, from `/proc/PID/task/*/schedstat`: `stat` counts
//! in steps of 10 ms, which is a percent and more of a short run. It counts up when a thread is
//! switched out, so it is to be read when the process is quiet. A thread that has ended takes its
//! count along; those of the servers live as long as they do, but for one that hashes a password,
//! once.

use procfs::process::Process;
use rustix::process::Pid;
use std::thread;
use std::time::Duration;

/// Until a server that has answered everything is switched out.
const SETTLED: Duration = Duration::from_millis(5);

/// At one moment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// User and system time so far.
    cpu: Duration,
    /// Resident memory in bytes.
    rss: u64,
}

impl Usage {
    /// Of a process that has nothing to do.
    pub(crate) fn of(pid: Pid) -> Self {
        thread::sleep(SETTLED);
        let process = Process::new(pid.as_raw_pid()).unwrap();
        let tasks = process.tasks().unwrap().map(Result::unwrap);
        let nanos = tasks.map(|task| task.schedstat().unwrap().sum_exec_runtime).sum();
        let rss = process.statm().unwrap().resident * procfs::page_size();
        Self { cpu: Duration::from_nanos(nanos), rss }
    }
    /// User and system time since `earlier`, in microseconds for each of some posts.
    pub(crate) fn cpu_us_since(self, earlier: Self, posts: u64) -> f64 {
        self.cpu.saturating_sub(earlier.cpu).as_secs_f64() * 1e6 / posts as f64
    }

    pub(crate) fn rss_mb(self) -> f64 {
        self.rss as f64 / 1e6
    }
}
