#!/usr/bin/env bash
# Go github.com/prometheus/common 0.65.0, expfmt (Go module proxy): what `promtool check metrics` and many exporters parse with.
# Python prometheus_client 0.26.0 (PyPI). Needs go, python3.
#
# A good guess: OpenMetrics 1.0 text is the classic text 0.0.4 with a few lines more, which are comments to a parser that does not know them; so
# one that is served OpenMetrics without having asked reads it, or refuses it.
# What happens: Go's parser refuses all of it for the kind `info`. Python's classic parser takes all of it, and in silence makes of each
# counter and each info two families: an empty one of that kind, and an `unknown` with the value.
#
# Seen:
#   as before: Go: unknown metric type "info"
#   as before: Python: build info, build_info unknown, posts counter, posts_total unknown
#   as before: Python, as OpenMetrics: build info, posts counter
source "$(dirname "${BASH_SOURCE[0]}")/support/setup.sh"
cat >text <<'END'
# HELP build What runs.
# TYPE build info
build_info{version="1"} 1
# HELP posts Posts.
# TYPE posts counter
posts_total 7
# EOF
END
python_with prometheus_client==0.26.0
cat >parse.py <<'END'
import sys
from importlib import import_module
parse = import_module(sys.argv[1]).text_string_to_metric_families
print(", ".join(f"{family.name} {family.type}" for family in parse(open("text").read())))
END
mkdir go && cat >go/main.go <<'END'
package main

import (
	"fmt"
	"os"

	"github.com/prometheus/common/expfmt"
)

func main() {
	var parser expfmt.TextParser
	families, err := parser.TextToMetricFamilies(os.Stdin)
	fmt.Println(len(families), err)
}
END
export GOPATH=$work/gopath GOFLAGS=-modcacherw
(cd go && go mod init findings && go get github.com/prometheus/common/expfmt@v0.65.0 && go build -o parse .) >go.log 2>&1 || { cat go.log; exit 2; }

expect "Go" "$(go/parse <text | grep -o 'unknown metric type "info"')" 'unknown metric type "info"'
expect "Python" "$(py/bin/python parse.py prometheus_client.parser)" "build info, build_info unknown, posts counter, posts_total unknown"
expect "Python, as OpenMetrics" "$(py/bin/python parse.py prometheus_client.openmetrics.parser)" "build info, posts counter"
