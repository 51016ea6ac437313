#!/usr/bin/env bash
# librdkafka 2.12.1 (in confluent-kafka 2.12.1, PyPI) at Apache Kafka 4.3.1 (Maven Central). Needs java, mvn, python3.
#
# A good guess: a producer whose only broker stops answering hears of it through error_cb (_TRANSPORT, _ALL_BROKERS_DOWN), at the latest
# when its records time out.
# What happens: nothing is said at all while the broker's connection stays open, for 8 s during which records time out one after the other.
# Only the reports of the records tell. (A broker that is killed is told of within milliseconds.)
#
# Seen:
#   as before: reports, errors: _MSG_TIMED_OUT 0
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
python_with confluent-kafka==2.12.1
start_kafka
topic frozen

seen=$(py/bin/python - "$brokers" "$kafka" <<'END'
import os
import signal
import sys
import time

from confluent_kafka import Producer

brokers, broker = sys.argv[1], int(sys.argv[2])
errors, reports, up = [], set(), []
producer = Producer({"bootstrap.servers": brokers, "message.timeout.ms": 2500, "log_level": 0,
                     "error_cb": lambda error: errors.append(error.name())})
producer.produce("frozen", b"x", on_delivery=lambda error, _: up.append(error is None))
producer.flush(30)
assert up == [True], up
errors.clear()
os.kill(broker, signal.SIGSTOP)
end = time.monotonic() + 8
while time.monotonic() < end:
    producer.produce("frozen", b"x", on_delivery=lambda error, _: reports.add(error.name() if error else "ok"))
    producer.poll(0.25)
print(*sorted(reports), len(errors))
os.kill(broker, signal.SIGCONT)
END
)
expect "reports, errors" "$seen" "_MSG_TIMED_OUT 0"
