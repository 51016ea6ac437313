//! What a bad disk does to a bridge that spools: full, failing, lying, closed to it. Who got a 200
//! loses nothing, nobody's record is altered, and it heals by itself.

mod faults;
mod flips;
mod full;
mod folder;
mod posts;
mod small_disk;
mod starts;
pub(crate) mod strace;
mod synced;

use crate::support::HOOKBRIDGE;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::TempDir;
use testkit::bridge::Bridge;
use testkit::bridge::launch::Launch;
use testkit::http;
use testkit::mock::MockKafka;

const TOPIC: &str = "events";

/// A drain of some hundred records on a slow disk, and the second for which Kafka's return may stay
/// unseen.
const DRAINED: Duration = Duration::from_secs(30);

const RECORDS: &str = "hookbridge_spool_records";

/// A Kafka that is away.
fn kafka_away() -> MockKafka {
    let kafka = MockKafka::start();
    kafka.create_topic(TOPIC, 16);
    kafka.broker_down();
    kafka
}

/// A folder for a spool, which is not there yet.
fn spool_in(temp: &TempDir) -> PathBuf {
    temp.path().join("spool")
}

/// A bridge with its spool in this folder.
fn serve(kafka: &MockKafka, spool: &Path) -> Launch {
    HOOKBRIDGE
        .serve(kafka.bootstrap())
        .no_auth()
        .arg("--topic", TOPIC)
        .arg("--spool", spool.to_str().unwrap())
        .env("ACK_TIMEOUT", "250ms")
        // The mock names no limit of its topic, and loses what it acked with more in flight.
        .arg("-X", "message.max.bytes=1000000")
        .arg("-X", "max.in.flight=1")
}

#[track_caller]
fn wait_for_drain(bridge: &Bridge) {
    bridge.wait_for_metric(RECORDS, DRAINED, |records| records == 0.0);
}

/// What `/readyz` says of the spool: whether it has room, and in words.
#[track_caller]
fn spool_check(bridge: &Bridge) -> (bool, String) {
    let (_, readiness) = bridge.readyz();
    let checks = readiness["checks"].as_array().unwrap();
    let spool = checks.iter().find(|check| check["name"] == "spool").unwrap();
    (spool["ok"].as_bool().unwrap(), spool["detail"].as_str().unwrap().to_owned())
}

#[track_caller]
fn assert_alive(bridge: &Bridge) {
    assert_eq!(http::get(bridge.admin(), "/livez").status, 200);
}
