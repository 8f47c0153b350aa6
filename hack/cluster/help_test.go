// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"
)

func TestEveryVerbIsListedWithExamples(t *testing.T) {
	for name, v := range verbs() {
		if !slices.Contains(order, name) {
			t.Errorf("%s is not in the overview", name)
		}
		if !strings.HasPrefix(v.help, name+" ") || !strings.Contains(v.help, "\nExamples:\n  ") {
			t.Errorf("the help of %s lacks its name or examples", name)
		}
	}
	if len(order) != len(verbs()) {
		t.Errorf("the overview lists %v", order)
	}
}

func TestUnknownVerb(t *testing.T) {
	if err := dispatch(t.Context(), []string{"upp"}); err == nil || !strings.Contains(err.Error(), `"upp"`) {
		t.Errorf("got %v", err)
	}
}
