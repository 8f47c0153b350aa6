// SPDX-License-Identifier: Apache-2.0

package lead

// CanonicalExpression is the syntax tree of a CEL expression in a serialised form of our own: white space, comments and
// parentheses do not matter, and no macro is expanded, so that an upgrade of the CEL library does not change it.
func CanonicalExpression(src string) (string, error) {
	panic("pending")
}
