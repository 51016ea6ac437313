"""Makes a topic, waiting up to a minute for its broker: topics.py BROKERS TOPIC [setting=value...]"""
import sys
import time

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient, NewTopic

brokers, topic, *settings = sys.argv[1:]
admin = AdminClient({"bootstrap.servers": brokers, "log_level": 0})
wanted = NewTopic(topic, 1, 1, config=dict(setting.split("=", 1) for setting in settings))
end = time.monotonic() + 60
while True:
    try:
        admin.create_topics([wanted], request_timeout=5)[topic].result()
        break
    except KafkaException as error:
        if error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
            break  # by a try whose answer came too late
        if time.monotonic() > end:
            raise
        time.sleep(0.5)
