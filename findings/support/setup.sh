# Sourced by each script: a temp folder that is gone at the end, with everything that was started.
# Needs bash, coreutils, and what a script names: java and mvn, python3, node and npm, or go.
set -euo pipefail
support=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(mktemp -d)
pids=()
at_end() {
    for pid in "${pids[@]}"; do
        kill -KILL "$pid" 2>/dev/null || true
        while kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
    done
    rm -rf "$work"
}
trap at_end EXIT
cd "$work"

# expect WHAT SEEN WANTED: ends with 1 where the behaviour is another.
expect() {
    if [[ $2 != "$3" ]]; then
        printf 'CHANGED: %s\n  expected: %s\n  seen:     %s\n' "$1" "$3" "$2"
        exit 1
    fi
    printf 'as before: %s: %s\n' "$1" "$2"
}

# python_with PACKAGE==VERSION...: makes $work/py/bin/python.
python_with() {
    { python3 -m venv py && py/bin/pip -q --disable-pip-version-check install "$@"; } || exit 2
}

# jars GROUP:ARTIFACT:VERSION...: what they need, from Maven Central, in $work/jars.
jars() {
    {
        echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
        echo '<groupId>findings</groupId><artifactId>findings</artifactId><version>0</version><dependencies>'
        local group artifact version
        for dependency in "$@" org.slf4j:slf4j-simple:1.7.36; do
            IFS=: read -r group artifact version <<<"$dependency"
            echo "<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version></dependency>"
        done
        echo '</dependencies></project>'
    } >pom.xml
    mvn -q -B org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy-dependencies -DoutputDirectory="$work/jars" >mvn.log 2>&1 ||
        { cat mvn.log; exit 2; }
}

# A port that is free now, of those that the kernel gives to nobody by itself: it stays so when its broker is killed.
free_port() {
    python3 - <<'END'
import random
import socket

while True:
    port = random.randrange(20000, 30000)
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) != 0:
            print(port)
            break
END
}

# Apache Kafka 4.3.1, one KRaft node on loopback: sets $brokers and $kafka, its process.
start_kafka() {
    jars org.apache.kafka:kafka_2.13:4.3.1
    local clients controller
    clients=$(free_port)
    controller=$(free_port)
    brokers=127.0.0.1:$clients
    cat >server.properties <<END
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://$brokers,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://$brokers
log.dirs=$work/data
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
END
    java -cp "jars/*" kafka.tools.StorageTool format --cluster-id aG9va2JyaWRnZS10ZXN0cw --config server.properties >format.log 2>&1
    java -Xmx512m -Dorg.slf4j.simpleLogger.defaultLogLevel=warn -cp "jars/*" kafka.Kafka server.properties >kafka.log 2>&1 &
    kafka=$!
    disown "$kafka" # a script may kill it, which is no news
    pids+=("$kafka")
}

# topic NAME [setting=value...]: makes a topic of one partition, once the broker answers. Needs confluent-kafka in Python.
topic() { py/bin/python "$support/topics.py" "$brokers" "$@" || exit 2; }
