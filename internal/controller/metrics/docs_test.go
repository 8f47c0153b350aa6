// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
)

var (
	ofName   = regexp.MustCompile(`fqName: "([^"]*)"`)
	ofLabels = regexp.MustCompile(`variableLabels: \{([^}]*)\}`)
	code     = regexp.MustCompile("`([a-z_]+)`")
)

// The table of the manager's metrics in docs/metrics.md is what the collector describes: name, type and labels.
func TestMetricsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "## Manager")
	if !found {
		t.Fatal("docs/metrics.md has no section on the manager")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	var documented []string
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 6 || !strings.Contains(cells[1], "handoff_") {
			continue
		}
		var labels []string
		for _, match := range code.FindAllStringSubmatch(cells[3], -1) {
			labels = append(labels, match[1])
		}
		documented = append(documented, strings.Trim(strings.TrimSpace(cells[1]), "`")+" "+strings.TrimSpace(cells[2])+" "+strings.Join(labels, ","))
	}
	descriptions := make(chan *prometheus.Desc, 20)
	NewCollector(nil).Describe(descriptions)
	close(descriptions)
	var described []string
	for one := range descriptions {
		described = append(described, ofName.FindStringSubmatch(one.String())[1]+" gauge "+ofLabels.FindStringSubmatch(one.String())[1])
	}
	slices.Sort(documented)
	slices.Sort(described)
	if diff := cmp.Diff(described, documented); diff != "" {
		t.Errorf("- described, + documented:\n%s", diff)
	}
}
