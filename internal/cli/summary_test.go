// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestSummary(t *testing.T) {
	t.Chdir(checkout(t))
	out, err := runCLI(t, "summary", "config/samples/slacontract.yaml", "main:config/samples/leaddefinition.yaml", "-o", "json")
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Items []struct {
			Name, Qualified  string
			Marketing, Sales []string
		}
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatal(err)
	}
	if len(got.Items) != 1 || len(got.Items[0].Marketing) != 2 || len(got.Items[0].Sales) != 2 || !strings.Contains(got.Items[0].Qualified, "hand raise") {
		t.Errorf("%+v", got)
	}
	if !strings.Contains(got.Items[0].Marketing[0], "133 qualified leads a month") {
		t.Error(got.Items[0].Marketing[0])
	}
	if out, err := runCLI(t, "summary", "config/samples/namespace.yaml"); err == nil {
		t.Errorf("no error without a contract: %s", out)
	}
}
