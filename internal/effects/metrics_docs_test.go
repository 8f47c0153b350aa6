// SPDX-License-Identifier: Apache-2.0

package effects_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"

	"github.com/handoff-sla/handoff/internal/effects"
	"github.com/handoff-sla/handoff/internal/pipeline"
)

// described is what a registry was given.
type described struct{ all []string }

func (d *described) Register(c prometheus.Collector) error { d.MustRegister(c); return nil }

func (d *described) Unregister(prometheus.Collector) bool { return false }

var (
	ofName   = regexp.MustCompile(`fqName: "([^"]*)"`)
	ofLabels = regexp.MustCompile(`variableLabels: \{([^}]*)\}`)
)

func (d *described) MustRegister(collectors ...prometheus.Collector) {
	for _, c := range collectors {
		descriptions := make(chan *prometheus.Desc, 10)
		c.Describe(descriptions)
		close(descriptions)
		for one := range descriptions {
			text := one.String()
			d.all = append(d.all, strings.TrimSpace(ofName.FindStringSubmatch(text)[1]+" "+kindOf(c)+" "+ofLabels.FindStringSubmatch(text)[1]))
		}
	}
}

func kindOf(c prometheus.Collector) string {
	switch c := c.(type) {
	case *prometheus.CounterVec:
		return "counter"
	case *prometheus.GaugeVec:
		return "gauge"
	case *prometheus.HistogramVec:
		return "histogram"
	case prometheus.Metric:
		var m dto.Metric
		if err := c.Write(&m); err != nil {
			return err.Error()
		}
		switch {
		case m.Counter != nil:
			return "counter"
		case m.Gauge != nil:
			return "gauge"
		case m.Histogram != nil:
			return "histogram"
		}
	}
	return "unknown"
}

// The table of the workers' metrics is what the workers register: name, type and labels.
func TestMetricsAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/metrics.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "## Workers")
	if !found {
		t.Fatal("docs/metrics.md has no section on the workers")
	}
	section, _, _ = strings.Cut(section, "\n## ")
	label := regexp.MustCompile("`([a-z_]+)`")
	var documented []string
	for line := range strings.Lines(section) {
		cells := strings.Split(line, "|")
		if len(cells) < 6 || !strings.Contains(cells[1], "handoff_") {
			continue
		}
		var labels []string
		for _, match := range label.FindAllStringSubmatch(cells[3], -1) {
			labels = append(labels, match[1])
		}
		name := strings.Trim(strings.TrimSpace(cells[1]), "`")
		documented = append(documented, strings.TrimSpace(name+" "+strings.TrimSpace(cells[2])+" "+strings.Join(labels, ",")))
	}
	var registered described
	pipeline.NewMetrics(&registered)
	effects.NewMetrics(&registered)
	slices.Sort(documented)
	slices.Sort(registered.all)
	if diff := cmp.Diff(registered.all, documented); diff != "" {
		t.Errorf("- registered, + documented:\n%s", diff)
	}
}
