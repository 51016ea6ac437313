//! Consumers of others, whose instrumentation goes on from the span of the record: long runs, since
//! they are fetched.

use crate::collector::{Collector, Mood};
use crate::spans::PRODUCER;
use crate::{PARENT, SOON, TRACE, serve, stop};
use std::path::Path;
use std::process::Command;
use testkit::children::done;
use testkit::here;
use testkit::http::post;
use testkit::kafka::RealKafka;
use testkit::notification::{PATH, ROOMDROP};
use testkit::python::venv;

/// The instrumentation of confluent-kafka, which links, and what it needs.
const CONFLUENT: [&str; 4] = [
    "setuptools<81",
    "confluent-kafka==2.16.1",
    "opentelemetry-instrumentation-confluent-kafka==0.48b0",
    "opentelemetry-sdk==1.27.0",
];
/// It instruments a consumer that is there: all of them at once it passes over
/// (`findings/opentelemetry-python-passes-over-a-newer-confluent-kafka.sh`).
const LINKED: &str = "
from confluent_kafka import Consumer
from opentelemetry.instrumentation.confluent_kafka import ConfluentKafkaInstrumentor
consumer = Consumer({'bootstrap.servers': brokers, 'group.id': 'linked', 'auto.offset.reset': 'earliest'})
consumer = ConfluentKafkaInstrumentor.instrument_consumer(consumer, tracer_provider=provider)
consumer.subscribe([topic])
assert any(consumer.poll(1) for _ in range(60))
consumer.close()
[span] = [span for span in spans.get_finished_spans() if span.name == topic + ' process']
[link] = span.links
show(link.context)
";

/// The instrumentation of kafka-python, which goes on in the same trace, and what it needs.
const KAFKA_PYTHON: [&str; 3] = [
    "kafka-python==3.0.12",
    "opentelemetry-instrumentation-kafka-python==0.66b1",
    "opentelemetry-sdk==1.45.1",
];
const BELOW: &str = "
from kafka import KafkaConsumer
from opentelemetry.instrumentation.kafka import KafkaInstrumentor
KafkaInstrumentor().instrument(tracer_provider=provider)
next(KafkaConsumer(topic, bootstrap_servers=brokers, auto_offset_reset='earliest', consumer_timeout_ms=60000))
[span] = [span for span in spans.get_finished_spans() if span.name == topic + ' receive']
assert span.context.trace_id == span.parent.trace_id
show(span.parent)
";

/// What both begin with.
const BEGINNING: &str = "
import sys
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
brokers, topic = sys.argv[1:]
spans, provider = InMemorySpanExporter(), TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(spans))
show = lambda of: print(f'{of.trace_id:032x}-{of.span_id:016x}')
";

#[test]
#[ignore = "fetches OpenTelemetry's instrumentation of two clients, and takes a minute"]
fn consumers_of_others_go_on_from_the_span_of_the_record() {
    let Some(kafka) = RealKafka::shared(here!()) else { return };
    let topic = "traced";
    kafka.create_topic(topic, 1, &[]);
    let collector = Collector::start(Mood::Answers);
    let mut bridge =
        serve(kafka.bootstrap(), &collector.url()).no_auth().arg("--topic", topic).start();
    bridge.wait_ready(SOON);
    let parent = format!("00-{TRACE}-{PARENT}-01");
    let answer = post(bridge.webhook(), PATH, &[("traceparent", &parent)], ROOMDROP);
    assert_eq!(answer.status, 200, "{}", answer.text());
    stop(&mut bridge);
    let spans = collector.spans();
    let send = spans.iter().find(|span| span.kind == PRODUCER).unwrap();

    let folder = tempfile::tempdir().unwrap();
    for (name, packages, script) in
        [("confluent", &CONFLUENT[..], LINKED), ("kafka-python", &KAFKA_PYTHON, BELOW)]
    {
        let bin = venv(&folder.path().join(name), packages);
        let seen = run(&bin, script, &kafka.bootstrap(), topic);
        assert_eq!(seen, format!("{TRACE}-{}", send.id), "{name}");
    }
}

fn run(bin: &Path, script: &str, brokers: &str, topic: &str) -> String {
    let script = format!("{BEGINNING}{script}");
    let mut python = Command::new(bin.join("python"));
    done(python.args(["-c", &script, brokers, topic])).trim().to_owned()
}
