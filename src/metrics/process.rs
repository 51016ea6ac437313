//! The `process_*` series, under the names that Prometheus' own client libraries use.
//!
//! Read from `/proc/self` when scraped. Where there is no `/proc` they are left out.

use procfs::WithCurrentSystemInfo;
use procfs::process::{LimitValue, Process};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use std::fmt;

/// Reads the kernel's account of this process at each scrape.
#[derive(Debug)]
pub(super) struct ProcessCollector;

impl ProcessCollector {
    pub(super) fn new() -> Self {
        Self
    }
}

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let Ok(process) = Process::myself() else { return Ok(()) };
        let mut write = |name: &str, help: &str, value: &dyn EncodeMetric| {
            let metric = encoder.encode_descriptor(name, help, None, value.metric_type())?;
            value.encode(metric)
        };
        if let Ok(stat) = process.stat() {
            let ticks = procfs::ticks_per_second() as f64;
            let cpu = (stat.utime + stat.stime) as f64 / ticks;
            write("process_cpu_seconds", "CPU time used", &ConstCounter::new(cpu))?;
            let resident = stat.rss_bytes().get();
            write("process_resident_memory_bytes", "Memory resident", &gauge(resident))?;
            write("process_virtual_memory_bytes", "Memory mapped", &gauge(stat.vsize))?;
            write("process_threads", "Threads", &ConstGauge::new(stat.num_threads))?;
            if let Ok(boot) = procfs::boot_time_secs() {
                let started = ConstGauge::new(boot as f64 + stat.starttime as f64 / ticks);
                write("process_start_time_seconds", "When it started, Unix time", &started)?;
            }
        }
        if let Ok(open) = process.fd_count() {
            write("process_open_fds", "Open files and sockets", &gauge(open as u64))?;
        }
        if let Ok(limits) = process.limits()
            && let LimitValue::Value(most) = limits.max_open_files.soft_limit
        {
            write("process_max_fds", "Most files and sockets at once", &gauge(most))?;
        }
        Ok(())
    }
}

fn gauge(value: u64) -> ConstGauge<i64> {
    ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX))
}
