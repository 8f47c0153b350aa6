// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/handoff-sla/handoff/internal/cli/manifest"
	"github.com/handoff-sla/handoff/internal/convert"
	"github.com/handoff-sla/handoff/internal/holidays"
	"github.com/handoff-sla/handoff/internal/lead"
	"github.com/handoff-sla/handoff/internal/sla"
)

// The samples are signed: an edit without new signatures would not take effect, and the first contract that people apply would wait
// for ever.
func TestSamplesAreSigned(t *testing.T) {
	docs := samples(t)
	if len(docs) != 2 {
		t.Fatalf("%d signable samples, want a definition and a contract", len(docs))
	}
	for _, d := range docs {
		digest, err := d.Digest()
		if err != nil {
			t.Fatalf("%s: %v", d, err)
		}
		if r := sla.Ratify(convert.SignOffs(d.SignOffs()), sla.Subject{Namespace: d.Namespace, Name: d.Name, Digest: digest}, nil); !r.Ratified {
			t.Errorf("%s: not signed by %v (%v): kubectl sla sign --party ... %s", d, r.Missing, r.Notes, d.File)
		}
		if err := d.Check(); err != nil {
			t.Errorf("%s: %v", d, err)
		}
	}
}

func TestSamplesFitEachOther(t *testing.T) {
	var definition lead.Definition
	var terms *sla.Compiled
	for _, d := range samples(t) {
		var err error
		if d.Definition != nil {
			definition, err = convert.Definition(d.Definition.Spec)
		} else {
			var written sla.Terms
			if written, err = convert.Terms(d.Contract.Spec); err == nil {
				if written, err = holidays.Expand(written, fixedNow()); err == nil {
					terms, err = sla.Compile(written)
				}
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string(nil), terms.Fits(definition)); diff != "" {
		t.Error(diff)
	}
	if got := terms.VolumeTarget(); got != 133 {
		t.Errorf("volume target %d, want 133", got)
	}
}

func samples(t *testing.T) []manifest.Document {
	t.Helper()
	files, err := filepath.Glob("../../config/samples/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var out []manifest.Document
	for _, file := range files {
		docs, err := manifest.Read(file, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range docs {
			if d.Signable() {
				out = append(out, d)
			}
		}
	}
	return out
}
