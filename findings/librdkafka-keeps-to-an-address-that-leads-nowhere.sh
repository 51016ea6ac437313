#!/usr/bin/env bash
# Apache Kafka 4.3.1 (Maven Central), librdkafka 2.12.1 (in confluent-kafka 2.12.1, PyPI). Needs java, mvn, python3.
#
# A good guess: a client that was told an address which refuses goes back to its bootstrap servers
# (metadata.recovery.strategy=rebootstrap, the default, with a trigger of 10 s here), and so heals once the broker advertises the
# right one.
# What happens: it goes on with the address that refuses. A new client, made at the same moment, works at once.
#
# Seen:
#   as before: acks after the address was corrected, within 45 s: of the client that was there, of a new one: none, at once
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
python_with confluent-kafka==2.12.1
start_kafka
topic events
second=127.0.0.1:$(free_port)
closed=127.0.0.1:$(free_port)
restart_with() { # the address that the second listener advertises
    kill -KILL "$kafka"
    while kill -0 "$kafka" 2>/dev/null; do sleep 0.1; done
    sed -e "s#^listeners=#listeners=SECOND://$second,#" -e "s#^advertised.listeners=#advertised.listeners=SECOND://$1,#" server.properties >second.properties
    echo "listener.security.protocol.map=SECOND:PLAINTEXT,PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT" >>second.properties
    java -Xmx512m -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "jars/*" kafka.Kafka second.properties >kafka.log 2>&1 &
    kafka=$!
    disown "$kafka"
    pids+=("$kafka")
}
cat >client.py <<'END'
import os
import sys
import time

from confluent_kafka import Producer

brokers = sys.argv[1]


def producer():
    return Producer({
        "bootstrap.servers": brokers, "log_level": 0, "message.timeout.ms": 3000, "reconnect.backoff.max.ms": 250,
        "metadata.recovery.rebootstrap.trigger.ms": 10000,
    })


def acked_within(client, seconds):
    """After how long a record is acked."""
    begun, acks = time.monotonic(), []
    while not acks and time.monotonic() < begun + seconds:
        client.produce("events", b"x", on_delivery=lambda error, _: acks.append(1) if error is None else None)
        client.flush(5)
    return time.monotonic() - begun if acks else None


old = producer()
assert acked_within(old, 10) is None
print("told", flush=True)
while not os.path.exists("corrected"):
    time.sleep(0.1)
new = acked_within(producer(), 60)  # the broker may still be starting
assert new is not None
kept = acked_within(old, 45)
new = acked_within(producer(), 10)
print("none" if kept is None else "some", "at once" if new is not None and new < 5 else "late", sep=", ")
END
restart_with "$closed"
topic other >/dev/null # it answers
py/bin/python client.py "$second" >seen 2>errors &
client=$!
pids+=("$client")
for _ in $(seq 300); do grep -q told seen && break; sleep 0.1; done
restart_with "$second"
touch corrected
wait "$client" || { cat errors; exit 2; }
expect "acks after the address was corrected, within 45 s: of the client that was there, of a new one" "$(tail -1 seen)" "none, at once"
