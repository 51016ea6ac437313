#!/usr/bin/env bash
# Apache Kafka 4.3.1 (Maven Central), librdkafka 2.12.1 (in confluent-kafka 2.12.1, PyPI). Needs java, mvn, python3.
#
# A good guess: an idempotent producer's batches carry sequence numbers so that a broker takes none behind a gap; with
# enable.gapless.guarantee=true, what stands behind a refused record is not written.
# What happens depends on what the producer wrote to the partition before. Of a producer that it has nothing of, the broker takes any sequence
# number (ProducerAppendInfo.checkSequence): the first batch is refused for its time, the next ones, which were under way with it, are
# written, beside the fatal error that the guarantee makes of the refusal. Once one batch was acked, the same
# refusal lets nothing through.
#
# Seen:
#   as before: a producer that wrote nothing: fatal error, and what is on the topic behind: _GAPLESS_GUARANTEE, some
#   as before: a producer that has written: fatal error, and what is on the topic behind: _GAPLESS_GUARANTEE, none
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
python_with confluent-kafka==2.12.1
start_kafka
topic fresh
topic used
cat >behind.py <<'END'
import sys
import time

from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition

brokers, topic = sys.argv[1:]
producer = Producer({
    "bootstrap.servers": brokers, "enable.idempotence": True, "enable.gapless.guarantee": True, "log_level": 0,
    "batch.num.messages": 1, "max.in.flight": 5, "message.timeout.ms": 20000,
})
if topic == "used":
    producer.produce(topic, b"before")
    producer.flush(30)
else:
    producer.list_topics(topic, timeout=30)
# Two hours ahead, which the topic does not take.
producer.produce(topic, b"refused", timestamp=int((time.time() + 7200) * 1000))
for _ in range(4):
    producer.produce(topic, b"behind")
try:
    producer.flush(30)
except KafkaException as error:
    print(error.args[0].name(), end=", ")
time.sleep(1)  # what was under way is written or never

reader = Consumer({"bootstrap.servers": brokers, "group.id": "reads", "enable.partition.eof": True})
reader.assign([TopicPartition(topic, 0, 0)])
values = []
end = time.monotonic() + 30
while time.monotonic() < end:
    record = reader.poll(1)
    if record is None:
        continue
    if record.error():
        break
    values.append(record.value())
print("some" if b"behind" in values else "none")
END
behind() { py/bin/python behind.py "$brokers" "$1" 2>errors || { cat errors; exit 2; }; }
expect "a producer that wrote nothing: fatal error, and what is on the topic behind" "$(behind fresh)" "_GAPLESS_GUARANTEE, some"
expect "a producer that has written: fatal error, and what is on the topic behind" "$(behind used)" "_GAPLESS_GUARANTEE, none"
