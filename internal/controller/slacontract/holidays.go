// SPDX-License-Identifier: Apache-2.0

package slacontract

import (
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	slav1alpha1 "github.com/handoff-sla/handoff/api/v1alpha1"
	"github.com/handoff-sla/handoff/internal/controller/condition"
)

// holidaysEnd begins the warning that the holidays of the terms in force are nearly over. It is part of the message of Ratified: it is the
// signatures that it asks for.
const holidaysEnd = "the public holidays of "

// warnOfHolidays says it from the last year on whose holidays the terms in force have. After that year they would be working days. The same text
// signed again keeps its revision, and with it its dates.
func (s *scope) warnOfHolidays(status *slav1alpha1.SLAContractStatus) {
	ratified := meta.FindStatusCondition(status.Conditions, slav1alpha1.RatifiedCondition)
	if s.pair == nil || ratified == nil {
		return
	}
	calendar := s.pair.bundle.SLA.Calendar
	until, ok := calendar.HolidaysUntil()
	if !ok || s.now.UTC().Year() < until {
		return
	}
	condition.Set(&status.Conditions, s.contract.Generation, s.now, slav1alpha1.RatifiedCondition, ratified.Status, ratified.Reason,
		fmt.Sprintf("%s; %s%s are written out until the end of %d, and are working days after that: write another terms.effectiveFrom and sign again",
			ratified.Message, holidaysEnd, calendar.Holidays, until))
}

// holidayEvents are said once, when the warning appears.
func holidayEvents(before, after *slav1alpha1.SLAContractStatus) []condition.Event {
	was := meta.FindStatusCondition(before.Conditions, slav1alpha1.RatifiedCondition)
	is := meta.FindStatusCondition(after.Conditions, slav1alpha1.RatifiedCondition)
	if is == nil || !strings.Contains(is.Message, holidaysEnd) || (was != nil && strings.Contains(was.Message, holidaysEnd)) {
		return nil
	}
	return []condition.Event{{
		Type: corev1.EventTypeWarning, Reason: "HolidaysEnd", Action: "Judge", Note: condition.Cut(is.Message[strings.Index(is.Message, holidaysEnd):]),
	}}
}
