//! What spans and their attributes are called: OpenTelemetry's semantic conventions of
//! [this version](SCHEMA_URL), and a few names of our own where those have none.
//!
//! The conventions of HTTP are stable. Those of messaging and `CloudEvents` are not: a change of them
//! is a change of this file.

/// The version of the conventions, as spans carry it.
pub const SCHEMA_URL: &str = "https://opentelemetry.io/schemas/1.42.0";

/// `http.request.method` where the method is none of [`METHODS`].
pub const OTHER_METHOD: &str = "_OTHER";
/// The name of a span whose method is none of [`METHODS`].
pub const OTHER_NAME: &str = "HTTP";
/// The methods that have names: those of RFC 9110, RFC 5789 and QUERY.
pub const METHODS: [&str; 10] =
    ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "QUERY", "TRACE"];

/// A method with a name.
pub const HTTP_REQUEST_METHOD: &str = "http.request.method";
/// The method as it came, where it has no name.
pub const HTTP_REQUEST_METHOD_ORIGINAL: &str = "http.request.method_original";
/// The status of the answer.
pub const HTTP_RESPONSE_STATUS_CODE: &str = "http.response.status_code";
/// The path that takes posts.
pub const HTTP_ROUTE: &str = "http.route";
/// The path of the request.
pub const URL_PATH: &str = "url.path";
/// `http` or `https`.
pub const URL_SCHEME: &str = "url.scheme";
/// The sender.
pub const CLIENT_ADDRESS: &str = "client.address";
/// Why it failed, where it is not the sender's fault.
pub const ERROR_TYPE: &str = "error.type";

/// What is done with a record; the beginning of its span's name.
pub const SEND: &str = "send";
/// [`MESSAGING_SYSTEM`]'s value.
pub const KAFKA: &str = "kafka";
/// What the record is sent to.
pub const MESSAGING_SYSTEM: &str = "messaging.system";
/// [`SEND`], as Kafka's clients call it.
pub const MESSAGING_OPERATION_NAME: &str = "messaging.operation.name";
/// [`SEND`], as the conventions call it.
pub const MESSAGING_OPERATION_TYPE: &str = "messaging.operation.type";
/// The topic.
pub const MESSAGING_DESTINATION_NAME: &str = "messaging.destination.name";
/// The partition, in digits.
pub const MESSAGING_DESTINATION_PARTITION_ID: &str = "messaging.destination.partition.id";
/// The record's offset.
pub const MESSAGING_KAFKA_OFFSET: &str = "messaging.kafka.offset";
/// The record's key.
pub const MESSAGING_KAFKA_MESSAGE_KEY: &str = "messaging.kafka.message.key";
/// The record's `ce_id`.
pub const CLOUDEVENTS_EVENT_ID: &str = "cloudevents.event_id";

/// Ours: the code of a refusal.
pub const HOOKBRIDGE_CODE: &str = "hookbridge.code";
/// Ours: the number of the row on disk.
pub const HOOKBRIDGE_SPOOL_ROW: &str = "hookbridge.spool.row";

/// The resource: what sends the spans.
pub const SERVICE_NAME: &str = "service.name";
/// The resource: its version.
pub const SERVICE_VERSION: &str = "service.version";
