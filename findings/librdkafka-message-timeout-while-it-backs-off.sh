#!/usr/bin/env bash
# librdkafka 2.12.1 (in confluent-kafka 2.12.1, PyPI) at Apache Kafka 4.3.1 (Maven Central). Needs java, mvn, python3.
#
# A good guess: with message.timeout.ms=2500 ("Local message timeout. This value is only enforced locally"), a record whose broker is
# gone is reported as _MSG_TIMED_OUT after 2.5 s, or within the second after, since queues are scanned once a second.
# What happens: the thread that scans sleeps while it waits for its next try to connect, and reconnect.backoff.max.ms is 10 s: the report
# of a record comes up to 12.5 s after it was handed over. With reconnect.backoff.max.ms=250 it comes in time.
#
# (Not each time: of thirty producers, five reported in time, since something else had woken the thread. So the longest of six is taken.)
#
# Seen, of records handed over every half a second for 20 s behind the kill (the longest waits go to stderr: 12.4 s and 2.8 s):
#   as before: by default, over 5 s; with a short backoff, over 5 s: yes no
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
python_with confluent-kafka==2.12.1
start_kafka
topic dead

cat >longest.py <<'END'
import os
import signal
import sys
import time

from confluent_kafka import Producer

brokers, broker, *settings = sys.argv[1:]
up = []
base = {"bootstrap.servers": brokers, "message.timeout.ms": 2500, "log_level": 0}
patient = [Producer(base) for _ in range(6)]
hasty = Producer({**base, "reconnect.backoff.ms": 50, "reconnect.backoff.max.ms": 250})
producers = [*patient, hasty]
for producer in producers:
    producer.produce("dead", b"x", on_delivery=lambda error, _: up.append(error is None))
    producer.flush(30)
assert up == [True] * len(producers), up
os.kill(int(broker), signal.SIGKILL)
waits = {producer: [] for producer in producers}
begin = time.monotonic()
handed_over = 0
while any(len(seen) < 40 for seen in waits.values()) and time.monotonic() < begin + 60:
    due = handed_over < 40 and time.monotonic() >= begin + handed_over / 2
    for producer in producers:
        if due:
            handed = time.monotonic()
            producer.produce("dead", b"x", on_delivery=lambda error, _, handed=handed, seen=waits[producer]:
                             seen.append((time.monotonic() - handed, error.name())))
        producer.poll(0.01)
    handed_over += due
assert {name for seen in waits.values() for _, name in seen} == {"_MSG_TIMED_OUT"}, waits
for group in (patient, [hasty]):
    longest = max(wait for producer in group for wait, _ in waits[producer])
    print(f"{longest:.1f}", file=sys.stderr)
    print("yes" if longest > 5 else "no", end=" ")
END
seen=$(py/bin/python longest.py "$brokers" "$kafka")
expect "by default, over 5 s; with a short backoff, over 5 s" "${seen% }" "yes no"
