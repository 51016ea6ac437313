#!/usr/bin/env bash
# librdkafka 2.12.1 (in confluent-kafka 2.12.1, PyPI) at Apache Kafka 4.3.1 (Maven Central). Needs java, mvn, python3.
#
# Kafka 4 takes no record whose time is more than an hour ahead (message.timestamp.after.max.ms), and tells the producer which records of
# a batch it means (KIP-467).
# A good guess: the report of the bad record says INVALID_TIMESTAMP, those of its neighbours something else.
# What happens depends on how many are bad. With one, all of the batch say INVALID_TIMESTAMP, and nothing tells the bad one from the
# good. With two, none says INVALID_TIMESTAMP: the bad ones say INVALID_RECORD, the good ones _INVALID_DIFFERENT_RECORD. In no case
# is a good one written, and none is sent again by the client.
#
# Seen:
#   as before: one bad: INVALID_TIMESTAMP INVALID_TIMESTAMP INVALID_TIMESTAMP
#   as before: two bad: _INVALID_DIFFERENT_RECORD INVALID_RECORD INVALID_RECORD _INVALID_DIFFERENT_RECORD
#   as before: none bad: ok ok ok
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
python_with confluent-kafka==2.12.1
start_kafka
topic times
send() { py/bin/python "$support/send.py" "$brokers" times "$@"; }

expect "one bad" "$(send 20 20+2 20)" "INVALID_TIMESTAMP INVALID_TIMESTAMP INVALID_TIMESTAMP"
expect "two bad" "$(send 20 20+2 20+2 20)" \
    "_INVALID_DIFFERENT_RECORD INVALID_RECORD INVALID_RECORD _INVALID_DIFFERENT_RECORD"
expect "none bad" "$(send 20 20 20)" "ok ok ok"
