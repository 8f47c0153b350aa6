// SPDX-License-Identifier: Apache-2.0

package setup

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
)

func TestWait(t *testing.T) {
	e := &Env{out: io.Discard, started: time.Now()}
	asked := 0
	err := e.Wait(t.Context(), time.Minute, func(context.Context) (string, error) {
		asked++
		if asked == 1 {
			return "", errors.New("the API server is away") // waited out
		}
		return "", nil
	})
	if err != nil || asked != 2 {
		t.Errorf("asked %d times, error %v; want an answer the second time", asked, err)
	}
	err = e.Wait(t.Context(), time.Millisecond, func(context.Context) (string, error) { return "the workers", nil })
	if err == nil || !strings.Contains(err.Error(), "still waiting: the workers") {
		t.Errorf("error %v; want one that says what was waited for", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	err = e.Wait(ctx, time.Minute, func(context.Context) (string, error) {
		cancel()
		return "the workers", nil
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v; want one that says that it was interrupted", err)
	}
}

func TestImageTagFollowsContent(t *testing.T) {
	hash := func(files map[string]string) string {
		dir := t.TempDir()
		for name, text := range files {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		sum, err := hashFolder(dir)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	one := hash(map[string]string{"manager": "a", "worker": "b"})
	if again := hash(map[string]string{"manager": "a", "worker": "b"}); again != one {
		t.Error("the same binaries gave another tag")
	}
	if other := hash(map[string]string{"manager": "a", "worker": "c"}); other == one {
		t.Error("other binaries gave the same tag")
	}
}

func TestCountsSumRevisions(t *testing.T) {
	n := func(v int64) *int64 { return &v }
	got := Counts([]slav1alpha1.MeasurementRow{
		{Clause: "firstContact", Tier: "High", Period: "2026-W46", Revision: "a", Met: n(1), Missed: n(2), Open: n(3), Excused: n(4)},
		{Clause: "firstContact", Tier: "High", Period: "2026-W46", Revision: "b", Met: n(10)},
		{Clause: "score", Period: "2026-W46", Revision: "b", Met: n(5)},
	})
	want := map[Key]Count{
		{"firstContact", "High", "2026-W46"}: {11, 2, 3, 4},
		{"score", "", "2026-W46"}:            {Met: 5},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestDatabaseManifestsHoldNoSecret(t *testing.T) {
	if strings.Contains(postgresManifests, "kind: Secret") || strings.Contains(postgresManifests, "PASSWORD") {
		t.Error("the manifests hold a password; it is made at run time")
	}
}
