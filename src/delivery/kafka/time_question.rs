//! Asks a broker which times it takes: by sending it the very record again that it refused for its
//! time.
//!
//! Why so: a broker's words are the only thing in Kafka's protocol that shows its clock, and
//! librdkafka keeps them for nobody but an interceptor
//! (`findings/kafka-names-the-times-that-it-takes.sh`). What `rd_kafka_message_produce_errstr`
//! gives in a delivery report points into memory that is freed by then. Promise: it blocks for a
//! few seconds at most, and the record is sent once. Where it is taken after all, it is on the
//! topic, whole.
#![allow(unsafe_code, reason = "librdkafka offers interceptors through C alone")]

use crate::delivery::kafka::client_endings::ClientEnding;
use crate::delivery::kafka::settings::{ANY_SIZE, Settings};
use crate::delivery::record::Record;
use crate::delivery::record_times::time_span::TimeSpan;
use crate::delivery::topic::Placement;
use rdkafka::bindings as c;
use rdkafka::client::{Client, ClientContext};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::types::RDKafkaType;
use std::ffi::{CStr, CString, c_char, c_void};
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

/// How long the answer may take: a new connection and three round trips.
const TIMEOUT: Duration = Duration::from_secs(2);
/// Between looks at what the client has to say, which is dropped.
const LOOK: Duration = Duration::from_millis(5);
/// The name of the interceptor.
const NAME: &CStr = c"hookbridge-words";

/// The client's context, and what the interceptor leaves its words with: alive as long as the
/// client.
struct Asker {
    _words: Arc<Sender<Option<String>>>,
}

impl ClientContext for Asker {
    fn log(&self, _: RDKafkaLogLevel, facility: &str, message: &str) {
        tracing::debug!(facility, "librdkafka (times): {message}");
    }
}

/// Sends the record as it was refused, and gives the times that the broker says it takes; none
/// where it does not say, or takes it.
pub(in crate::delivery) fn ask(
    settings: &Settings,
    record: &Record,
    placement: Placement,
) -> Option<TimeSpan> {
    let (words, heard) = mpsc::channel();
    let client = client(settings, Arc::new(words))?;
    send(&client, record, placement).then(|| wait(&client, &heard))?
}

fn client(
    settings: &Settings,
    words: Arc<Sender<Option<String>>>,
) -> Option<ClientEnding<Client<Asker>>> {
    let mut config = settings.probe();
    config.set("acks", "all");
    config.set("enable.idempotence", "false");
    config.set("partitioner", "murmur2_random");
    config.set("message.send.max.retries", "0");
    config.set("message.timeout.ms", TIMEOUT.as_millis().to_string());
    if settings.message_max_bytes().is_none() {
        config.set("message.max.bytes", ANY_SIZE);
    }
    let native = config.create_native_config().ok()?;
    let opaque = Arc::as_ptr(&words).cast_mut().cast();
    // SAFETY: the configuration is live, and the name is copied. What `opaque` points to is kept by
    // the client's context, which is dropped behind the client and all its threads.
    unsafe {
        c::rd_kafka_conf_interceptor_add_on_new(native.ptr(), NAME.as_ptr(), Some(on_new), opaque);
    }
    let client =
        Client::new(&config, native, RDKafkaType::RD_KAFKA_PRODUCER, Asker { _words: words });
    Some(ClientEnding::of(client.ok()?, &settings.endings))
}

/// Hands the record over; says whether the client took it.
fn send(client: &Client<Asker>, record: &Record, placement: Placement) -> bool {
    let Ok(topic) = CString::new(record.topic()) else { return false };
    let (key, value) = (record.key(), record.value());
    // SAFETY: all that is pointed to outlives the calls, which copy it; each value has the type
    // that its tag means. The headers are the client's own once it takes the record.
    unsafe {
        let headers = c::rd_kafka_headers_new(record.header_count());
        for (name, value) in record.headers() {
            let (name, value) = (name.as_str(), value.as_bytes());
            c::rd_kafka_header_add(
                headers,
                name.as_ptr().cast(),
                name.len().cast_signed(),
                value.as_ptr().cast(),
                value.len().cast_signed(),
            );
        }
        let error = c::rd_kafka_producev(
            client.native_ptr(),
            c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_TOPIC,
            topic.as_ptr(),
            c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_PARTITION,
            placement.partition.unwrap_or(-1),
            c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_MSGFLAGS,
            c::RD_KAFKA_MSG_F_COPY,
            c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_VALUE,
            value.as_ptr().cast::<c_void>(),
            value.len(),
            c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_KEY,
            key.as_ptr().cast::<c_void>(),
            key.len(),
            c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_TIMESTAMP,
            placement.unix_millis(),
            c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_HEADERS,
            headers,
            c::rd_kafka_vtype_t::RD_KAFKA_VTYPE_END,
        );
        let taken = error == c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR;
        if !taken {
            c::rd_kafka_headers_destroy(headers);
        }
        taken
    }
}

/// Waits for the words, while the client's own events are dropped.
fn wait(client: &Client<Asker>, heard: &Receiver<Option<String>>) -> Option<TimeSpan> {
    let end = Instant::now() + TIMEOUT;
    // SAFETY: the client is live; the reference to its queue, never null, is given back below.
    let queue = unsafe { c::rd_kafka_queue_get_main(client.native_ptr()) };
    let words = loop {
        match heard.recv_timeout(LOOK) {
            Ok(words) => break words,
            Err(RecvTimeoutError::Timeout) if Instant::now() < end => {}
            Err(_) => break None,
        }
        // SAFETY: the queue is live, and an event that is not null is ours to drop, once.
        unsafe {
            let event = c::rd_kafka_queue_poll(queue, 0);
            if !event.is_null() {
                c::rd_kafka_event_destroy(event);
            }
        }
    };
    // SAFETY: it is live still, and given back once.
    unsafe { c::rd_kafka_queue_destroy(queue) };
    TimeSpan::read(&words?)
}

/// The client is being made: from here alone an interceptor of reports may be added.
unsafe extern "C" fn on_new(
    rk: *mut c::rd_kafka_t,
    _: *const c::rd_kafka_conf_t,
    words: *mut c_void,
    _: *mut c_char,
    _: usize,
) -> c::rd_kafka_resp_err_t {
    // SAFETY: the client is the one that calls, and the name is copied.
    unsafe {
        c::rd_kafka_interceptor_add_on_acknowledgement(rk, NAME.as_ptr(), Some(on_report), words)
    }
}

/// The broker has answered. On a thread of the client, before the words are freed.
unsafe extern "C" fn on_report(
    _: *mut c::rd_kafka_t,
    message: *mut c::rd_kafka_message_t,
    words: *mut c_void,
) -> c::rd_kafka_resp_err_t {
    // SAFETY: the message is live, and so are its words, which end with a zero, until this returns.
    // `words` is the sender that `client` gave, which the client's context keeps.
    let (said, words) = unsafe {
        let said = c::rd_kafka_message_produce_errstr(message);
        let said = (!said.is_null()).then(|| CStr::from_ptr(said).to_string_lossy().into_owned());
        (said, &*words.cast::<Sender<Option<String>>>())
    };
    // Nobody waits any more.
    drop(words.send(said));
    c::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR
}
