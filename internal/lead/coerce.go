// SPDX-License-Identifier: Apache-2.0

package lead

// Coerce turns a JSON value or the text of a CSV cell into the field's type: string, []string, int64, float64, bool or
// time.Time (UTC). nil and "" are absent: nil without an error. The error names the field and the type expected, and says
// what was given by its type, never by its value, which may be personal data.
func Coerce(field Field, value any) (any, error) {
	panic("pending")
}
