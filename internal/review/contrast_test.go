// SPDX-License-Identifier: Apache-2.0

package review

import (
	"math"
	"regexp"
	"strconv"
	"testing"
)

// Text stands out from its ground by at least 4.5 to 1, and what charts are drawn with by 3 to 1, as WCAG 2.2 asks (1.4.3 and 1.4.11): by day, by
// night and on paper.
func TestContrast(t *testing.T) {
	style, err := pageFiles.ReadFile("page/style.css")
	if err != nil {
		t.Fatal(err)
	}
	schemes := regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(string(style), -1)
	if len(schemes) != 3 {
		t.Fatalf("%d schemes", len(schemes))
	}
	for i, scheme := range schemes {
		colours := map[string]float64{}
		for _, m := range regexp.MustCompile(`--(\w+): #(\w{6});`).FindAllStringSubmatch(scheme[1], -1) {
			colours[m[1]] = luminance(t, m[2])
		}
		for _, name := range []string{"ink", "quiet", "link", "green", "yellow", "red", "grey"} {
			for _, ground := range []string{"paper", "soft"} {
				if c := contrast(colours[name], colours[ground]); c < 4.5 {
					t.Errorf("scheme %d: %s on %s has %.1f", i, name, ground, c)
				}
			}
		}
		if c := contrast(colours["bar"], colours["paper"]); c < 3 {
			t.Errorf("scheme %d: bars have %.1f", i, c)
		}
		if c := contrast(colours["bar"], colours["rest"]); c < 2 {
			t.Errorf("scheme %d: the parts of a bar have %.1f", i, c)
		}
	}
}

func contrast(a, b float64) float64 { return (max(a, b) + 0.05) / (min(a, b) + 0.05) }

// luminance of a colour of six hexadecimal digits, as WCAG defines it.
func luminance(t *testing.T, colour string) float64 {
	t.Helper()
	sum := 0.0
	for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
		n, err := strconv.ParseUint(colour[2*i:2*i+2], 16, 8)
		if err != nil {
			t.Fatal(err)
		}
		part := float64(n) / 255
		if part <= 0.04045 {
			sum += weight * part / 12.92
		} else {
			sum += weight * math.Pow((part+0.055)/1.055, 2.4)
		}
	}
	return sum
}
