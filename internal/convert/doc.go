// SPDX-License-Identifier: Apache-2.0

// Package convert turns API objects into the pure types of internal/lead and internal/sla and back. It fills in no
// default: what is absent in an object is absent in the pure type, so that a digest does not depend on a default. The settings
// of a CRM alone, which are in no digest, are filled in.
package convert

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// number widens an optional number; nil stays nil.
func number[T ~int32](v *T) *int {
	if v == nil {
		return nil
	}
	n := int(*v)
	return &n
}

// value is the number, or 0 when it is absent.
func value[T ~int32 | ~int64](v *T) T {
	if v == nil {
		return 0
	}
	return *v
}

func count(n int64) *int64 { return &n }

// instant is the time as the API keeps it: whole seconds in UTC.
func instant(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }

// moment is an optional instant; zero when it is absent.
func moment(t *metav1.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return instant(t.Time)
}
