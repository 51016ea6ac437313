#!/usr/bin/env bash
# Python cloudevents 2.2.0 and 1.13.0 (PyPI). Needs python3.
#
# A good guess: what a major version of the SDK reads of a Kafka record, the next one reads alike, or it raises an error.
# What happens where the JSON has a byte order mark in front, which RFC 8259 lets a reader ignore (and which Python's json.loads of bytes
# does): 1.13.0 gives a dict; 2.2.0 gives the whole text as a str, without an error, though datacontenttype is application/json.
# So code that looks into the data fails later, or takes a str for the data.
#
# Seen:
#   as before: 1.13.0: dict
#   as before: 2.2.0: str
#   as before: 2.2.0, without the mark: dict
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
cat >read.py <<'END'
import sys
headers = {"content-type": b"application/json", "ce_specversion": b"1.0", "ce_id": b"1", "ce_source": b"/a", "ce_type": b"b"}
value = (b"" if "plain" in sys.argv else b"\xef\xbb\xbf") + b'{"n": 1}'
if "2" in sys.argv:
    from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event
    print(type(from_kafka_event(KafkaMessage(headers, b"key", value)).get_data()).__name__)
else:
    from cloudevents.kafka import KafkaMessage, from_binary
    print(type(from_binary(KafkaMessage(headers, b"key", value)).data).__name__)
END
python_with cloudevents==1.13.0
expect "1.13.0" "$(py/bin/python read.py 1)" "dict"
python_with cloudevents==2.2.0
expect "2.2.0" "$(py/bin/python read.py 2)" "str"
expect "2.2.0, without the mark" "$(py/bin/python read.py 2 plain)" "dict"
