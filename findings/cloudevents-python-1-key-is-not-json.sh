#!/usr/bin/env bash
# Python cloudevents 1.13.0 (PyPI). Needs python3.
#
# A good guess: an event that from_binary has read from a Kafka record can be written by to_structured, or by to_json.
# What happens: the record's key becomes the attribute `partitionkey` as bytes, as Kafka gives it, and no attribute of bytes can be
# written as JSON: every event of a record with a key raises an error. (2.2.0 makes it a str, and writes it.)
#
# Seen:
#   as before: partitionkey: bytes
#   as before: to_structured: DataMarshallerError
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
python_with cloudevents==1.13.0
cat >write.py <<'END'
from cloudevents.kafka import KafkaMessage, from_binary, to_structured
headers = {"content-type": b"application/json", "ce_specversion": b"1.0", "ce_id": b"1", "ce_source": b"/a", "ce_type": b"b"}
event = from_binary(KafkaMessage(headers, b"key", b'{"n": 1}'))
print(type(event.get_attributes()["partitionkey"]).__name__)
try:
    to_structured(event)
    print("written")
except Exception as error:
    print(type(error).__name__)
END
py/bin/python write.py >seen
expect "partitionkey" "$(sed -n 1p seen)" "bytes"
expect "to_structured" "$(sed -n 2p seen)" "DataMarshallerError"
