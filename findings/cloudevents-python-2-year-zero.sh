#!/usr/bin/env bash
# Python cloudevents 2.2.0 (PyPI). Needs python3.
#
# A good guess: an SDK reads an event whose `time` it has no type for, and leaves the attribute as text; 1.13.0 does.
# What happens: RFC 3339 has years from 0000 on, Python's datetime from 1. 2.2.0 raises an error for the whole event.
#
# Seen:
#   as before: year 0: ValueError
#   as before: year 1: 0001-01-01T00:00:00+00:00
#   as before: 1.13.0, year 0: 0000-01-01T00:00:00Z
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
cat >read.py <<'END'
import sys
headers = {"content-type": b"application/json", "ce_specversion": b"1.0", "ce_id": b"1", "ce_source": b"/a", "ce_type": b"b",
           "ce_time": sys.argv[2].encode()}
try:
    if sys.argv[1] == "2":
        from cloudevents.core.bindings.kafka import KafkaMessage, from_kafka_event
        print(from_kafka_event(KafkaMessage(headers, b"key", b"{}")).get_time().isoformat())
    else:
        from cloudevents.kafka import KafkaMessage, from_binary
        print(from_binary(KafkaMessage(headers, b"key", b"{}"))["time"])
except Exception as error:
    print(type(error).__name__)
END
python_with cloudevents==2.2.0
expect "year 0" "$(py/bin/python read.py 2 0000-01-01T00:00:00Z)" "ValueError"
expect "year 1" "$(py/bin/python read.py 2 0001-01-01T00:00:00Z)" "0001-01-01T00:00:00+00:00"
python_with cloudevents==1.13.0
expect "1.13.0, year 0" "$(py/bin/python read.py 1 0000-01-01T00:00:00Z)" "0000-01-01T00:00:00Z"
