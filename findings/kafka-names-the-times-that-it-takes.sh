#!/usr/bin/env bash
# Apache Kafka 4.3.1 (Maven Central), librdkafka 2.12.1 (in confluent-kafka 2.12.1, PyPI). Needs java, mvn, python3.
#
# A good guess: a broker that refuses the time of a record says no more than a code; which times it takes depends on its clock, and
# nothing in the protocol of Kafka tells that.
# What happens: the answer to the produce request has the words, with both ends of the span in Unix milliseconds. Java's producer passes
# them on; librdkafka's delivery reports, as Python gets them, have the text of the code alone.
#
# Seen:
#   as before: both ends are told by Java's producer, by Python's: 2, 0
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
python_with confluent-kafka==2.12.1
start_kafka
topic events message.timestamp.before.max.ms=60000 message.timestamp.after.max.ms=60000
cat >Refused.java <<'END'
import java.util.Map;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.StringSerializer;

class Refused {
    public static void main(String[] args) throws Exception {
        Map<String, Object> config = Map.of("bootstrap.servers", args[0]);
        try (var producer = new KafkaProducer<>(config, new StringSerializer(), new StringSerializer())) {
            producer.send(new ProducerRecord<>("events", 0, 1_000_000_000_000L, "key", "value")).get();
        } catch (java.util.concurrent.ExecutionException refused) {
            System.out.println(refused.getCause().getMessage());
        }
    }
}
END
cat >refused.py <<'END'
import sys

from confluent_kafka import Producer

producer = Producer({"bootstrap.servers": sys.argv[1], "log_level": 0})
producer.produce("events", b"value", timestamp=1_000_000_000_000, on_delivery=lambda error, _: print(error.str()))
producer.flush(30)
END
# The ends of the span are times of now, and so have the thirteen digits of the refused one, which is not counted.
ends() { grep -o '[0-9]\{13\}' "$1" | grep -cv '^1000000000000$' || true; }
java -cp "jars/*" Refused.java "$brokers" >java.txt 2>errors || { cat errors; exit 2; }
py/bin/python refused.py "$brokers" >python.txt 2>errors || { cat errors; exit 2; }
grep -qi timestamp java.txt && grep -qi timestamp python.txt || { cat java.txt python.txt; exit 2; }
expect "both ends are told by Java's producer, by Python's" "$(ends java.txt), $(ends python.txt)" "2, 0"
