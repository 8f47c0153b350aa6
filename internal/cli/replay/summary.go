// SPDX-License-Identifier: Apache-2.0

package replay

import "fmt"

// maxReasons is how many rejections are told one by one.
const maxReasons = 10

// Summary of what became of the events.
type Summary struct {
	Accepted   int
	Duplicates int // accepted before
	Rejected   int
	Conflicts  int // of the rejected: the same identity was accepted before with other content
	Retries    int // requests that were sent again
	Reasons    []Rejection
}

// Done is the number of events that have an answer.
func (s *Summary) Done() int { return s.Accepted + s.Duplicates + s.Rejected }

// Rejection is one event that was refused.
type Rejection struct {
	Where, ID, Status, Field, Message string
}

// String says where the event came from and why it was refused.
func (r Rejection) String() string {
	field := ""
	if r.Field != "" {
		field = r.Field + ": "
	}
	return fmt.Sprintf("%s: %s: %s%s", r.Where, r.Status, field, r.Message)
}

func (s *Summary) add(other Summary) {
	s.Accepted += other.Accepted
	s.Duplicates += other.Duplicates
	s.Rejected += other.Rejected
	s.Conflicts += other.Conflicts
	s.Retries += other.Retries
	for _, r := range other.Reasons {
		if len(s.Reasons) < maxReasons {
			s.Reasons = append(s.Reasons, r)
		}
	}
}

func (s *Summary) reject(r Rejection) {
	s.Rejected++
	if r.Status == statusConflict {
		s.Conflicts++
	}
	if len(s.Reasons) < maxReasons {
		s.Reasons = append(s.Reasons, r)
	}
}
