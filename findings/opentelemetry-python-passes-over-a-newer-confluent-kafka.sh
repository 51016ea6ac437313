#!/usr/bin/env bash
# OpenTelemetry's instrumentation of confluent-kafka 0.48b0 with confluent-kafka 2.16.1 (both PyPI). Needs python3.
#
# A good guess: ConfluentKafkaInstrumentor().instrument() has every consumer that is made from then on go on from the span of a record.
# What happens: nothing is instrumented, since it asks for confluent-kafka 2.4.0 or older; a line goes to Python's log, and no error is
# raised. instrument_consumer(consumer) asks for nothing, and works: its span links to that of the record, in a trace of its own.
#
# Seen:
#   as before: all consumers, one consumer: Consumer ProxiedConsumer
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
python_with confluent-kafka==2.16.1 opentelemetry-instrumentation-confluent-kafka==0.48b0 opentelemetry-sdk==1.27.0 "setuptools<81"

seen=$(py/bin/python - 2>/dev/null <<'END'
import confluent_kafka
from opentelemetry.instrumentation.confluent_kafka import ConfluentKafkaInstrumentor

ConfluentKafkaInstrumentor().instrument()
config = {"bootstrap.servers": "127.0.0.1:1", "group.id": "none", "log_level": 0}
consumer = confluent_kafka.Consumer(config)
print(type(consumer).__name__, type(ConfluentKafkaInstrumentor.instrument_consumer(consumer)).__name__)
END
)
expect "all consumers, one consumer" "$seen" "Consumer ProxiedConsumer"
