#!/usr/bin/env bash
# CloudEvents' sdk-go 2.16.2 with its protocol kafka_sarama 2.16.2 (Go module proxy). Needs go.
#
# A good guess: an event that is read from a Kafka record has the attributes that its headers say.
# What happens: the SDK adds three extensions of its own: kafkatopic, kafkapartition and kafkaoffset. An event that is passed on takes the place with
# it where it was first read, as headers that its producer never wrote. The key, which the CloudEvents binding maps to `partitionkey`, is
# not among them.
#
# Seen:
#   as before: extensions: kafkaoffset=7 kafkapartition=3 kafkatopic=orders
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
export GOPATH=$work/gopath GOFLAGS=-modcacherw
mkdir go && cat >go/main.go <<'END'
package main

import (
	"context"
	"fmt"
	"sort"

	"github.com/IBM/sarama"
	"github.com/cloudevents/sdk-go/protocol/kafka_sarama/v2"
	"github.com/cloudevents/sdk-go/v2/binding"
)

func main() {
	record := &sarama.ConsumerMessage{Topic: "orders", Partition: 3, Offset: 7, Key: []byte("key"), Value: []byte("{}")}
	for _, header := range [][2]string{{"content-type", "application/json"}, {"ce_specversion", "1.0"}, {"ce_id", "1"},
		{"ce_source", "/shop"}, {"ce_type", "order.placed"}} {
		record.Headers = append(record.Headers, &sarama.RecordHeader{Key: []byte(header[0]), Value: []byte(header[1])})
	}
	event, err := binding.ToEvent(context.Background(), kafka_sarama.NewMessageFromConsumerMessage(record))
	if err != nil {
		panic(err)
	}
	var seen []string
	for name, value := range event.Extensions() {
		seen = append(seen, fmt.Sprintf("%s=%v", name, value))
	}
	sort.Strings(seen)
	for _, one := range seen {
		fmt.Println(one)
	}
}
END
(
    cd go
    go mod init findings
    go get github.com/cloudevents/sdk-go/v2@v2.16.2 github.com/cloudevents/sdk-go/protocol/kafka_sarama/v2@v2.16.2
    go mod tidy
    go build -o read .
) >go.log 2>&1 || { cat go.log; exit 2; }
expect "extensions" "$(go/read | xargs)" "kafkaoffset=7 kafkapartition=3 kafkatopic=orders"
