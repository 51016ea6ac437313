#!/usr/bin/env bash
# librdkafka 2.12.1 (in confluent-kafka 2.12.1, PyPI) at Apache Kafka 4.3.1 (Maven Central). Needs java, mvn, python3.
#
# A good guess: MSG_SIZE_TOO_LARGE says of a record that it is too large for its topic; and a batch that is too large is split and sent again, as
# Java's producer does (KIP-126).
# What happens: max.message.bytes is of a batch, librdkafka does not split, and all records of a batch that is over it are reported
# as MSG_SIZE_TOO_LARGE for good, though each alone would be taken. One record that is too large takes its small neighbours with it.
#
# Seen, with max.message.bytes=4000:
#   as before: twenty records of 300 bytes together: 20 MSG_SIZE_TOO_LARGE
#   as before: one of them alone: ok
#   as before: one of 5000 bytes among small ones: MSG_SIZE_TOO_LARGE MSG_SIZE_TOO_LARGE MSG_SIZE_TOO_LARGE
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
python_with confluent-kafka==2.12.1
start_kafka
topic small max.message.bytes=4000
send() { py/bin/python "$support/send.py" "$brokers" small "$@"; }

twenty=$(printf "300 %.0s" {1..20})
expect "twenty records of 300 bytes together" "$(send $twenty | tr ' ' '\n' | uniq -c | xargs)" "20 MSG_SIZE_TOO_LARGE"
expect "one of them alone" "$(send 300)" "ok"
expect "one of 5000 bytes among small ones" "$(send 20 5000 20)" "MSG_SIZE_TOO_LARGE MSG_SIZE_TOO_LARGE MSG_SIZE_TOO_LARGE"
