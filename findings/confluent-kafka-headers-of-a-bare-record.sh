#!/usr/bin/env bash
# confluent-kafka 2.12.1 (PyPI) at Apache Kafka 4.3.1 (Maven Central). Needs java, mvn, python3.
#
# A good guess: Message.headers() is a list of pairs, and of a record without headers the empty list.
# What happens: it is None, so a loop over it ends the consumer, again at each start, as the offset is not committed. And a header
# whose value is null, which Kafka allows, is None in a list of bytes.
#
# Seen:
#   as before: headers: None [('a', None)] [('a', b'b')]
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
python_with confluent-kafka==2.12.1
start_kafka
topic bare

seen=$(py/bin/python - "$brokers" <<'END'
import sys
from confluent_kafka import Consumer, Producer, TopicPartition

producer = Producer({"bootstrap.servers": sys.argv[1]})
for headers in (None, [("a", None)], [("a", b"b")]):
    producer.produce("bare", b"x", headers=headers)
producer.flush(30)
consumer = Consumer({"bootstrap.servers": sys.argv[1], "group.id": "unused", "auto.offset.reset": "earliest"})
consumer.assign([TopicPartition("bare", 0, 0)])
print(*(consumer.poll(30).headers() for _ in range(3)))
END
)
expect "headers" "$seen" "None [('a', None)] [('a', b'b')]"
