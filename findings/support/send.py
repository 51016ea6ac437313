"""Sends a batch and prints what became of each record, in order: send.py BROKERS TOPIC RECORD...

A record is so many bytes, and `+` the hours that its time is ahead: `20` or `20+2`.
"""
import sys
import time

from confluent_kafka import Producer

brokers, topic, *records = sys.argv[1:]
producer = Producer({
    "bootstrap.servers": brokers, "acks": "all", "enable.idempotence": True, "log_level": 0,
    # All wait for one batch; none waits for ever.
    "linger.ms": 500, "message.timeout.ms": 20000,
})
ends = {}
for number, record in enumerate(records):
    size, _, ahead = record.partition("+")
    times = {"timestamp": int((time.time() + int(ahead) * 3600) * 1000)} if ahead else {}
    producer.produce(topic, b"x" * int(size), **times,
                     on_delivery=lambda error, _, number=number: ends.update({number: error.name() if error else "ok"}))
producer.flush(30)
print(*(ends.get(number, "no report") for number in range(len(records))))
