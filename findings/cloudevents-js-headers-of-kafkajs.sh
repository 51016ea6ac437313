#!/usr/bin/env bash
# cloudevents 10.0.0 and kafkajs 2.2.4 (npm) at Apache Kafka 4.3.1 (Maven Central). Needs java, mvn, python3, node, npm.
#
# A good guess: the SDK's Kafka binding reads a message of kafkajs, the commonest client of Node.
# What happens: kafkajs gives header values as Buffers, the SDK calls string methods on them: Kafka.toEvent throws for every event, also for
# those that Kafka.binary made and the same two packages sent. With the values made strings it reads them.
#
# Seen:
#   as before: as they come: contentType.startsWith is not a function
#   as before: with strings: order.placed {"n":1}
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
python_with confluent-kafka==2.12.1 # makes the topic
npm install --silent --no-fund --no-audit cloudevents@10.0.0 kafkajs@2.2.4 >npm.log 2>&1 || { cat npm.log; exit 2; }
start_kafka
topic orders
cat >read.js <<'END'
const { Kafka, logLevel } = require("kafkajs");
const { CloudEvent, Kafka: binding } = require("cloudevents");

async function main() {
  const kafka = new Kafka({ brokers: [process.argv[2]], logLevel: logLevel.NOTHING });
  const sent = binding.binary(new CloudEvent({ source: "/shop", type: "order.placed", datacontenttype: "application/json", data: { n: 1 } }));
  const producer = kafka.producer();
  await producer.connect();
  // Of attributes that the event does not have, the SDK makes headers without a value, which kafkajs does not send.
  const given = Object.fromEntries(Object.entries(sent.headers).filter(([, value]) => value !== undefined));
  await producer.send({ topic: "orders", messages: [{ headers: given, value: JSON.stringify(sent.value) }] });
  await producer.disconnect();
  const consumer = kafka.consumer({ groupId: "read" });
  await consumer.connect();
  await consumer.subscribe({ topics: ["orders"], fromBeginning: true });
  const message = await new Promise((resolve) => consumer.run({ eachMessage: async ({ message }) => resolve(message) }));
  try {
    binding.toEvent(message);
    console.log("read");
  } catch (error) {
    console.log(error.message);
  }
  const headers = Object.fromEntries(Object.entries(message.headers).map(([name, value]) => [name, value.toString()]));
  const event = binding.toEvent({ ...message, headers });
  console.log(event.type, JSON.stringify(event.data));
  process.exit(0);
}
main().catch((error) => { console.log(error); process.exit(2); });
END
timeout 60 node read.js "$brokers" >seen || { cat seen; exit 2; }
expect "as they come" "$(sed -n 1p seen)" "contentType.startsWith is not a function"
expect "with strings" "$(sed -n 2p seen)" 'order.placed {"n":1}'
