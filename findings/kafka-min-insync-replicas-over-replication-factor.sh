#!/usr/bin/env bash
# Apache Kafka 4.3.1 (Maven Central), written to by confluent-kafka 2.12.1 (PyPI, with librdkafka 2.12.1). Needs java, mvn, python3.
#
# A good guess: a topic of one replica with min.insync.replicas=2 refuses every record that asks for acks=all, with
# NOT_ENOUGH_REPLICAS; so where such records are acknowledged, there are two copies.
# What happens: they are acknowledged. The broker tells the 2 to whoever asks, and goes by the replication factor where that is less.
#
# Seen:
#   as before: min.insync.replicas, replicas: 2 1
#   as before: a record with acks=all: ok
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
python_with confluent-kafka==2.12.1
start_kafka
topic strict min.insync.replicas=2

told=$(py/bin/python - "$brokers" <<'END'
import sys
from confluent_kafka.admin import AdminClient, ConfigResource

admin = AdminClient({"bootstrap.servers": sys.argv[1]})
topic = ConfigResource(ConfigResource.Type.TOPIC, "strict")
settings = admin.describe_configs([topic])[topic].result()
partition = admin.list_topics("strict", timeout=10).topics["strict"].partitions[0]
print(settings["min.insync.replicas"].value, len(partition.replicas))
END
)
expect "min.insync.replicas, replicas" "$told" "2 1"
expect "a record with acks=all" "$(py/bin/python "$support/send.py" "$brokers" strict 20)" "ok"
