// SPDX-License-Identifier: Apache-2.0

package salesforce

import "strings"

const (
	digits    = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" // as they sort
	checksums = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
)

// newID is the n-th id of a kind of record: the kind's three characters, the instance's, and a number that grows.
func newID(prefix string, n int) string {
	number := []byte("000000000")
	for i := len(number) - 1; n > 0; i-- {
		number[i] = digits[n%len(digits)]
		n /= len(digits)
	}
	return long(prefix + "Hd0" + string(number))
}

// long adds the three characters that tell upper from lower case where case is lost.
func long(id15 string) string {
	out := id15
	for block := range 3 {
		sum := 0
		for i := range 5 {
			if c := id15[block*5+i]; c >= 'A' && c <= 'Z' {
				sum |= 1 << i
			}
		}
		out += checksums[sum : sum+1]
	}
	return out
}

// canonical is the id with 18 characters, of one with 15 or 18.
func canonical(id string) (string, bool) {
	if len(id) != 15 && len(id) != 18 || strings.Trim(id, digits) != "" {
		return "", false
	}
	full := long(id[:15])
	return full, len(id) == 15 || full == id
}
