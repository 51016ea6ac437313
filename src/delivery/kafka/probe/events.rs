//! The log lines and errors of a client that is no producer, read from its queue.
//!
//! Promise: at most so many at once, and no wait. The crate reads them for producers and consumers
//! alone, and those cannot be made with a callback for certificates.
#![allow(unsafe_code, reason = "the events of a bare client are read through C alone")]

use crate::delivery::kafka::probe::listener::Listener;
use rdkafka::bindings as c;
use rdkafka::client::{Client, ClientContext as _};
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::error::KafkaError;
use std::ffi::{CStr, c_char, c_int};
use std::ptr;

/// The numbers of syslog(3) up to which a line is one of the client's own trouble.
const CRITICAL: c_int = 2;

/// Reads them, and gives them to the client's listener.
pub(super) fn read(client: &Client<Listener>, most: usize) {
    let rk = client.native_ptr();
    // SAFETY: the client is live for the whole call. The queue and each event are dropped once,
    // behind their last use.
    unsafe {
        let queue = c::rd_kafka_queue_get_main(rk);
        for _ in 0..most {
            let event = c::rd_kafka_queue_poll(queue, 0);
            if event.is_null() {
                break;
            }
            heed(event, client.context());
            c::rd_kafka_event_destroy(event);
        }
        c::rd_kafka_queue_destroy(queue);
    }
}

/// Hands on what it says.
///
/// # Safety
///
/// `event` is live until this returns.
unsafe fn heed(event: *mut c::rd_kafka_event_t, listener: &Listener) {
    // SAFETY: the event is live, and its texts with it. Of another kind of event there are none.
    unsafe {
        match c::rd_kafka_event_type(event) {
            c::RD_KAFKA_EVENT_LOG => {
                let (mut facility, mut line, mut level) = (ptr::null(), ptr::null(), 0);
                if c::rd_kafka_event_log(event, &raw mut facility, &raw mut line, &raw mut level)
                    == 0
                {
                    let is_critical = level <= CRITICAL;
                    let level =
                        if is_critical { RDKafkaLogLevel::Critical } else { RDKafkaLogLevel::Info };
                    listener.log(level, &text(facility), &text(line));
                }
            }
            c::RD_KAFKA_EVENT_ERROR => {
                let error = KafkaError::Global(c::rd_kafka_event_error(event).into());
                listener.error(error, &text(c::rd_kafka_event_error_string(event)));
            }
            _ => {}
        }
    }
}

/// Its text.
///
/// # Safety
///
/// It is null, or live and ends with a NUL.
unsafe fn text(text: *const c_char) -> String {
    if text.is_null() {
        return String::new();
    }
    // SAFETY: see above.
    unsafe { CStr::from_ptr(text) }.to_string_lossy().into_owned()
}
