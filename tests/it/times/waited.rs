//! Records that waited on disk for longer than their topic allows.

use crate::spool_command::run;
use crate::support::HOOKBRIDGE;
use crate::support::rig::SOON;
use crate::support::spool::{FIRST_MS, SpoolFolder, record, records, value};
use crate::times::{BEFORE_MAX, received_ms};
use std::time::{Duration, UNIX_EPOCH};
use tempfile::TempDir;
use testkit::bridge::Bridge;
use testkit::consumer;
use testkit::deadline::let_pass;
use testkit::here;
use testkit::http;
use testkit::kafka::RealKafka;
use testkit::notification::{PATH, numbered};
use testkit::senders::Load;

const DRAINED: &str = "hookbridge_spool_drained_total";
const WAITING: &str = "hookbridge_spool_records";
const QUARANTINED: &str = "hookbridge_spool_quarantined_total{what=\"row\"}";

/// Until a backlog is gone while posts keep coming.
const CAUGHT_UP: Duration = Duration::from_secs(30);

const HOUR_MS: i64 = 3_600_000;

fn serve(kafka: &RealKafka, topic: &str, spool: &str) -> Bridge {
    let serve = HOOKBRIDGE.serve(kafka.bootstrap()).no_auth().arg("--topic", topic);
    serve.arg("--spool", spool).start()
}

#[test]
fn records_that_waited_longer_than_the_topic_allows_arrive() {
    let test = here!();
    let Some(kafka) = RealKafka::own(test, &[]) else { return };
    kafka.create_topic("events", 3, &[(BEFORE_MAX, "5000")]);
    let spool = TempDir::new().unwrap();
    let bridge = serve(&kafka, "events", spool.path().to_str().unwrap());
    bridge.wait_ready(SOON);

    kafka.freeze();
    for number in 0..20 {
        let answer = http::post(bridge.webhook(), PATH, &[], numbered(number));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
    let_pass(Duration::from_secs(12));
    kafka.thaw();

    bridge.wait_for_metric(WAITING, CAUGHT_UP, |waiting| waiting == 0.0);
    assert_eq!(bridge.metric(QUARANTINED), 0.0);
    let seen = consumer::to_end(&kafka.bootstrap(), "events");
    let late = seen.iter().filter(|record| record.timestamp_ms - received_ms(record) > 5_000);
    let unique: std::collections::HashSet<_> = seen.iter().map(|record| &record.value).collect();
    assert_eq!((unique.len(), late.count() >= 19), (20, true), "{seen:?}");
    let said = "kafka refuses the time of records, they are sent with another";
    assert_eq!(bridge.log().matches(said).count(), 1, "{}", bridge.log());
}

#[test]
fn a_backlog_that_grows_old_under_load_is_gone_in_a_moment() {
    grows_old_under(here!(), Load::paced(20, 4));
}

#[test]
fn an_old_backlog_under_a_thousand_posts_a_second_drains_fast() {
    grows_old_under(here!(), Load::paced(1_000, 40));
}

fn grows_old_under(test: &'static str, load: Load) {
    let Some(kafka) = RealKafka::own(test, &[]) else { return };
    kafka.create_topic("events", 3, &[(BEFORE_MAX, "6000")]);
    let spool = TempDir::new().unwrap();
    let bridge = serve(&kafka, "events", spool.path().to_str().unwrap());
    bridge.wait_ready(SOON);
    let senders = load.start(bridge.webhook());
    bridge.wait_for_metric("hookbridge_received_total", SOON, |received| received >= 20.0);

    kafka.freeze();
    let_pass(Duration::from_secs(8));
    kafka.thaw();
    let drained = |drained| drained >= 100.0;
    bridge.wait_for_metric(DRAINED, CAUGHT_UP, drained);
    bridge.wait_for_metric(WAITING, CAUGHT_UP, |waiting| waiting == 0.0);

    let ledger = senders.stop();
    bridge.wait_for_metric(WAITING, CAUGHT_UP, |waiting| waiting == 0.0);
    ledger.assert_statuses(&[200]);
    let verdict = ledger.verdict(&consumer::to_end(&kafka.bootstrap(), "events"));
    assert_eq!((verdict.lost.len(), verdict.overtaken.len()), (0, 0), "{verdict}");
    assert_eq!(bridge.metric(QUARANTINED), 0.0);
}

#[test]
fn the_neighbours_of_a_record_with_a_bad_time_keep_their_own() {
    let test = here!();
    let Some(kafka) = RealKafka::shared(test) else { return };
    let topic = test.replace("::", "-");
    kafka.create_topic(&topic, 1, &[(BEFORE_MAX, &(48 * HOUR_MS).to_string())]);
    let folder = SpoolFolder::of(
        (hours_ago(1)..hours_ago(1) + 4)
            .chain([hours_ago(72)])
            .chain(hours_ago(1) + 4..hours_ago(1) + 8)
            .map(|number| record(&topic, "app-1", number, &value(number))),
    );

    let bridge = serve(kafka, &topic, folder.dir());
    bridge.wait_for_metric(WAITING, CAUGHT_UP, |waiting| waiting == 0.0);

    let seen = consumer::to_end(&kafka.bootstrap(), &topic);
    let changed = seen.iter().filter(|record| record.timestamp_ms != received_ms(record));
    assert_eq!((seen.len(), changed.count()), (9, 1), "{seen:?}");
    assert_eq!(bridge.metric(QUARANTINED), 0.0);
}

#[test]
fn what_comes_behind_a_refused_record_does_not_overtake_it() {
    let test = here!();
    let Some(kafka) = RealKafka::shared(test) else { return };
    let topic = test.replace("::", "-");
    kafka.create_topic(&topic, 1, &[(BEFORE_MAX, &(48 * HOUR_MS).to_string())]);
    let numbers = [hours_ago(72)].into_iter().chain(hours_ago(1)..hours_ago(1) + 20);
    let values: Vec<_> = numbers.clone().map(value).collect();
    let records = numbers.map(|number| record(&topic, "app-1", number, &value(number)));
    let folder = SpoolFolder::of(records);

    // As many batches under way at once as there may be.
    let flags = ["-X", "batch.num.messages=1", "-X", "max.in.flight=5"].map(str::to_owned);
    let serve = HOOKBRIDGE.serve(kafka.bootstrap()).no_auth().arg("--topic", &topic);
    let bridge = serve.arg("--spool", folder.dir()).args(&flags).start();
    bridge.wait_for_metric(WAITING, CAUGHT_UP, |waiting| waiting == 0.0);

    let seen = consumer::to_end(&kafka.bootstrap(), &topic);
    let seen: Vec<_> = seen.into_iter().map(|r| String::from_utf8(r.value).unwrap()).collect();
    assert_eq!(seen, values);
}

/// The number of a record that was received so long ago.
fn hours_ago(hours: u64) -> u32 {
    let first = UNIX_EPOCH + Duration::from_millis(FIRST_MS);
    let since = first.elapsed().unwrap().as_secs() - hours * 3_600;
    u32::try_from(since).unwrap()
}

#[test]
fn records_quarantined_for_their_time_arrive_once_requeued() {
    let test = here!();
    let Some(kafka) = RealKafka::shared(test) else { return };
    let topic = test.replace("::", "-");
    kafka.create_topic(&topic, 3, &[(BEFORE_MAX, "60000")]);
    let folder = SpoolFolder::new();
    let open = folder.open();
    let rows = open.append(records(&topic, "app-1", 0..12));
    open.quarantine(&rows, "InvalidTimestamp");
    open.close();

    assert_eq!(run(&folder, "requeue", &[]).well(), "12 records wait again, behind all others\n");
    let bridge = serve(kafka, &topic, folder.dir());

    bridge.wait_for_metric(DRAINED, CAUGHT_UP, |drained| drained == 12.0);
    assert_eq!(bridge.metric(QUARANTINED), 0.0);
    let seen = consumer::to_end(&kafka.bootstrap(), &topic);
    let received: Vec<_> = seen.iter().map(received_ms).collect();
    let first = i64::try_from(FIRST_MS).unwrap();
    assert_eq!(received, (0..12).map(|number| first + number * 1_000).collect::<Vec<_>>());
}
