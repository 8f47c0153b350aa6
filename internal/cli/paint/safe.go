// SPDX-License-Identifier: Apache-2.0

package paint

import (
	"io"
	"regexp"
)

// control characters but for line breaks and tabs; and, to be kept, what switches colours.
var control = regexp.MustCompile("\x1b\\[\\d*m|[\x00-\x08\x0b-\x1f\x7f\u0080-\u009f]")

type safe struct{ to io.Writer }

// Safe keeps what somebody wrote into an object from steering the reader's terminal: of control characters only colours get through.
func Safe(to io.Writer) io.Writer { return safe{to} }

func (s safe) Write(text []byte) (int, error) {
	_, err := s.to.Write(control.ReplaceAllFunc(text, func(found []byte) []byte {
		if len(found) > 2 {
			return found
		}
		return nil
	}))
	return len(text), err
}
