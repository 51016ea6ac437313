#!/usr/bin/env bash
# Kafka Connect 4.3.1: connect-api's SimpleHeaderConverter, the default of header.converter (Maven Central). Needs java with javac, mvn, python3.
#
# A good guess: a header that Connect only carries from one topic to another comes out with the bytes that went in.
# What happens: the converter guesses a type from the text. The mandatory `ce_specversion: 1.0` of CloudEvents is an 8-bit integer, and is
# written as `1`, which no CloudEvents reader takes; a time with milliseconds becomes a timestamp, one without stays text.
# With org.apache.kafka.connect.storage.StringConverter all stay as they are.
#
# Seen:
#   as before: 1.0: INT8 1
#   as before: 2026-11-30T08:23:19.120Z: INT64 2026-11-30T08:23:19.120Z
#   as before: 2026-11-30T08:23:19Z: STRING 2026-11-30T08:23:19Z
#   as before: with StringConverter: 1.0: STRING 1.0
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
jars org.apache.kafka:connect-api:4.3.1
cat >Headers.java <<'END'
import java.util.Map;
import org.apache.kafka.connect.storage.*;

class Headers {
    public static void main(String[] args) {
        HeaderConverter converter = args[0].equals("simple") ? new SimpleHeaderConverter() : new StringConverter();
        converter.configure(Map.of("converter.type", "header"));
        var in = converter.toConnectHeader("topic", "name", args[1].getBytes());
        System.out.println(in.schema().type() + " " + new String(converter.fromConnectHeader("topic", "name", in.schema(), in.value())));
    }
}
END
convert() { java -Dorg.slf4j.simpleLogger.defaultLogLevel=error -cp 'jars/*' Headers.java "$@"; }

expect "1.0" "$(convert simple 1.0)" "INT8 1"
expect "2026-11-30T08:23:19.120Z" "$(convert simple 2026-11-30T08:23:19.120Z)" "INT64 2026-11-30T08:23:19.120Z"
expect "2026-11-30T08:23:19Z" "$(convert simple 2026-11-30T08:23:19Z)" "STRING 2026-11-30T08:23:19Z"
expect "with StringConverter: 1.0" "$(convert string 1.0)" "STRING 1.0"
