#!/usr/bin/env bash
# librdkafka 2.12.1 (confluent-kafka 2.12.1 of PyPI) at Apache Kafka 4.3.1 (Maven Central). Needs java, mvn, python3.
#
# A good guess: a consumer that takes records faster than they come over the wire is never left without any while the topic has more.
# What happens: when a partition has `queued.min.messages` records or `queued.max.messages.kbytes` waiting, librdkafka asks for no more of it for
# `fetch.queue.backoff.ms`, a second by default, also where the application has taken them all long before. Of the
# time to read 600,000 small records, half and more is that wait; 10 ms instead of a second take it away.
#
# Seen (records a second in two runs, 735,000 and 401,000 by default, 1,320,000 and 1,214,000 with 10 ms):
#   as before: with fetch.queue.backoff.ms=10 it reads over 1.3 times as fast: yes
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
python_with confluent-kafka==2.12.1
start_kafka
topic numbers
py/bin/python - "$brokers" <<'END' >seen
import sys
import time

from confluent_kafka import Consumer, Producer, TopicPartition

RECORDS, ROUNDS, FASTER = 600_000, 3, 1.3
brokers = sys.argv[1]
producer = Producer({"bootstrap.servers": brokers, "linger.ms": 50, "queue.buffering.max.messages": RECORDS})
for number in range(RECORDS):
    producer.produce("numbers", value=b"%0200d" % number, partition=0)
assert producer.flush(60) == 0


def rate(settings):
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": "reader", "enable.auto.commit": False, **settings})
    consumer.assign([TopicPartition("numbers", 0, 0)])
    read, start = 0, time.perf_counter()
    while read < RECORDS and time.perf_counter() - start < 60:
        read += len(consumer.consume(10_000, 1))
    took = time.perf_counter() - start
    consumer.close()
    assert read == RECORDS, read
    return RECORDS / took


# In turns, and the best of each: whoever else uses the machine slows one of them.
rounds = [(rate({}), rate({"fetch.queue.backoff.ms": 10})) for _ in range(ROUNDS)]
default, short = (max(column) for column in zip(*rounds))
print("records/s:", round(default), round(short), file=sys.stderr)
print("yes" if short > FASTER * default else "no")
END
expect "with fetch.queue.backoff.ms=10 it reads over 1.3 times as fast" "$(cat seen)" yes
